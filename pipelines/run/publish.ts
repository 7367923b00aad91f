/** Puts finished pages where people look, with where they come from written into them. */
import type { Json } from "../json.ts";
import { describeReason } from "../plan/compare.ts";
import { CLIENT } from "../plan/assets.ts";
import type { MissReason, Node, NodeId, Plan } from "../plan/plan.ts";
import { readArtifactFile } from "../tensor/read.ts";
import { publishFile, readIfThere } from "../store/files.ts";
import type { Store } from "../store/local.ts";
import { fileName } from "../store/names.ts";
import { type Profile, readProfile } from "../store/profiles.ts";
import type { RunRecord } from "../store/store.ts";
import { describeDivergence } from "./diverged.ts";
import { packages } from "./packages.ts";

/** What a page leaves free for the facts of a run. */
const SLOT = '<script type="application/json" id="crisol-lineage">null</script>';

/** A run record with what a reader of the page wants beside it. */
interface Lineage extends Omit<RunRecord, "nodes"> {
  readonly nodes: readonly (Omit<RunRecord["nodes"][number], "reason" | "diverged"> & {
    readonly why?: string;
    readonly diverged?: string;
    readonly settings?: number;
    readonly feeds?: Readonly<Record<string, readonly string[]>>;
  })[];
  /** Params that nodes ran with, each once: many have the same. */
  readonly settings: readonly Json[];
  readonly seed: number;
  /** Of the nodes of the run that have one. */
  readonly profiles: readonly Profile[];
  /** Package to version; not hashed as such. */
  readonly packages: Readonly<Record<string, string>>;
}

export interface Page {
  readonly path: string;
  /** Nodes that it was drawn without. */
  readonly missing: readonly NodeId[];
}

/**
 * Writes `<folder>/<page>.html` for each page of the run, the first under that name. One that lacks what failed
 * has a name of its own, so that the last whole page stays.
 */
export async function publishPages(
  plan: Plan,
  store: Store,
  run: RunRecord,
  packages: Readonly<Record<string, string>>,
  folder: string,
): Promise<Page[]> {
  const pages: Page[] = [];
  const results = new Map(run.nodes.map((one) => [one.node, one]));
  for (const node of plan.nodes) {
    const { outputs, missing = [] } = results.get(node.id) ?? {};
    for (const output of pagesOf(node)) {
      const digest = outputs?.[output];
      if (digest === undefined) continue;
      const { bytes } = await readArtifactFile(store.objectFolder(digest), digest);
      const name = pages.length === 0
        ? plan.config.page
        : `${plan.config.page}-${await fileName(node.id)}`;
      const path = `${folder}/${name}${missing.length === 0 ? "" : ".partial"}.html`;
      const lineage: Lineage = {
        ...run,
        ...nodesOf(run, plan, store),
        seed: plan.config.seed,
        profiles: await profilesOf(run, plan, store),
        packages,
      };
      publishFile(path, withPolicy(fillSlot(new TextDecoder().decode(bytes), lineage), node));
      pages.push({ path, missing });
    }
  }
  return pages;
}

/** Publishes a page that is there once more, with the profiles of now; null where there is none. */
export async function publishAgain(
  plan: Plan,
  store: Store,
  folder: string,
  overrides: readonly string[],
): Promise<string | null> {
  const path = `${folder}/${plan.config.page}.html`;
  const pages = plan.nodes.filter((node) => pagesOf(node).length > 0);
  const run = store.readRuns().find(({ config, nodes, overrides: own }) =>
    config === plan.config.path && JSON.stringify(own) === JSON.stringify(overrides) &&
    nodes.some(({ node, outputs, missing }) =>
      outputs && missing === undefined && pages.some(({ id }) => id === node)
    )
  );
  if (run === undefined || readIfThere(path) === null) return null;
  const [published = null] = await publishPages(plan, store, run, packages(plan, store), folder);
  return published?.path ?? null;
}

async function profilesOf(run: RunRecord, plan: Plan, store: Store): Promise<Profile[]> {
  const found: Profile[] = [];
  for (const { node } of run.nodes) {
    const profile = await readProfile(store, plan.config.page, node);
    if (profile !== null) found.push(profile);
  }
  return found;
}

function pagesOf(node: Node): string[] {
  return Object.entries(node.description.outputs)
    .flatMap(([name, type]) => type.kind === "file" && type.name.endsWith(".html") ? [name] : []);
}

/** A hit took no time now: what is shown is what its stage run took. Reasons are told in words. */
function nodesOf(run: RunRecord, plan: Plan, store: Store): Pick<Lineage, "nodes" | "settings"> {
  const planned = new Map(plan.nodes.map((node) => [node.id, node]));
  const settings = new Map<string, number>();
  const nodes = run.nodes.map(({ reason, diverged, ...node }) => {
    const made = node.outcome === "hit" && node.key !== null
      ? store.readRecord(node.key)?.made
      : null;
    const asked = planned.get(node.node);
    const params = JSON.stringify(asked?.params ?? null);
    if (!settings.has(params)) settings.set(params, settings.size);
    return {
      ...node,
      milliseconds: made?.milliseconds ?? node.milliseconds,
      ...diverged === undefined ? {} : { diverged: describeDivergence(diverged) },
      // It was written from a miss reason.
      ...reason === undefined ? {} : { why: describeReason(reason as unknown as MissReason) },
      // The page that gathers all of them needs not say so.
      ...asked === undefined || pagesOf(asked).length > 0 ? {} : {
        settings: settings.get(params) ?? 0,
        feeds: Object.fromEntries(
          Object.entries(asked.feeds).map((
            [input, all],
          ) => [input, all.map(({ node, output }) => `${node}.${output}`)]),
        ),
      },
    };
  });
  return { nodes, settings: [...settings.keys()].map((text): Json => JSON.parse(text)) };
}

/**
 * Whatever a stage wrote, or somebody put into the store in its place: the published page loads nothing and runs no
 * script but the one that the engine itself built for it. A page may say less of itself, and never more.
 */
function withPolicy(page: string, { kernels }: Node): string {
  const client = kernels[CLIENT]?.digest;
  const script = client === undefined
    ? "'none'"
    : `'sha256-${Uint8Array.fromHex(client).toBase64()}'`;
  const policy = "default-src 'none'; img-src data:; font-src data:; style-src 'unsafe-inline'; " +
    `script-src ${script}; base-uri 'none'; form-action 'none'`;
  // First of all: a policy holds for what comes after it. The rest of the page goes on in the head that it begins.
  return `<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}">\n${
    page.replace(/^\ufeff?\s*<!doctype[^>]*>\s*/i, "")
  }`;
}

function fillSlot(page: string, lineage: Lineage): string {
  // `<` would end the script's element early.
  const text = JSON.stringify(lineage).replaceAll("<", "\\u003c");
  // A function, since a text would have its `$&` read as patterns.
  return page.replace(SLOT, () => SLOT.replace("null", () => text));
}
