/** From configs to plans: stages that are learned once, for all of them. */
import type { Config } from "../config/config.ts";
import type { ConfigSource } from "../config/source.ts";
import type { Store } from "../store/local.ts";
import { AssetBuilder } from "./assets.ts";
import { Bundler, type Project, stopBundler } from "./bundle.ts";
import { BundleError } from "./bundle_error.ts";
import { getOrAdd } from "./cells.ts";
import { Learner, LearnError } from "./learn.ts";
import { type Known, Maker, type Unknown } from "./maker.ts";
import { LockError } from "./packages.ts";
import type { Digest, Node, Plan } from "./plan.ts";
import { Sources } from "./sources.ts";

export interface Made {
  readonly plan: Plan;
  /** All sources that the plan was made from, beside the config, by the paths that led there: what was read, and where. */
  readonly files: ReadonlyMap<string, Digest>;
}

/** All that a planner goes by beside the config, as JSON: it makes the same plans when the sources have changed. */
export interface Frozen {
  /** By the absolute path of the stage's module. */
  readonly stages: Readonly<Record<string, Known>>;
  readonly assets: Node["kernels"];
}

/** Stages that check what they read of data sets by digests of their own code, so that its content needs no key. */
const READERS: readonly string[] = ["stages/download.ts"];

/** Makes plans of configs of one project. What it has learned of a stage serves all of them. */
export class Planner {
  readonly #learner: Learner;
  readonly #assets: AssetBuilder;
  readonly #sources = new Sources();
  readonly #bundler: Bundler;
  readonly #stages = new Map<string, Promise<Known | Unknown>>();

  /** `frozen`: what another planner has learned, which no source is read for; other stages are learned. */
  constructor(readonly project: Project, readonly store: Store, frozen: Frozen | null = null) {
    this.#learner = new Learner(store);
    this.#bundler = new Bundler(project, store, this.#sources);
    this.#assets = new AssetBuilder(store, frozen?.assets ?? null);
    for (const [module, known] of Object.entries(frozen?.stages ?? {})) {
      this.#stages.set(module, Promise.resolve(known));
    }
  }

  /** Throws `ConfigError` with every problem that was found. */
  async plan(config: Config, source: ConfigSource): Promise<Made> {
    const maker = new Maker(
      config,
      source,
      this.#learner,
      this.#assets,
      (module) => getOrAdd(this.#stages, module, () => this.#learn(module)),
    );
    return { plan: await maker.make(), files: await this.#sources.states() };
  }

  /** For another planner, maybe on another machine that sees the same store and project. */
  async freeze(): Promise<Frozen> {
    const stages: Record<string, Known> = {};
    for (const [module, answer] of this.#stages) {
      const known = await answer;
      if ("code" in known) stages[module] = known;
    }
    return { stages, assets: await this.#assets.all() };
  }

  async #learn(module: string): Promise<Known | Unknown> {
    try {
      const code = await this.#bundler.bundle(module);
      const description = await this.#learner.describe(code);
      if (
        description.datasets && !READERS.some((one) => module === `${this.project.root}/${one}`)
      ) {
        return {
          message: "it says `datasets: true`, and what it would read there is in no key",
          help: "take what `download` gives as an input; a small file can be imported, " +
            'with { type: "bytes" }',
        };
      }
      return { code, description };
    } catch (error) {
      const expected = error instanceof BundleError || error instanceof LearnError ||
        error instanceof LockError;
      if (expected) return { message: error.message };
      throw error;
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#learner.close(), stopBundler()]);
  }
}
