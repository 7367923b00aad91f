/** Runs a config as a user does, and reads what its networks came to. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openArtifact } from "../pipelines/tensor/read.ts";
import { Store } from "../pipelines/store/local.ts";
import type { RunRecord } from "../pipelines/store/store.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** What a cell of `evaluate` and its training came to. */
export interface Figures {
  readonly loss: number;
  readonly accuracy: number;
  /** The last epoch's; null without validation data. */
  readonly validationAccuracy: number | null;
  /** Of the stage run that trained it. */
  readonly minutes: number;
}

export interface Measured {
  /** Cell (`sparse`, `sparse,seed=2`) to figures. */
  readonly figures: ReadonlyMap<string, Figures>;
  /** `node.output` to digest. */
  readonly digests: Readonly<Record<string, string>>;
}

/** Runs `config` with the store in `folder`, `more` being words of the command; throws if the run fails. */
export async function measure(
  config: string,
  folder: string,
  more: readonly string[] = [],
): Promise<Measured> {
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--allow-read",
      "--allow-write",
      "--allow-run",
      "--allow-env",
      "--allow-sys",
      join(ROOT, "pipelines", "main.ts"),
      "run",
      config,
      "--store",
      folder,
      ...more,
    ],
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  if (code !== 0) throw new Error(`The run of "${config}" ended with code ${code}`);
  const store = new Store(folder.replaceAll("\\", "/"));
  const [run] = store.readRuns();
  if (run === undefined) throw new Error(`The run of "${config}" is not recorded`);
  const figures = new Map<string, Figures>();
  for (const { node } of run.nodes) {
    const [stage, cell = ""] = node.split("@");
    if (stage === "evaluate") figures.set(cell, await figuresOf(store, run, cell));
  }
  const digests = Object.fromEntries(
    run.nodes.flatMap(({ node, outputs }) =>
      Object.entries(outputs ?? {}).map(([name, digest]) => [`${node}.${name}`, digest])
    ),
  );
  return { figures, digests };
}

async function figuresOf(store: Store, run: RunRecord, cell: string): Promise<Figures> {
  const find = (stage: string) =>
    run.nodes.find(({ node }) => node === (cell === "" ? stage : `${stage}@${cell}`));
  const read = async (stage: string, output: string, tensor: string) => {
    const digest = find(stage)?.outputs?.[output];
    if (digest === undefined) throw new Error(`"${stage}@${cell}" has no "${output}"`);
    const reader = await openArtifact(store.objectFolder(digest), digest);
    return reader.has(tensor)
      ? (await reader.tensor(tensor, "float64").read()).at(-1) ?? null
      : null;
  };
  const key = find("train")?.key;
  const made = key == null ? null : store.readRecord(key)?.made;
  return {
    loss: await read("evaluate", "metrics", "loss") ?? NaN,
    accuracy: await read("evaluate", "metrics", "accuracy") ?? NaN,
    validationAccuracy: await read("train", "history", "val_accuracy"),
    minutes: (made?.milliseconds ?? NaN) / 60_000,
  };
}
