/** Trials of a test's own stage, planned and run in the test's process, as a sweep does it. */
import { join } from "node:path";
import type { Config } from "../pipelines/config/config.ts";
import { type ReadConfig, readConfig } from "../pipelines/config/read.ts";
import { type Frozen, Planner } from "../pipelines/plan/make.ts";
import type { Node, NodeId, Plan } from "../pipelines/plan/plan.ts";
import type { Event } from "../pipelines/run/event.ts";
import { type RunOptions, runPlan, type RunResult } from "../pipelines/run/run.ts";
import { Store } from "../pipelines/store/local.ts";
import { Workplace } from "./rig.ts";
import { CONFIG, own } from "./run_stages.ts";

/** Trials change `one`; `shared` feeds it and `after` follows it. */
const STAGES = `stages:
  shared: { uses: ./own.ts, with: { text: shared } }
  one: { uses: ./own.ts, inputs: { before: shared } }
  after: { uses: ./own.ts, with: { text: after }, inputs: { before: one } }
`;

export class Trials implements AsyncDisposable {
  planner: Planner;
  private constructor(
    readonly place: Workplace,
    readonly read: ReadConfig,
    readonly store: Store,
  ) {
    this.planner = this.open();
  }

  /** `body` and `more`: as `stageText` takes them. */
  static async of(body: string, more: string = ""): Promise<Trials> {
    const place = await Workplace.copy();
    own(place, body, more);
    place.write(CONFIG, STAGES);
    const read = await readConfig(join(place.root, CONFIG), place.root, []);
    return new Trials(place, read, new Store(place.store));
  }

  open(frozen: Frozen | null = null): Planner {
    const { root } = this.place;
    const text = (name: string) => Deno.readTextFileSync(join(root, name));
    const project = { root, configText: text("deno.json"), lockText: text("deno.lock") };
    return new Planner(project, this.store, frozen);
  }

  /** With a cell of `one` for each value, which is its label. */
  config(values: readonly number[]): Config {
    const trials = values.map((value) => ({ label: String(value), with: { value } }));
    const { config } = this.read;
    return {
      ...config,
      stages: config.stages.map((stage) => stage.name === "one" ? { ...stage, trials } : stage),
    };
  }

  async plan(values: readonly number[], planner: Planner = this.planner): Promise<Plan> {
    return (await planner.plan(this.config(values), this.read.source)).plan;
  }

  /** The nodes that one value adds, with those that all share. */
  async nodes(value: number): Promise<readonly Node[]> {
    return (await this.plan([value])).nodes;
  }

  async run(
    plan: Plan,
    options: Partial<RunOptions> = {},
    listen: (event: Event) => void = () => {},
  ): Promise<RunResult & { readonly events: readonly Event[] }> {
    const events: Event[] = [];
    const result = await runPlan(plan, this.store, {
      id: `run-${crypto.randomUUID().slice(0, 8)}`,
      jobs: 2,
      memory: () => Promise.resolve(Infinity),
      forced: new Set<NodeId>(),
      keepGoing: true,
      signal: new AbortController().signal,
      datasets: [],
      rebuild: async () => {},
      ...options,
    }, (event) => {
      events.push(event);
      listen(event);
    });
    return { ...result, events };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.planner.close();
    await this.place[Symbol.asyncDispose]();
  }
}
