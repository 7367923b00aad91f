/** From a config to a plan: every stage learned, every cell placed, all problems told at once. */
import { type Config, ConfigError, type Diagnostic, type StageConfig } from "../config/config.ts";
import type { ConfigSource } from "../config/source.ts";
import type { Json, JsonObject } from "../json.ts";
import type { ArtifactShape } from "../stage.ts";
import type { Store } from "../store/local.ts";
import { AssetBuilder } from "./assets.ts";
import { BundleError, bundleStage, type Project, stopBundler } from "./bundle.ts";
import type { Check, Checked } from "./answers.ts";
import { bind, type Bound, type Learned, type Placed, type Source } from "./bind.ts";
import {
  type Cell,
  cellName,
  countCells,
  feeding,
  getOrAdd,
  joinInputs,
  joinOwn,
  merge,
  nodeName,
  type Own,
  ownCells,
  type Unrelated,
} from "./cells.ts";
import { explainIssues } from "./issue.ts";
import { Learner, LearnError } from "./learn.ts";
import { LockError } from "./packages.ts";
import type { Code, Description, Digest, Feed, Node, NodeId, Plan } from "./plan.ts";
import { Sources } from "./sources.ts";

/** CPU threads and bytes of memory of a stage that says nothing. */
const THREADS = 1;
const MEMORY = 1024 * 1024 * 1024;

/** More is a mistake in a matrix; it would fill the memory before it is seen. */
export const MOST_NODES = 60_000;

export interface Made {
  readonly plan: Plan;
  /** Absolute paths of all sources that the plan was made from, beside the config, to what was read. */
  readonly files: ReadonlyMap<string, Digest>;
}

/** What is known of a stage file. */
export interface Known {
  readonly code: Code;
  readonly description: Description;
}

/** All that a planner goes by beside the config, as JSON: it makes the same plans when the sources have changed. */
export interface Frozen {
  /** By the absolute path of the stage's module. */
  readonly stages: Readonly<Record<string, Known>>;
  readonly assets: Node["kernels"];
}

/** Makes plans of configs of one project. What it has learned of a stage serves all of them. */
export class Planner {
  readonly #learner: Learner;
  readonly #assets: AssetBuilder;
  readonly #sources = new Sources();
  /** A text says why a stage cannot be loaded. */
  readonly #stages = new Map<string, Promise<Known | string>>();

  /** `frozen`: what another planner has learned, which no source is read for; other stages are learned. */
  constructor(readonly project: Project, readonly store: Store, frozen: Frozen | null = null) {
    this.#learner = new Learner(store);
    // Builds belong to the sources, whichever store the results go to.
    this.#assets = new AssetBuilder(`${project.root}/artifacts/cache`, frozen?.assets ?? null);
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
    return { plan: await maker.make(), files: await this.#sources.digests() };
  }

  /** For another planner, maybe on another machine that sees the same store and project. */
  async freeze(): Promise<Frozen> {
    const stages: Record<string, Known> = {};
    for (const [module, answer] of this.#stages) {
      const known = await answer;
      if (typeof known === "object") stages[module] = known;
    }
    return { stages, assets: await this.#assets.all() };
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

/** A node without what its stage says of its params. */
interface Draft {
  readonly own: Own;
  readonly cell: Cell;
  /** What feeds each connected input. */
  readonly fed: ReadonlyMap<string, readonly Source[]>;
  readonly check: Check;
  /** The param that counts cells, which decides nothing within one. */
  readonly counting: string | null;
}

class Maker {
  readonly #diagnostics: Diagnostic[] = [];
  readonly #nodes: Node[] = [];
  readonly #placed = new Map<string, Placed[]>();
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
    return { config: this.config, nodes: this.#nodes };
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
    const { stage } = learned;
    const count = countCells(stage);
    if (count > MOST_NODES) return this.#tooMany(stage, count);
    // The cells that a variant's inputs bring are the same for all trials, seeds and values.
    const owns = ownCells(stage, this.config.seed);
    const drafts: Draft[] = [];
    for (const [variant, some] of Map.groupBy(owns, (own) => own.variant)) {
      const inputs = { ...stage.inputs, ...variant?.inputs };
      const where = (input: string): (string | number)[] =>
        variant !== null && Object.hasOwn(variant.inputs, input)
          ? ["stages", stage.name, "variants", variant.name, "inputs", input]
          : ["stages", stage.name, "inputs", input];
      const bound = bind(
        learned,
        all,
        inputs,
        where,
        this.#placed,
        (path, message, help) => this.#complain(path, message, help),
      );
      if (bound === null) await this.#checkAlone(learned, some, Object.keys(inputs));
      else if (!this.#draft(learned, some, bound, where, drafts)) return;
    }
    const nodes = await this.#alongAxis(learned, drafts);
    if (nodes === null) return;
    const answers = await this.#answers(stage, learned.code, nodes.map(({ check }) => check));
    for (const [index, draft] of nodes.entries()) {
      const answer = this.#judge(learned, draft, answers?.[index] ?? null);
      await this.#makeNode(learned, draft, answer);
    }
  }

  /** Adds drafts of the cells that join what is bound; false where there are too many. */
  #draft(
    { stage, description }: Learned,
    owns: readonly Own[],
    bound: ReadonlyMap<string, Bound>,
    where: (input: string) => (string | number)[],
    drafts: Draft[],
  ): boolean {
    const isSplit = (found: object | null): found is Unrelated => found !== null && "axes" in found;
    const tell = ({ input, axes }: Unrelated) => {
      const named = axes.map(({ axis, origin }) => `"${axis}" of "${origin}"`);
      this.#complain(
        input === null ? ["stages", stage.name] : where(input),
        `The cells of "${stage.name}" have nothing in common along ${named.join(" and ")}`,
        `Say \`join: product\` in "${stage.name}" to have all their combinations`,
      );
      return true;
    };
    const tooMany = () => {
      this.#tooMany(stage, null);
      return false;
    };
    const inputs = joinInputs(
      [...bound].map(([name, { type, sources }]) => ({
        name,
        type,
        cells: sources.map(({ cell }) => cell),
      })),
      stage.join,
      MOST_NODES,
    );
    if (inputs === null) return tooMany();
    if (isSplit(inputs)) return tell(inputs);
    for (const own of owns) {
      const cells = joinOwn(inputs, own.cell, stage.join, MOST_NODES);
      if (cells === null) return tooMany();
      if (isSplit(cells)) return tell(cells);
      if (this.#nodes.length + drafts.length + cells.length > MOST_NODES) return tooMany();
      const params = { ...givenTo(stage, own), ...axisOf(description, 0) };
      for (const cell of cells) {
        const fed = new Map<string, readonly Source[]>();
        const shapes: Record<string, (ArtifactShape | null)[]> = {};
        for (const [name, { type, index }] of bound) {
          const found = feeding(cell, type, index);
          fed.set(name, found);
          shapes[name] = found.map(({ placed, output }) => placed.shapes?.[output] ?? null);
        }
        drafts.push({ own, cell, fed, check: { params, inputs: shapes }, counting: null });
      }
    }
    return true;
  }

  /** As many drafts of each as the stage's own axis has; null where there are too many. */
  async #alongAxis(learned: Learned, drafts: readonly Draft[]): Promise<readonly Draft[] | null> {
    const { stage, code, description } = learned;
    const axis = description.cells;
    if (axis === null) return drafts;
    const answers = await this.#answers(stage, code, drafts.map(({ check }) => check));
    const found: Draft[] = [];
    for (const [index, draft] of drafts.entries()) {
      const first = this.#judge(learned, draft, answers?.[index] ?? null);
      if (first === null) continue;
      const count = isMap(first.params) ? first.params[axis.count] : undefined;
      if (typeof count !== "number") {
        throw new Error(
          `"${stage.uses}" says that "${axis.count}" counts its cells: it is no number`,
        );
      }
      if (this.#nodes.length + found.length + count > MOST_NODES) {
        this.#tooMany(stage, count > MOST_NODES ? count : null);
        return null;
      }
      const { check } = draft;
      const given = isMap(check.params) ? check.params : {};
      for (let place = 0; place < count; place++) {
        const label = { axis: axis.index, origin: stage.name, label: String(place) };
        found.push({
          ...draft,
          cell: [...draft.cell, label],
          check: { ...check, params: { ...given, ...axisOf(description, place) } },
          counting: axis.count,
        });
      }
    }
    return found;
  }

  /** `answer`: null where its params are wrong. */
  async #makeNode(learned: Learned, draft: Draft, answer: Checked | null): Promise<void> {
    const { stage, code, description } = learned;
    const { own, cell, fed, counting } = draft;
    const id = nodeName(stage.name, cell) as NodeId; // what a node is called
    const feeds: Record<string, Feed[]> = {};
    for (const [name, found] of fed) {
      const type = description.inputs[name];
      if (type?.arity === "one" && found.length !== 1) {
        this.#complain(
          ["stages", stage.name, "inputs", name],
          `The input "${name}" of "${id}" takes one artifact: ${found.length} cells fit`,
        );
      }
      const isNamed = type?.named === true;
      const isSeveral = isNamed && new Set(found.map(({ placed }) => placed.node.stage)).size > 1;
      feeds[name] = found.map(({ placed, output }) => ({
        node: placed.node.id,
        output,
        name: isNamed ? nameOf(placed, isSeveral) : "",
      }));
    }
    if (this.#ids.has(id)) {
      this.#complain(["stages", stage.name], `Two cells are called "${id}"`);
      return;
    }
    const params = counting !== null && isMap(answer?.params)
      ? without(answer.params, counting)
      : answer?.params;
    const checked = answer?.checked;
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
      outputShapes: checked?.outputs ?? {},
      kernels: await this.assets.get(checked?.kernels ?? []),
      numerics: checked?.numerics ?? null,
      horizon: checked?.horizon === false ? null : description.horizon,
      threads: least(checked?.resources?.threads ?? THREADS, stage.resources.cpus),
      memory: stage.resources.memory ?? checked?.resources?.memory ?? MEMORY,
      resources: stage.resources,
      cache: stage.cache,
      version: stage.version,
    };
    this.#ids.add(id);
    this.#nodes.push(node);
    const shapes = answer === null ? null : node.outputShapes;
    getOrAdd(this.#placed, stage.name, () => []).push({ cell, node, shapes });
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
  async #checkAlone(
    learned: Learned,
    owns: readonly Own[],
    inputs: readonly string[],
  ): Promise<void> {
    const { stage, code, description } = learned;
    const unknown = Object.fromEntries(inputs.map((name) => [name, [null]]));
    const answers = await this.#answers(
      stage,
      code,
      owns.map((own) => ({
        params: { ...givenTo(stage, own), ...axisOf(description, 0) },
        inputs: unknown,
      })),
    );
    for (const [index, own] of owns.entries()) {
      this.#judge(learned, { own }, answers?.[index] ?? null);
    }
  }

  /** What the stage answers; null if its `check` fails, which is then said. */
  async #answers(
    stage: StageConfig,
    code: Code,
    checks: readonly Check[],
  ): Promise<readonly Checked[] | null> {
    try {
      return await this.learner.check(code, checks);
    } catch (error) {
      if (!(error instanceof LearnError)) throw error;
      this.#complain(
        ["stages", stage.name, "uses"],
        `The stage "${stage.uses}" cannot check its params: ${error.message}`,
      );
      return null;
    }
  }

  /** An answer without complaints; null for any other, and what is wrong is said. */
  #judge(
    { stage, description }: Learned,
    { own }: Pick<Draft, "own">,
    answer: Checked | null,
  ): Checked | null {
    if (answer === null) return null;
    if (answer.params !== null && answer.issues.length === 0) return answer;
    this.#diagnostics.push(
      ...explainIssues(answer.issues, stage, own, description, this.source),
    );
    return null;
  }
}

/** What a named input calls a cell: `sparse`; with its stage where several feed the input. */
function nameOf({ node, cell }: Placed, several: boolean): string {
  return several ? nodeName(node.stage, cell) : cellName(cell);
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
