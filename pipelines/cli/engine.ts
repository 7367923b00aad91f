/** What the commands want of the engine, each part loaded when it is asked for. */
import { forward } from "../config/paths.ts";
import type { JsonObject } from "../json.ts";
import { describeReason } from "../plan/compare.ts";
import { doneOf, statuses } from "../plan/fingerprint.ts";
import { beforePlan, readPlan, writePlan } from "../plan/cache.ts";
import type { Estimate } from "../plan/estimate.ts";
import type { Project } from "../plan/bundle.ts";
import { partOf } from "../plan/part.ts";
import type { Key, MissReason, Node, NodeId, NodeStatus, Plan } from "../plan/plan.ts";
import type { Failure, Listener } from "../run/event.ts";
import type { Ended } from "../run/record.ts";
import type { Store } from "../store/local.ts";
import type { OpenedSweep as SweepParts } from "../sweep/open.ts";
import type { SweepData } from "../report/sweep_data.ts";
import type { SweepEnded } from "../sweep/run.ts";
import { MOST_TRIALS } from "../sweep/sweep.ts";
import type { Profile } from "../store/profiles.ts";
import type { RunRecord, StageRecord } from "../store/store.ts";
import { findNodes } from "./address.ts";
import { argument, type Call, UsageError, value, values } from "./command.ts";
import { projectRoot, shortPath, userPath, variable } from "./place.ts";
import { holdStoreOf, openStoreOf } from "./store.ts";

export type { Store } from "../store/local.ts";
export { openArtifact } from "../tensor/read.ts";
export { publishFile } from "../store/files.ts";
export { fileName } from "../store/names.ts";

export interface RunAsked {
  /** What becomes of the lock beside the config. */
  readonly lock: "keep" | "update" | "leave";
  readonly jobs: number;
  readonly force: readonly string[];
  readonly keepGoing: boolean;
  readonly signal: AbortSignal;
}

export interface Profiled {
  readonly profile: Profile;
  /** Where it was written. */
  readonly path: string;
  /** The page that shows it; null where no page was published yet. */
  readonly page: string | null;
}

/** A config's plan, as far as the nodes that were asked for need it, with its store. */
export interface Opened {
  readonly plan: Plan;
  readonly store: Store;
  readonly describe: (reason: MissReason) => string;
  statuses(force: readonly string[]): Promise<ReadonlyMap<NodeId, NodeStatus>>;
  record(key: Key): StageRecord | null;
  /** What a run of these statuses will take on so many threads. */
  estimate(statuses: ReadonlyMap<NodeId, NodeStatus>, jobs: number): Promise<Estimate>;
  /** Times steps of a node whose feeds are all there; keeps the profile, and puts it into the page. */
  profile(node: Node, steps: number): Promise<Profiled | Failure>;
  run(asked: RunAsked, listen: Listener): Promise<Ended>;
}

/** `call`: CONFIG, then the nodes, if only some are wanted. `makes`: a store, where there is none. */
export async function openPlan(call: Call, makes = false): Promise<Opened> {
  const root = projectRoot();
  const store = await holdStoreOf(call, makes);
  const place = { path: userPath(argument(call, 0)), overrides: values(call, "set"), root };
  const whole = await readPlan(place, store) ?? await makeAndKeep(place, store);
  const words = call.arguments.slice(1);
  const plan = words.length === 0 ? whole : partOf(whole, select(whole, words));
  const reports = reportsOf(call);
  return {
    plan,
    store,
    describe: describeReason,
    statuses: (force) => statuses(plan, store, new Set(select(plan, force))),
    record: (key) => store.readRecord(key),
    estimate: async (statuses, jobs) =>
      await (await import("../plan/estimate.ts")).estimate(plan, statuses, store, jobs),
    async profile(node, steps) {
      const [{ profileNode }, { writeProfile }, { publishAgain }] = await Promise.all([
        import("../run/profile.ts"),
        import("../store/profiles.ts"),
        import("../run/publish.ts"),
      ]);
      const done = doneOf(await statuses(plan, store, new Set()), store);
      const held = await store.hold(false);
      const profile = await profileNode(node, store, done, steps).finally(() => held?.close());
      if ("type" in profile) return profile;
      await writeProfile(store, plan.config.page, profile);
      return {
        profile,
        path: await store.profilePath(plan.config.page, node.id),
        page: await publishAgain(plan, store, reports, place.overrides),
      };
    },
    async run(asked, listen) {
      const { runAndRecord } = await import("../run/record.ts");
      return await runAndRecord(plan, store, {
        ...asked,
        partial: asked.keepGoing,
        forced: new Set(select(plan, asked.force)),
        datasets: datasetFolders(root),
        rebuild: async () => void await makeAndKeep(place, store),
        command: ["deno", "task", ...call.words],
        overrides: values(call, "set"),
        root,
        reports,
      }, listen);
    },
  };
}

async function makeAndKeep(
  asked: { path: string; overrides: readonly string[]; root: string },
  store: Store,
): Promise<Plan> {
  const { path, overrides, root } = asked;
  const [{ readConfig }, { Planner }] = await Promise.all([
    import("../config/read.ts"),
    import("../plan/make.ts"),
  ]);
  const before = await beforePlan(asked);
  const { config, source } = await readConfig(path, root, overrides);
  const planner = new Planner(projectOf(root), store);
  try {
    const made = await planner.plan(config, source);
    await writePlan(asked, store, made.plan, before, made.files);
    return made.plan;
  } finally {
    await planner.close();
  }
}

/** Where pages are published. */
export function reportsOf(call: Call): string {
  return userPath(value(call, "reports") ?? `${projectRoot()}/reports`);
}

/** A sweep, with what the commands want of it. */
export interface OpenedSweep extends SweepParts {
  readonly store: Store;
  readonly describe: (reason: MissReason) => string;
  run(asked: Pick<RunAsked, "jobs" | "signal">, listen: Listener): Promise<SweepEnded>;
  /** What the store knows of it; nothing is run. */
  data(): Promise<SweepData>;
}

/** `call`: FILE. `makes`: a store, where there is none. */
export async function openSweepOf(call: Call, makes = false): Promise<OpenedSweep> {
  const root = projectRoot();
  const store = await holdStoreOf(call, makes);
  const { openSweep } = await import("../sweep/open.ts");
  const asked = {
    path: userPath(argument(call, 0)),
    overrides: values(call, "set"),
    trials: trialsOf(value(call, "trials")),
  };
  const opened = await openSweep(asked, projectOf(root), store);
  return {
    ...opened,
    store,
    describe: describeReason,
    async run({ jobs, signal }, listen) {
      const { runSweep } = await import("../sweep/run.ts");
      return await runSweep(opened, store, {
        jobs,
        signal,
        datasets: datasetFolders(root),
        // Another planner, since this one knows what it has learned of the code that is bad now.
        rebuild: async () => await (await openSweep(asked, projectOf(root), store)).close(),
        command: ["deno", "task", ...call.words],
        overrides: asked.overrides,
        root,
        reports: reportsOf(call),
        shorten: shortPath,
        now: () => performance.now(),
      }, listen);
    },
    async data() {
      const { replay } = await import("../sweep/replay.ts");
      return await (await replay(opened, store)).data(reportsOf(call), shortPath);
    },
  };
}

export function trialsOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const trials = Number(text);
  if (!/^\d+$/.test(text) || trials < 1 || trials > MOST_TRIALS) {
    throw new UsageError(
      `--trials "${text}" is no number of trials`,
      `give a whole number from 1 to ${MOST_TRIALS}`,
    );
  }
  return trials;
}

export function runRecords(call: Call): RunRecord[] {
  return openStoreOf(call).readRuns();
}

/** Where data sets are looked for, in order; the last is a folder that a lab shares beside the checkout. */
export function datasetFolders(root: string): string[] {
  const named = variable("CRISOL_DATASETS");
  const parent = root.slice(0, root.lastIndexOf("/"));
  return [
    ...named === null ? [] : [userPath(forward(named))],
    `${root}/datasets`,
    `${parent}/shared/data`,
  ];
}

/** Ids of the nodes that the words mean: a stage for all its cells, or one cell. */
function select(plan: Plan, words: readonly string[]): NodeId[] {
  return words.flatMap((word) => findNodes(plan, word).map(({ id }) => id));
}

/** The first log of a node that is there, in these runs of the store; where it lies is not for their records to say. */
export async function readLog(
  store: Store,
  records: readonly RunRecord[],
  node: NodeId,
): Promise<string | null> {
  for (const record of records) {
    if (record.nodes.find((one) => one.node === node)?.log === undefined) continue;
    const path = await store.logFile(record.id, node);
    try {
      // A link could lead out of the store.
      if (Deno.lstatSync(path).isFile) return await Deno.readTextFile(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return null;
}

/** The JSON Schema of configs, with the params of every stage in `stages/`. */
export async function schemaText(call: Call): Promise<string> {
  const { projectSchema } = await import("../plan/schema.ts");
  const store = await holdStoreOf(call, false);
  const schema: JsonObject = await projectSchema(projectOf(projectRoot()), store);
  return `${JSON.stringify(schema, null, 2)}\n`;
}

/** What builds of stages read of the project. */
export function projectOf(root: string): Project {
  return {
    root,
    configText: Deno.readTextFileSync(`${root}/deno.json`),
    lockText: Deno.readTextFileSync(`${root}/deno.lock`),
  };
}
