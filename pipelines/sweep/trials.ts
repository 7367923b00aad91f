/** A sweep's trials as cells of its base config: what is planned is a config like any other. */
import type { Config, Reference, StageConfig } from "../config/config.ts";
import { merge } from "../plan/cells.ts";
import { producersFirst } from "../plan/order.ts";
import type { Job } from "./strategy.ts";
import type { Goal, Sweep, Values } from "./sweep.ts";
import { ofStage, replaced } from "./values.ts";

/** A point with its name in the graph: `17`, or `17.1` for rung 1 of halving. */
export interface Point {
  readonly label: string;
  readonly values: Values;
  /** What the rungs count, e.g. epochs; null: as the config says. */
  readonly reach: number | null;
}

/** The point of a job. */
export function pointOf(sweep: Sweep, job: Job): Point {
  const { trial, rung, values } = job;
  return {
    label: rung === null ? String(trial) : `${trial}.${rung}`,
    values,
    reach: rung === null || !("rungs" in sweep.strategy)
      ? null
      : sweep.strategy.rungs[rung] ?? null,
  };
}

/** The base config as it stands, trained as far as the last rung: what trials are compared with. */
export function baselineOf(sweep: Sweep<Goal | null>): Point {
  const reach = "rungs" in sweep.strategy ? sweep.strategy.rungs.at(-1) ?? null : null;
  return { label: "baseline", values: {}, reach };
}

/**
 * The config of some points: the metric's stage and what it needs, each swept stage in its one variant, with a
 * cell a point. `on`: of a test set that the metric's stage reads, the validation part is taken. `seeded`: the
 * stage whose seeds make the replicates.
 *
 * @throws {PathError} where a value's path does not fit the base's params
 */
export function trialConfig(
  base: Config,
  sweep: Sweep<Goal | null>,
  points: readonly Point[],
  on: Sweep["metric"]["on"],
  seeded: string | null,
): Config {
  const swept = sweptStages(sweep);
  const stages = base.stages.map((stage): StageConfig => {
    const chosen = readingTrials(inCell(stage, sweep.cells[stage.name]), sweep.cells);
    const read = stage.name === sweep.metric.stage && on === "validation"
      ? { ...chosen, inputs: validated(chosen.inputs) }
      : chosen;
    const isSeeded = stage.name === seeded;
    return {
      ...read,
      seeds: swept.has(stage.name) || isSeeded ? null : read.seeds,
      ...isSeeded && sweep.replicates > 1 ? { seeds: sweep.replicates } : {},
      trials: !swept.has(stage.name) ? [] : points.map(({ label, values, reach }) => ({
        label,
        with: {
          ...replaced(read.with, ofStage(values, stage.name)),
          ...sweep.rungs?.stage === stage.name && reach !== null
            ? { [sweep.rungs.param]: reach }
            : {},
        },
      })),
      resources: limited(read.resources, sweep.timeout),
    };
  });
  return { ...base, name: sweep.name, stages: needed(stages, sweep.metric.stage) };
}

/** Stages that get a cell for each trial. */
export function sweptStages(sweep: Sweep<Goal | null>): Set<string> {
  const names = sweep.space.map(({ path }) => path.split(".")[0] ?? "");
  return new Set([...names, ...sweep.rungs === null ? [] : [sweep.rungs.stage]]);
}

/** A stage in one of its variants, without the others. */
export function inCell(stage: StageConfig, cell: string | undefined): StageConfig {
  const variant = stage.variants.find(({ name }) => name === cell);
  if (variant === undefined) return stage;
  return {
    ...stage,
    with: merge(stage.with, variant.with),
    inputs: { ...stage.inputs, ...variant.inputs },
    variants: [],
  };
}

/** A consumer of the swept variant, which it may name, reads the trials in its place. */
function readingTrials(stage: StageConfig, cells: Sweep["cells"]): StageConfig {
  const instead = (one: Reference) =>
    one.cell !== null && one.cell === cells[one.stage] ? { ...one, cell: null } : one;
  return {
    ...stage,
    inputs: Object.fromEntries(
      Object.entries(stage.inputs).map(([name, references]) => [name, references.map(instead)]),
    ),
  };
}

/** `preprocess.test` to `preprocess.validation`. */
function validated(inputs: StageConfig["inputs"]): StageConfig["inputs"] {
  const instead = (one: Reference) =>
    one.output === "test" ? { ...one, output: "validation" } : one;
  return Object.fromEntries(
    Object.entries(inputs).map(([name, references]) => [name, references.map(instead)]),
  );
}

function limited(resources: StageConfig["resources"], timeout: number | null) {
  const time = Math.min(resources.time ?? Infinity, timeout ?? Infinity);
  return { ...resources, time: Number.isFinite(time) ? time : null };
}

/** A stage and all that feed it, in declared order. */
function needed(stages: readonly StageConfig[], last: string): StageConfig[] {
  const wanted = new Set(producersFirst(stages, stages.filter(({ name }) => name === last)));
  return stages.filter((stage) => wanted.has(stage));
}
