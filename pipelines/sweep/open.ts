/** A sweep that is ready to be decided, planned and looked up. */
import { ConfigError } from "../config/config.ts";
import type { Project } from "../plan/bundle.ts";
import { Planner } from "../plan/make.ts";
import type { Plan } from "../plan/plan.ts";
import type { Store } from "../store/local.ts";
import { SweepFolder } from "./folder.ts";
import { TrialPlanner } from "./plan.ts";
import { type ReadSweep, readSweep } from "./read.ts";
import { createStrategy } from "./strategies/create.ts";
import type { Strategy } from "./strategy.ts";

export interface OpenedSweep {
  readonly read: ReadSweep;
  readonly strategy: Strategy;
  readonly planner: TrialPlanner;
  readonly folder: SweepFolder;
  /** Ends the processes that stages were asked in. */
  close(): Promise<void>;
}

export interface Asked {
  /** The sweep's file. */
  readonly path: string;
  /** Of `--set`, on the base config. */
  readonly overrides: readonly string[];
  /** Trials in place of the file's own budget; null: as the file says. */
  readonly trials: number | null;
}

/** @throws {ConfigError} with all that is wrong in the sweep or its base */
export async function openSweep(
  asked: Asked,
  project: Project,
  store: Store,
): Promise<OpenedSweep> {
  const found = await readSweep(asked.path, project.root, asked.overrides);
  const { budget } = found.sweep;
  const sweep = asked.trials === null
    ? found.sweep
    : { ...found.sweep, budget: { ...budget, trials: asked.trials } };
  const planner = new Planner(project, store);
  try {
    const trials = await TrialPlanner.open({ ...found, sweep }, planner);
    const { read } = trials;
    return {
      read,
      strategy: strategyOf(read),
      planner: trials,
      folder: new SweepFolder(store, read.sweep),
      close: () => planner.close(),
    };
  } catch (error) {
    await planner.close();
    throw error;
  }
}

function strategyOf(read: ReadSweep): Strategy {
  try {
    return createStrategy(read.sweep);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const location = read.source.locate(["strategy"]);
    throw new ConfigError([{ severity: "error", message: error.message, location }]);
  }
}

/** The plan that a sweep begins with: nothing yet, under its own name. */
export function emptyPlan({ sweep, base }: ReadSweep): Plan {
  return {
    config: { ...base, path: sweep.path, name: sweep.name, place: sweep.page, page: sweep.page },
    nodes: [],
  };
}
