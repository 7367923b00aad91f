/** From a config to a plan: every stage learned, every cell placed, all problems told at once. */
import { type Config, ConfigError, type Diagnostic, type StageConfig } from "../config/config.ts";
import type { ConfigSource } from "../config/source.ts";
import type { Json, JsonObject } from "../json.ts";
import type { ArtifactShape } from "../stage.ts";
import type { Store } from "../store/local.ts";
import { AssetBuilder } from "./assets.ts";
import { BundleError, bundleStage, type Project, stopBundler } from "./bundle.ts";
import {
  cellName,
  countCells,
  feeding,
  joinCells,
  merge,
  nodeName,
  type Own,
  ownCells,
  type Produced,
} from "./cells.ts";
import { bind, type Bound, type Learned, type Placed } from "./bind.ts";
import { explainIssues } from "./issue.ts";
import { Learner, LearnError } from "./learn.ts";
import { LockError } from "./packages.ts";
import type { Code, Description, Digest, Feed, Node, NodeId, Plan } from "./plan.ts";
import { Sources } from "./sources.ts";

/** CPU threads and bytes of memory of a stage that says nothing. */
const THREADS = 1;
const MEMORY = 1024 * 1024 * 1024;

/** More is a mistake in a matrix; it would fill the memory before it is seen. */
export const MOST_NODES = 20_000;

export interface Made {
  readonly plan: Plan;
  /** Absolute paths of all sources that the plan was made from, beside the config, to what was read. */
  readonly files: ReadonlyMap<string, Digest>;
}

/** Makes plans of configs of one project. What it has learned of a stage serves all of them. */
export class Planner {
  readonly #learner: Learner;
  readonly #assets: AssetBuilder;
  readonly #sources = new Sources();
  readonly #stages = new Map<string, Promise<Known | string>>();

  constructor(readonly project: Project, readonly store: Store) {
    this.#learner = new Learner(store);
    // Builds belong to the sources, whichever store the results go to.
    this.#assets = new AssetBuilder(`${project.root}/artifacts/cache`);
  }

  /** Throws `ConfigError` with every problem that was found. */
  async plan(config: Config, source: ConfigSource): Promise<Made> {
    const maker = new Maker(config, source, this.#learner, this.#assets, (module) => {
      const known = this.#stages.get(module) ?? this.#learn(module);
      this.#stages.set(module, known);
      return known;
    });
    return { plan: await maker.make(), files: await this.#sources.digests() };
  }

  async #learn(module: string): Promise<Known | string> {
    try {
      const code = await bundleStage(this.project, module, this.store, this.#sources);
      return { code, description: await this.#learner.describe(code) };
    } catch (error) {
      const expected = error instanceof BundleError || error instanceof LearnError ||
        error instanceof LockError;
      if (expected) return error.message;
      throw error;
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#learner.close(), stopBundler()]);
  }
}

/** What is known of a stage file; a text says why it cannot be loaded. */
type Known = { readonly code: Code; readonly description: Description };

type CheckInputs = Record<string, (ArtifactShape | null)[]>;

class Maker {
  readonly #diagnostics: Diagnostic[] = [];
  readonly #placed: Placed[] = [];
  readonly #ids = new Set<NodeId>();

  constructor(
    readonly config: Config,
    readonly source: ConfigSource,
    readonly learner: Learner,
    readonly assets: AssetBuilder,
    readonly learn: (module: string) => Promise<Known | string>,
  ) {}

  async make(): Promise<Plan> {
    const learned = await this.#learnAll();
    for (const stage of this.#sorted()) {
      const found = learned.get(stage.name);
      if (found !== undefined) await this.#place(found, learned);
    }
    if (this.#diagnostics.length > 0) throw new ConfigError(distinct(this.#diagnostics));
    return { config: this.config, nodes: this.#placed.map(({ node }) => node) };
  }

  #complain(path: readonly (string | number)[], message: string, help?: string): void {
    this.#diagnostics.push({
      severity: "error",
      message,
      ...(help === undefined ? {} : { help }),
      location: this.source.locate(path),
    });
  }

  async #learnAll(): Promise<ReadonlyMap<string, Learned>> {
    const learned = new Map<string, Learned>();
    // All of them are waited for: one that nobody waits for would end the process if it fails.
    const answers = await Promise.all(this.config.stages.map(({ module }) => this.learn(module)));
    for (const [index, stage] of this.config.stages.entries()) {
      const found = answers[index];
      if (typeof found === "object") learned.set(stage.name, { stage, ...found });
      else {
        this.#complain(
          ["stages", stage.name, "uses"],
          `The stage "${stage.uses}" cannot be loaded: ${found}`,
        );
      }
    }
    return learned;
  }

  /** Producers before their consumers, in declared order otherwise; the config has no circle. */
  #sorted(): StageConfig[] {
    const stages = new Map(this.config.stages.map((stage) => [stage.name, stage]));
    const sorted = new Set<StageConfig>();
    const visit = (stage: StageConfig) => {
      if (sorted.has(stage)) return;
      for (const inputs of [stage.inputs, ...stage.variants.map((one) => one.inputs)]) {
        for (const reference of Object.values(inputs).flat()) {
          const producer = stages.get(reference.stage);
          if (producer !== undefined) visit(producer);
        }
      }
      sorted.add(stage);
    };
    for (const stage of this.config.stages) visit(stage);
    return [...sorted];
  }

  /** Makes all nodes of a stage. */
  async #place(learned: Learned, all: ReadonlyMap<string, Learned>): Promise<void> {
    const { stage, description } = learned;
    const count = countCells(stage);
    if (count > MOST_NODES) return this.#tooMany(stage, count);
    for (const own of ownCells(stage, this.config.seed)) {
      const inputs = { ...stage.inputs, ...own.variant?.inputs };
      const where = (input: string): (string | number)[] =>
        own.variant !== null && Object.hasOwn(own.variant.inputs, input)
          ? ["stages", stage.name, "variants", own.variant.name, "inputs", input]
          : ["stages", stage.name, "inputs", input];
      const bound = bind(
        learned,
        all,
        inputs,
        where,
        this.#placed,
        (path, message, help) => this.#complain(path, message, help),
      );
      if (bound === null) {
        await this.#checkAlone(learned, own, Object.keys(inputs));
        continue;
      }
      const cells = joinCells(
        own.cell,
        [...bound].map(([name, { nodes }]) => ({
          name,
          // `bind` keeps only declared inputs.
          type: description.inputs[name] ?? { arity: "one", what: "" },
          nodes,
        })),
        stage.join,
        MOST_NODES,
      );
      if (cells === null) return this.#tooMany(stage, null);
      if ("axes" in cells) {
        const axes = cells.axes.map(({ axis, origin }) => `"${axis}" of "${origin}"`);
        this.#complain(
          cells.input === null ? ["stages", stage.name] : where(cells.input),
          `The cells of "${stage.name}" have nothing in common along ${axes.join(" and ")}`,
          `Say \`join: product\` in "${stage.name}" to have all their combinations`,
        );
        continue;
      }
      for (const cell of cells) await this.#makeNodes(learned, own, cell, bound);
    }
  }

  /** One node, or as many as the stage's own axis has. */
  async #makeNodes(
    learned: Learned,
    own: Own,
    cell: Produced["cell"],
    bound: ReadonlyMap<string, Bound>,
  ): Promise<void> {
    const { stage, description } = learned;
    const given = givenTo(stage, own);
    const axis = description.cells;
    if (axis === null) return await this.#makeNode(learned, own, cell, bound, given, null);
    const first = await this.#check(learned, own, cell, bound, {
      ...given,
      ...axisOf(description, 0),
    });
    if (first === null) return;
    const count = isMap(first.params) ? first.params[axis.count] : undefined;
    if (typeof count !== "number") {
      throw new Error(
        `"${stage.uses}" says that "${axis.count}" counts its cells: it is no number`,
      );
    }
    if (count > MOST_NODES) return this.#tooMany(stage, count);
    for (let index = 0; index < count; index++) {
      const label = { axis: axis.index, origin: stage.name, label: String(index) };
      const params = { ...given, ...axisOf(description, index) };
      await this.#makeNode(learned, own, [...cell, label], bound, params, axis.count);
    }
  }

  async #makeNode(
    learned: Learned,
    own: Own,
    cell: Produced["cell"],
    bound: ReadonlyMap<string, Bound>,
    given: JsonObject,
    /** The param that counts cells, which decides nothing within one. */
    counting: string | null,
  ): Promise<void> {
    const { stage, code, description } = learned;
    const checked = await this.#check(learned, own, cell, bound, given);
    const id = nodeName(stage.name, cell) as NodeId; // what a node is called
    const feeds: Record<string, Feed[]> = {};
    for (const [name, { nodes, outputs }] of bound) {
      const type = description.inputs[name];
      if (type === undefined) continue;
      const found = feeding(cell, type, nodes);
      if (type.arity === "one" && found.length !== 1) {
        this.#complain(
          ["stages", stage.name, "inputs", name],
          `The input "${name}" of "${id}" takes one artifact: ${found.length} cells fit`,
        );
      }
      const stages = new Set(found.map((one) => one.stage));
      feeds[name] = found.map((one) => ({
        // Every node that `bind` gathered is one of ours and has its output beside it.
        node: one.id as NodeId,
        output: outputs.get(one as Placed) ?? "",
        name: type.named !== true ? "" : nameOf(one, stages.size > 1, this.#placed),
      }));
    }
    if (this.#ids.has(id)) {
      this.#complain(["stages", stage.name], `Two cells are called "${id}"`);
      return;
    }
    const params = counting !== null && isMap(checked?.params)
      ? without(checked.params, counting)
      : checked?.params;
    const names = checked?.checked.kernels ?? [];
    const seedLabel = cell.find(({ axis }) => axis === "seed")?.label;
    const node: Node = {
      id,
      stage: stage.name,
      cell: Object.fromEntries(cell.map(({ axis, label }) => [axis, label])),
      description,
      code,
      params: params ?? null,
      seed: !description.random
        ? null
        : own.seed ?? (seedLabel === undefined ? this.config.seed : Number(seedLabel)),
      feeds,
      outputShapes: checked?.checked.outputs ?? {},
      kernels: checked === null ? {} : await this.assets.get(names),
      numerics: checked?.checked.numerics ?? null,
      horizon: checked?.checked.horizon === false ? null : description.horizon,
      threads: least(checked?.checked.resources?.threads ?? THREADS, stage.resources.cpus),
      memory: stage.resources.memory ?? checked?.checked.resources?.memory ?? MEMORY,
      resources: stage.resources,
      cache: stage.cache,
      version: stage.version,
    };
    if (this.#placed.length >= MOST_NODES) return this.#tooMany(stage, null);
    const shapes = checked === null ? null : node.outputShapes;
    this.#ids.add(id);
    this.#placed.push({ id, stage: stage.name, cell, node, shapes });
  }

  /** `count`: as far as it is known. */
  #tooMany({ name }: StageConfig, count: number | null): void {
    const found = count === null ? "" : `: its variants, matrix and seeds make ${count}`;
    this.#complain(
      ["stages", name],
      `A plan has ${MOST_NODES} nodes at most, and "${name}" has too many cells${found}`,
    );
  }

  /** The params of a stage whose inputs are wrong: what is wrong with them is told in the same breath. */
  async #checkAlone(learned: Learned, own: Own, inputs: readonly string[]): Promise<void> {
    const { stage, code, description } = learned;
    const given = { ...givenTo(stage, own), ...axisOf(description, 0) };
    const unknown = Object.fromEntries(inputs.map((name) => [name, [null]]));
    const reply = await this.#answer(stage, code, given, unknown);
    this.#diagnostics.push(
      ...explainIssues(reply?.issues ?? [], stage, own, description, this.source),
    );
  }

  /** What the stage answers; null if its `check` fails, which is then said. */
  async #answer(stage: StageConfig, code: Code, ...asked: [JsonObject, CheckInputs]) {
    try {
      return await this.learner.check(code, ...asked);
    } catch (error) {
      if (!(error instanceof LearnError)) throw error;
      this.#complain(
        ["stages", stage.name, "uses"],
        `The stage "${stage.uses}" cannot check its params: ${error.message}`,
      );
      return null;
    }
  }

  /** Params after defaults and what follows from them; null if they are wrong, which is then said. */
  async #check(
    { stage, code, description }: Learned,
    own: Own,
    cell: Produced["cell"],
    bound: ReadonlyMap<string, Bound>,
    given: JsonObject,
  ) {
    const inputs: CheckInputs = {};
    for (const [name, { nodes, outputs }] of bound) {
      const type = description.inputs[name];
      if (type === undefined) continue;
      inputs[name] = feeding(cell, type, nodes).map((one) => {
        const placed = one as Placed; // as above
        return placed.shapes?.[outputs.get(placed) ?? ""] ?? null;
      });
    }
    const reply = await this.#answer(stage, code, given, inputs);
    if (reply === null) return null;
    this.#diagnostics.push(...explainIssues(reply.issues, stage, own, description, this.source));
    return reply.params === null || reply.issues.length > 0 ? null : reply;
  }
}

/** What a named input calls a cell: `sparse`; with its stage where several feed the input. */
function nameOf(one: Produced, several: boolean, placed: readonly Produced[]): string {
  const cell = placed.find((other) => other.id === one.id)?.cell ?? one.cell;
  return several ? nodeName(one.stage, cell) : cellName(cell);
}

/** A cell's params before defaults. */
function givenTo(stage: StageConfig, own: Own): JsonObject {
  return { ...merge(merge(stage.with, own.variant?.with ?? {}), own.matrix), ...own.trial?.with };
}

/** The most threads that a stage can use, of those that the config gives it. */
function least(threads: number | "all", cpus: number | null): number | "all" {
  if (cpus === null) return threads;
  return threads === "all" ? cpus : Math.min(threads, cpus);
}

/** The param that places a cell on its stage's own axis, if it has one. */
function axisOf({ cells }: Description, index: number): JsonObject {
  return cells === null ? {} : { [cells.index]: index };
}

function isMap(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function without(params: JsonObject, key: string): JsonObject {
  return Object.fromEntries(Object.entries(params).filter(([name]) => name !== key));
}

/** The same complaint about several cells is told once. */
function distinct(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const seen = new Set<string>();
  return diagnostics.filter((one) => {
    const text = JSON.stringify(one);
    if (seen.has(text)) return false;
    seen.add(text);
    return true;
  });
}
