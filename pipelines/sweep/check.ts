/** What a sweep asks of its base config's stages: a figure for each trial, and which way it is better. */
import { ConfigError, type Diagnostic } from "../config/config.ts";
import { suggest } from "../config/nearest.ts";
import type { Description, Plan } from "../plan/plan.ts";
import type { ReadSweep } from "./read.ts";
import type { Goal } from "./sweep.ts";

/** As it was read: its goal may not be said. */
export type AskedSweep = ReadSweep<Goal | null>;

export function diagnosticAt(
  { source }: Pick<AskedSweep, "source">,
  path: readonly (string | number)[],
  message: string,
  help?: string,
): Diagnostic {
  const location = source.locate(path);
  return { severity: "error", message, ...help === undefined ? {} : { help }, location };
}

export function failAt(...told: Parameters<typeof diagnosticAt>): never {
  throw new ConfigError([diagnosticAt(...told)]);
}

/** `seeded`: the stage whose seeds make the replicates. @throws {ConfigError} at the first that does not fit */
export function checkStages(read: AskedSweep, { nodes }: Plan, seeded: string | null): void {
  const { sweep } = read;
  const { stage, tensor } = sweep.metric;
  const own = nodes.filter((node) => node.stage === stage);
  const [node] = own;
  if (node === undefined) throw new Error(`"${stage}" was planned, and has no node`);
  const outputs = Object.values(node.description.outputs);
  const has = outputs.some((type) =>
    type.kind === "tensors" && (Object.hasOwn(type.tensors, tensor) || type.open === true)
  );
  if (!has) {
    const names = outputs.flatMap((type) =>
      type.kind === "tensors" ? Object.keys(type.tensors) : []
    );
    failAt(read, ["metric"], `"${stage}" gives no figure "${tensor}"`, suggest(tensor, names));
  }
  const axes = Object.keys(node.cell).filter((axis) => axis !== "trial" && axis !== "seed");
  if (axes.length > 0) {
    failAt(
      read,
      ["metric"],
      `"${stage}" has ${own.length} cells for each trial, along ${axes.join(" and ")}`,
      "A sweep judges a trial by one figure: sweep one of the cells, or take the variants away",
    );
  }
  if (node.cell["trial"] === undefined) {
    failAt(
      read,
      ["metric"],
      `Nothing that "${stage}" is made of is swept: all trials are the same`,
    );
  }
  for (const { path } of sweep.space) {
    const name = path.split(".")[0] ?? "";
    if (nodes.some((one) => one.stage === name)) continue;
    failAt(
      read,
      ["space", read.keys.get(path) ?? path],
      `"${stage}" is not made of what "${name}" gives: "${path}" would change nothing`,
      "Sweep params of the stages that feed the metric, or judge by another figure",
    );
  }
  if (sweep.replicates > 1 && seeded === null) {
    failAt(read, ["replicates"], "Nothing that is swept is random: replicates would be the same");
  }
  if (sweep.rungs === null) return;
  const { stage: name, param } = sweep.rungs;
  const horizon = nodes.find((one) => one.stage === name)?.horizon ?? null;
  if (horizon !== param) {
    failAt(
      read,
      ["strategy"],
      `"${name}" does not go on by "${param}": each rung would train from the start`,
      horizon === null ? undefined : `it goes on by "${horizon}": "of: ${name}.${horizon}"`,
    );
  }
}

/** What the file says, else what the metric's stage does. @throws {ConfigError} where neither does */
export function goalOf(read: AskedSweep, { nodes }: Plan): Goal {
  const { goal, metric: { stage, tensor } } = read.sweep;
  const declared = goalIn(nodes.find((node) => node.stage === stage)?.description, tensor);
  return goal ?? declared ?? failAt(
    read,
    ["metric"],
    `"${stage}" does not say whether more or less of "${tensor}" is better`,
    'Say it: "goal: maximize" or "goal: minimize"',
  );
}

function goalIn(description: Description | undefined, tensor: string): Goal | undefined {
  for (const type of Object.values(description?.outputs ?? {})) {
    const goals = type.kind === "tensors" ? type.goals ?? {} : {};
    if (Object.hasOwn(goals, tensor)) return goals[tensor];
  }
  return undefined;
}
