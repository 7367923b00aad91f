/** One config's plan: its stages learned, its cells placed and checked, what is wrong with it gathered. */
import { type Config, ConfigError, type Diagnostic, type StageConfig } from "../config/config.ts";
import type { ConfigSource } from "../config/source.ts";
import type { Json, JsonObject } from "../json.ts";
import type { Check, Checked } from "./answers.ts";
import type { AssetBuilder } from "./assets.ts";
import { bind, type Learned, type Placed } from "./bind.ts";
import { countCells, getOrAdd, type Own, ownCells } from "./cells.ts";
import { axisOf, type Draft, draftCells, draftPlaces, givenTo } from "./draft.ts";
import { explainIssues, explainTwins } from "./issue.ts";
import type { Unrelated } from "./join.ts";
import { type Learner, LearnError } from "./learn.ts";
import { nodeOf } from "./node.ts";
import { producersFirst } from "./order.ts";
import type { Code, Description, Node, NodeId, Plan } from "./plan.ts";
import { misfits } from "./short.ts";

/** More is a mistake in a matrix; it would fill the memory before it is seen. */
export const MOST_NODES = 60_000;

/** What is known of a stage file. */
export interface Known {
  readonly code: Code;
  readonly description: Description;
}

/** Why nothing is known of one. */
export interface Unknown {
  readonly message: string;
  readonly help?: string;
}

/** Makes one plan. */
export class Maker {
  readonly #diagnostics: Diagnostic[] = [];
  readonly #nodes: Node[] = [];
  readonly #placed = new Map<string, Placed[]>();
  readonly #drafts = new Map<NodeId, Draft>();

  constructor(
    readonly config: Config,
    readonly source: ConfigSource,
    readonly learner: Learner,
    readonly assets: AssetBuilder,
    readonly learn: (module: string) => Promise<Known | Unknown>,
  ) {}

  async make(): Promise<Plan> {
    const learned = await this.#learnAll();
    for (const stage of producersFirst(this.config.stages)) {
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
      if (found === undefined) continue;
      if ("code" in found) learned.set(stage.name, { stage, ...found });
      else {
        this.#complain(
          ["stages", stage.name, "uses"],
          `The stage "${stage.uses}" cannot be loaded: ${found.message}`,
          found.help,
        );
      }
    }
    return learned;
  }

  /** Makes all nodes of a stage. */
  async #place(learned: Learned, all: ReadonlyMap<string, Learned>): Promise<void> {
    const { stage } = learned;
    const wrong = misfits(stage, learned.description.params);
    for (const { path, message } of wrong) {
      this.#diagnostics.push(this.source.diagnose(["stages", stage.name, ...path], message));
    }
    if (wrong.length > 0) return;
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
      if (bound === null) {
        await this.#checkAlone(learned, some, Object.keys(inputs));
        continue;
      }
      const most = MOST_NODES - this.#nodes.length - drafts.length;
      const found = draftCells(learned, some, bound, most);
      if (found === null) return this.#tooMany(stage, null);
      if ("axes" in found) this.#apart(stage, found, where);
      else for (const one of found) drafts.push(one);
    }
    const nodes = await this.#alongAxis(learned, drafts);
    if (nodes === null) return;
    const answers = await this.#answers(stage, learned.code, nodes.map(({ check }) => check));
    for (const [index, draft] of nodes.entries()) {
      const answer = this.#judge(learned, draft, answers?.[index] ?? null);
      await this.#makeNode(learned, draft, answer);
    }
  }

  #apart(
    { name }: StageConfig,
    { input, axes }: Unrelated,
    where: (input: string) => (string | number)[],
  ): void {
    const named = axes.map(({ axis, origin }) => `"${axis}" of "${origin}"`);
    this.#complain(
      input === null ? ["stages", name] : where(input),
      `The cells of "${name}" have nothing in common along ${named.join(" and ")}`,
      `Say \`join: product\` in "${name}" to have all their combinations`,
    );
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
      for (const one of draftPlaces(draft, stage, axis, count)) found.push(one);
    }
    return found;
  }

  /** `answer`: null where its params are wrong. */
  async #makeNode(learned: Learned, draft: Draft, answer: Checked | null): Promise<void> {
    const { stage, description } = learned;
    const kernels = await this.assets.get(answer?.checked.kernels ?? []);
    const node = nodeOf(learned, draft, answer, kernels, this.config.seed);
    for (const [name, found] of draft.fed) {
      if (description.inputs[name]?.arity !== "one" || found.length === 1) continue;
      this.#complain(
        ["stages", stage.name, "inputs", name],
        `The input "${name}" of "${node.id}" takes one artifact: ${found.length} cells fit`,
      );
    }
    const before = this.#drafts.get(node.id);
    if (before !== undefined) {
      this.#diagnostics.push(explainTwins(node.id, stage, before.own, draft.own, this.source));
      return;
    }
    this.#drafts.set(node.id, draft);
    this.#nodes.push(node);
    const shapes = answer === null ? null : node.outputShapes;
    getOrAdd(this.#placed, stage.name, () => []).push({ cell: draft.cell, node, shapes });
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
        params: { ...givenTo(stage, own, description), ...axisOf(description, 0) },
        inputs: unknown,
        names: {},
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

function isMap(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
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
