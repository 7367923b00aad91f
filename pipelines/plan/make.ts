/** From a config to a plan: every stage learned, every cell placed, all problems told at once. */
import {
  type Config,
  ConfigError,
  type Diagnostic,
  type Reference,
  type StageConfig,
} from "../config/config.ts";
import { nearest } from "../config/nearest.ts";
import type { ConfigSource } from "../config/source.ts";
import type { Json, JsonObject } from "../json.ts";
import type { ArtifactShape, ArtifactType } from "../stage.ts";
import type { Store } from "../store/local.ts";
import { AssetBuilder } from "./assets.ts";
import { BundleError, bundleStage, type Project, stopBundler } from "./bundle.ts";
import {
  cellName,
  feeding,
  joinCells,
  meant,
  merge,
  nodeName,
  type Own,
  ownCells,
  type Produced,
} from "./cells.ts";
import { misfit } from "./edges.ts";
import { explainIssue } from "./issue.ts";
import { Learner, LearnError } from "./learn.ts";
import { LockError } from "./packages.ts";
import type { Code, Description, Feed, Node, NodeId, Plan } from "./plan.ts";

/** CPU threads and bytes of memory of a stage that says nothing. */
const THREADS = 1;
const MEMORY = 1024 * 1024 * 1024;

/** A stage of the config with what was learned of it. */
interface Learned {
  readonly stage: StageConfig;
  readonly code: Code;
  readonly description: Description;
}

/** A node with where it lies, while its consumers are placed. */
interface Placed extends Produced {
  readonly node: Node;
  /** Null where its params are wrong. */
  readonly shapes: Readonly<Record<string, ArtifactShape>> | null;
}

export interface Made {
  readonly plan: Plan;
  /** Absolute paths of all sources that the plan depends on, beside the config. */
  readonly files: readonly string[];
}

/** Throws `ConfigError` with every problem that was found. */
export async function makePlan(
  config: Config,
  source: ConfigSource,
  project: Project,
  store: Store,
): Promise<Made> {
  const maker = new Maker(config, source, project, store);
  try {
    return await maker.make();
  } finally {
    await maker.close();
  }
}

class Maker {
  readonly #diagnostics: Diagnostic[] = [];
  readonly #learner: Learner;
  readonly #assets: AssetBuilder;
  readonly #placed: Placed[] = [];
  readonly #files = new Set<string>();

  constructor(
    readonly config: Config,
    readonly source: ConfigSource,
    readonly project: Project,
    readonly store: Store,
  ) {
    this.#learner = new Learner(store);
    // Builds belong to the sources, whichever store the results go to.
    this.#assets = new AssetBuilder(`${project.root}/artifacts/cache`);
  }

  async make(): Promise<Made> {
    const learned = await this.#learnAll();
    for (const stage of this.#sorted()) {
      const found = learned.get(stage.name);
      if (found !== undefined) await this.#place(found, learned);
    }
    if (this.#diagnostics.length > 0) throw new ConfigError(distinct(this.#diagnostics));
    return {
      plan: { config: this.config, nodes: this.#placed.map(({ node }) => node) },
      files: [...this.#files],
    };
  }

  async close(): Promise<void> {
    await Promise.all([this.#learner.close(), stopBundler()]);
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
    const byModule = new Map<string, Promise<{ code: Code; description: Description } | string>>();
    const learned = new Map<string, Learned>();
    for (const stage of this.config.stages) {
      if (!byModule.has(stage.module)) byModule.set(stage.module, this.#learn(stage.module));
    }
    for (const stage of this.config.stages) {
      const found = await byModule.get(stage.module);
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

  async #learn(module: string): Promise<{ code: Code; description: Description } | string> {
    try {
      const { code, files } = await bundleStage(this.project, module, this.store);
      for (const file of files) this.#files.add(file);
      return { code, description: await this.#learner.describe(code) };
    } catch (error) {
      const expected = error instanceof BundleError || error instanceof LearnError ||
        error instanceof LockError;
      if (expected) return error.message;
      throw error;
    }
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
    for (const own of ownCells(stage, this.config.seed)) {
      const inputs = { ...stage.inputs, ...own.variant?.inputs };
      const where = (input: string): (string | number)[] =>
        own.variant !== null && Object.hasOwn(own.variant.inputs, input)
          ? ["stages", stage.name, "variants", own.variant.name, "inputs", input]
          : ["stages", stage.name, "inputs", input];
      const bound = this.#bind(learned, all, inputs, where);
      if (bound === null) continue;
      const cells = joinCells(
        own.cell,
        [...bound].map(([name, { nodes }]) => ({
          name,
          // `bind` keeps only declared inputs.
          type: description.inputs[name] ?? { arity: "one", what: "" },
          nodes,
        })),
        stage.join,
      );
      if ("axes" in cells) {
        this.#complain(
          Object.hasOwn(inputs, cells.input) ? where(cells.input) : ["stages", stage.name],
          `"${stage.name}" meets cells that have nothing in common: along ${
            cells.axes.map((axis) => `"${axis}"`).join(" and ")
          }, at ${cells.input in inputs ? `the input "${cells.input}"` : cells.input}`,
          "say `join: product` to have all their combinations",
        );
        continue;
      }
      for (const cell of cells) await this.#makeNodes(learned, own, cell, bound);
    }
  }

  /** The producers' nodes of each connected input, and the output of each; null if something is wrong. */
  #bind(
    { stage, description }: Learned,
    all: ReadonlyMap<string, Learned>,
    inputs: Readonly<Record<string, readonly Reference[]>>,
    where: (input: string) => (string | number)[],
  ): ReadonlyMap<string, Bound> | null {
    const before = this.#diagnostics.length;
    const bound = new Map<string, Bound>();
    let broken = false;
    for (const [name, references] of Object.entries(inputs)) {
      const type = description.inputs[name];
      if (type === undefined) {
        const names = Object.keys(description.inputs);
        this.#complain(
          where(name),
          `"${stage.uses}" has no input "${name}"`,
          suggestion(name, names) ?? `it has: ${names.join(", ") || "none"}`,
        );
        continue;
      }
      if (type.arity === "one" && references.length > 1) {
        this.#complain(
          where(name),
          `The input "${name}" takes one artifact: ${references.length} are given`,
        );
        continue;
      }
      const nodes: Placed[] = [];
      const outputs = new Map<Placed, string>();
      references.forEach((reference, index) => {
        const producer = all.get(reference.stage);
        if (producer === undefined) {
          broken = true; // it could not be loaded, which is said already
          return;
        }
        const place = references.length > 1 ? [...where(name), index] : where(name);
        const output = this.#output(producer, reference, place);
        if (output === null) return;
        // All that `meant` gives were put in.
        const found = meant(reference, this.#placed) as Placed[];
        if (found.length === 0) {
          const cells = this.#placed.filter((one) => one.stage === reference.stage);
          if (cells.length === 0) broken = true; // its own problems are said already
          else {
            this.#complain(
              place,
              `"${reference.stage}" has no cell "${reference.cell}"`,
              `it has: ${cells.map((one) => cellName(one.cell) || one.id).join(", ")}`,
            );
          }
        }
        // A cell that is named brings no axes with it.
        for (const one of found) {
          const node = reference.cell === null ? one : { ...one, cell: [] };
          nodes.push(node);
          outputs.set(node, output);
        }
        const type = producer.description.outputs[output];
        const wanted = description.inputs[name];
        const wrong = type === undefined || wanted === undefined ? null : misfit(type, wanted);
        if (wrong !== null) {
          this.#complain(place, `"${reference.stage}.${output}" does not fit "${name}": ${wrong}`);
        }
      });
      bound.set(name, { nodes, outputs });
    }
    for (const [name, type] of Object.entries(description.inputs)) {
      if (type.optional === true || Object.hasOwn(inputs, name)) continue;
      this.#complain(
        ["stages", stage.name, "inputs"],
        `"${stage.name}" lacks its input "${name}": ${type.what}`,
      );
    }
    return broken || this.#diagnostics.length > before ? null : bound;
  }

  #output(producer: Learned, reference: Reference, place: (string | number)[]): string | null {
    const outputs: Readonly<Record<string, ArtifactType>> = producer.description.outputs;
    const names = Object.keys(outputs);
    const [only] = names;
    if (reference.output === null) {
      if (names.length === 1 && only !== undefined) return only;
      this.#complain(
        place,
        `"${reference.stage}" has ${names.length} outputs`,
        `say which: ${names.map((name) => `${reference.stage}.${name}`).join(", ")}`,
      );
      return null;
    }
    if (Object.hasOwn(outputs, reference.output)) return reference.output;
    this.#complain(
      place,
      `"${reference.stage}" has no output "${reference.output}"`,
      suggestion(reference.output, names) ?? `it has: ${names.join(", ")}`,
    );
    return null;
  }

  /** One node, or as many as the stage's own axis has. */
  async #makeNodes(
    learned: Learned,
    own: Own,
    cell: Produced["cell"],
    bound: ReadonlyMap<string, Bound>,
  ): Promise<void> {
    const { stage, description } = learned;
    const given = merge(merge(stage.with, own.variant?.with ?? {}), own.matrix);
    const axis = description.cells;
    if (axis === null) return await this.#makeNode(learned, own, cell, bound, given, null);
    const first = await this.#check(learned, own, cell, bound, { ...given, [axis.index]: 0 });
    if (first === null) return;
    const count = isMap(first.params) ? first.params[axis.count] : undefined;
    if (typeof count !== "number") {
      throw new Error(
        `"${stage.uses}" says that "${axis.count}" counts its cells: it is no number`,
      );
    }
    for (let index = 0; index < count; index++) {
      const label = { axis: axis.index, origin: stage.name, label: String(index) };
      const params = { ...given, [axis.index]: index };
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
    if (this.#placed.some((other) => other.id === id)) {
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
      kernels: checked === null ? {} : await this.#assets.get(names),
      numerics: checked?.checked.numerics ?? null,
      threads: checked?.checked.resources?.threads ?? THREADS,
      memory: checked?.checked.resources?.memory ?? MEMORY,
      cache: stage.cache,
    };
    const shapes = checked === null ? null : node.outputShapes;
    this.#placed.push({ id, stage: stage.name, cell, node, shapes });
  }

  /** Params after defaults and what follows from them; null if they are wrong, which is then said. */
  async #check(
    { stage, code, description }: Learned,
    own: Own,
    cell: Produced["cell"],
    bound: ReadonlyMap<string, Bound>,
    given: JsonObject,
  ) {
    const inputs: Record<string, (ArtifactShape | null)[]> = {};
    for (const [name, { nodes, outputs }] of bound) {
      const type = description.inputs[name];
      if (type === undefined) continue;
      inputs[name] = feeding(cell, type, nodes).map((one) => {
        const placed = one as Placed; // as above
        return placed.shapes?.[outputs.get(placed) ?? ""] ?? null;
      });
    }
    const reply = await this.#learner.check(code, given, inputs);
    for (const issue of reply.issues) {
      this.#diagnostics.push(explainIssue(issue, stage, own, description, this.source));
    }
    return reply.params === null || reply.issues.length > 0 ? null : reply;
  }
}

interface Bound {
  readonly nodes: Placed[];
  readonly outputs: ReadonlyMap<Placed, string>;
}

/** What a named input calls a cell: `sparse`; with its stage where several feed the input. */
function nameOf(one: Produced, several: boolean, placed: readonly Produced[]): string {
  const cell = placed.find((other) => other.id === one.id)?.cell ?? one.cell;
  return several ? nodeName(one.stage, cell) : cellName(cell);
}

function suggestion(word: string, known: readonly string[]): string | undefined {
  const found = nearest(word, known);
  return found === null ? undefined : `Did you mean "${found}"?`;
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
