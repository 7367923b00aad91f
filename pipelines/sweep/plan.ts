/** Plans trials: the nodes of each, with the code that was learned when the sweep was opened. */
import { ConfigError, type Diagnostic } from "../config/config.ts";
import type { Json } from "../json.ts";
import type { Planner } from "../plan/make.ts";
import type { Node, Plan } from "../plan/plan.ts";
import { type AskedSweep, checkStages, diagnosticAt, failAt, goalOf } from "./check.ts";
import type { Asked } from "./figures.ts";
import type { ReadSweep } from "./read.ts";
import type { Domain, Goal, Parameter, Sweep, Values } from "./sweep.ts";
import { baselineOf, type Point, sweptStages, trialConfig } from "./trials.ts";
import { PathError } from "./values.ts";

/** The nodes of one point. */
export interface Planned {
  /** Its own, and those that it shares with others; each after those that feed it. */
  readonly nodes: readonly Node[];
  /** Those whose figure is the metric: one a replicate. */
  readonly metrics: readonly Node[];
}

/** A point that cannot be run: its values do not fit together. */
export interface Unplanned {
  readonly problem: string;
}

export class TrialPlanner {
  private constructor(
    readonly read: ReadSweep,
    readonly planner: Planner,
    /** The base config's own stages, as far as the metric needs them. */
    readonly base: Plan,
    /** The stage whose seeds make the replicates; null: nothing is random. */
    readonly seeded: string | null,
  ) {}

  /** Learns the base's stages and tries each end of the space. @throws {ConfigError} */
  static async open(asked: AskedSweep, planner: Planner): Promise<TrialPlanner> {
    const { base, baseSource, sweep } = asked;
    // What the rungs count may be no param of its stage, which is told below.
    const point = { ...baselineOf(sweep), reach: null };
    const alone = trialConfig(base, sweep, [point], "test", null);
    const { plan } = await planner.plan(alone, baseSource);
    const seeded = seededOf(plan, sweep);
    checkStages(asked, plan, seeded);
    const read = { ...asked, sweep: { ...sweep, goal: goalOf(asked, plan) } };
    const opened = new TrialPlanner(read, planner, plan, seeded);
    await opened.#checkValidation();
    await opened.#checkSpace();
    return opened;
  }

  /** True if the metric's stage reads a test set, in whose place trials read the validation part. */
  get readsTest(): boolean {
    return this.read.sweep.metric.on === "validation" && this.#tested().length > 0;
  }

  /** The metric as its stage declares it. */
  get figure(): Asked {
    const { stage, tensor } = this.read.sweep.metric;
    const node = this.base.nodes.find((one) => one.stage === stage);
    const curves = Object.entries(node?.description.outputs ?? {}).flatMap(([output, type]) =>
      type.kind === "tensors" && type.curves !== undefined ? [[output, type.curves]] : []
    );
    return { tensor, curves: Object.fromEntries(curves) };
  }

  /** What the metric is a value of, e.g. "epoch", where its stage keeps one of several; else null. */
  get unit(): string | null {
    return Object.values(this.figure.curves)[0]?.unit ?? null;
  }

  /** What the metric is measured on, e.g. `preprocess.validation`; empty where that is not known. */
  get measuredOn(): string {
    const [reference] = this.#tested();
    if (reference === undefined) return "";
    return `${reference.stage}.${this.read.sweep.metric.on}`;
  }

  /** `on`: what the metric is measured on; the winner's is `test`. */
  async plan(
    points: readonly Point[],
    on: Sweep["metric"]["on"] = this.read.sweep.metric.on,
  ): Promise<(Planned | Unplanned)[]> {
    try {
      return await this.#planTogether(points, on);
    } catch (error) {
      if (!(error instanceof ConfigError || error instanceof PathError)) throw error;
      const [point, ...more] = points;
      if (point === undefined) return [];
      if (more.length === 0) return [{ problem: problemOf(error) }];
      // One that is bad is found by halves, so that few bad ones among many cost little.
      const middle = points.length >> 1;
      return [
        ...await this.plan(points.slice(0, middle), on),
        ...await this.plan(points.slice(middle), on),
      ];
    }
  }

  async #planTogether(points: readonly Point[], on: Sweep["metric"]["on"]): Promise<Planned[]> {
    const { base, baseSource, sweep } = this.read;
    const config = trialConfig(base, sweep, points, on, this.seeded);
    const { plan } = await this.planner.plan(config, baseSource);
    const shared: Node[] = [];
    const own = new Map<string, Node[]>(points.map(({ label }) => [label, []]));
    for (const node of plan.nodes) {
      const label = node.cell["trial"];
      (label === undefined ? shared : own.get(label) ?? shared).push(node);
    }
    return points.map(({ label }) => {
      const nodes = own.get(label) ?? [];
      return {
        nodes: [...shared, ...nodes],
        metrics: nodes.filter(({ stage }) => stage === sweep.metric.stage),
      };
    });
  }

  #tested() {
    const { base, sweep } = this.read;
    const stage = base.stages.find(({ name }) => name === sweep.metric.stage);
    return Object.values(stage?.inputs ?? {}).flat().filter(({ output }) => output === "test");
  }

  async #checkValidation(): Promise<void> {
    if (!this.readsTest) return;
    const { base, sweep } = this.read;
    try {
      const config = trialConfig(base, sweep, [baselineOf(sweep)], "validation", this.seeded);
      await this.planner.plan(config, this.read.baseSource);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      failAt(
        this.read,
        ["metric"],
        `Trials cannot be judged by "${this.measuredOn}": ${problemOf(error)}`,
        'Split off validation data, as preprocess does, or say "metric: { of: ..., on: test }"',
      );
    }
  }

  /** Each choice, and both ends of each range, the rest as the base has it. */
  async #checkSpace(): Promise<void> {
    const { sweep, keys } = this.read;
    const probes = sweep.space.flatMap((parameter) =>
      endsOf(parameter.domain).map(({ value, step }) => ({ parameter, value, step }))
    );
    const points = probes.map(({ parameter, value }, index): Point => ({
      label: `probe-${index}`,
      values: { ...conditionsOf(parameter, sweep.space), [parameter.path]: value },
      reach: null,
    }));
    const planned = await this.plan(points);
    const found = planned.flatMap((one, index): Diagnostic[] => {
      const probe = probes[index];
      if (!("problem" in one) || probe === undefined) return [];
      const { parameter: { path }, step } = probe;
      const place = ["space", keys.get(path) ?? path, ...step === null ? [] : [step]];
      return [diagnosticAt(this.read, place, `"${path}" cannot be this: ${one.problem}`)];
    });
    if (found.length > 0) throw new ConfigError(distinct(found));
  }
}

/** The last random stage that is swept, else the first random one behind a swept one. */
function seededOf({ nodes }: Plan, sweep: Sweep<Goal | null>): string | null {
  const swept = sweptStages(sweep);
  const random = nodes.filter(({ seed }) => seed !== null);
  return random.findLast(({ stage }) => swept.has(stage))?.stage ??
    random.find(({ cell }) => cell["trial"] !== undefined)?.stage ?? null;
}

/** `step`: the index in a list; null: the range as a whole. */
function endsOf(domain: Domain): { value: Json; step: number | null }[] {
  if (domain.type !== "choice") {
    return [{ value: domain.min, step: null }, { value: domain.max, step: null }];
  }
  return domain.choices.map(({ value }, index) => ({ value, step: index }));
}

/** Values of what a param is conditional on, or a part of, and so on; what it asks for itself comes first. */
function conditionsOf(parameter: Parameter, space: readonly Parameter[]): Values {
  const values = new Map<string, Json>();
  const add = (one: Parameter) => {
    const added = space.filter((other) => {
      if (other === parameter || values.has(other.path)) return false;
      const asked = one.when.find(({ path }) => path === other.path);
      if (asked === undefined && !one.path.startsWith(`${other.path}.`)) return false;
      values.set(other.path, asked?.is[0] ?? endsOf(other.domain)[0]?.value ?? null);
      return true;
    });
    added.forEach(add);
  };
  add(parameter);
  return Object.fromEntries(values);
}

/** Both ends of a range may be wrong in the same way. */
function distinct(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const seen = new Map(diagnostics.map((one) => [JSON.stringify(one), one]));
  return [...seen.values()];
}

/** What is wrong, in a line. */
function problemOf(error: ConfigError | PathError): string {
  if (error instanceof PathError) return error.message;
  return error.diagnostics[0]?.message ?? error.message;
}
