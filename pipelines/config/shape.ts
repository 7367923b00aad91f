/** From a tree to stages: which keys there are, and of which types. Complains of all that is wrong. */
import type { Json } from "../json.ts";
import {
  NO_RESOURCES,
  type Reference,
  type Resources,
  type StageConfig,
  type Variant,
} from "./config.ts";
import { type Edge, parseReference } from "./graph.ts";
import { moduleOf, type Use } from "./modules.ts";
import { readResources } from "./resources.ts";
import { child, type Entry, type Place, type Problem, show, toJson, type Tree } from "./tree.ts";
import { OWN_KEY, TreeReader } from "./tree_reader.ts";

export interface Shape {
  readonly seed: number;
  readonly stages: readonly StageConfig[];
  readonly edges: readonly Edge[];
  readonly uses: readonly Use[];
}

export const STAGE_KEYS = [
  "uses",
  "with",
  "inputs",
  "variants",
  "matrix",
  "seeds",
  "join",
  "cache",
  "version",
  "resources",
] as const;
const CONFIG_KEYS = ["seed", "resources", "stages"];
const VARIANT_KEYS = ["with", "inputs"];
/** Names of axes that are not a matrix's. */
const RESERVED = ["variant", "seed", "trial"];
export const MOST_SEEDS = 1000;
/** Shorter than a digest, so that the two are never taken for each other. */
export const VERSION = /^[A-Za-z0-9._+-]{1,40}$/;

/** `config` and `project` are the absolute folders that modules are looked for in. */
export function readShape(
  root: Tree,
  folders: { readonly config: string; readonly project: string },
  problems: Problem[],
): Shape {
  return new ShapeReader(folders, problems).read(root);
}

class ShapeReader extends TreeReader {
  readonly #edges: Edge[] = [];
  readonly #uses: Use[] = [];

  constructor(
    readonly folders: { readonly config: string; readonly project: string },
    problems: Problem[],
  ) {
    super(problems);
  }

  read(root: Tree): Shape {
    const none = { seed: 1, stages: [], edges: [], uses: [] };
    const config = this.map(root, 'a map with the key "stages"');
    if (config === null) return none;
    const base = child(config, "base");
    if (base !== undefined && child(config, "stages") === undefined) {
      const help = "`deno task sweep` runs it";
      this.complain("This is a sweep, not a config", base.key, help);
      return none;
    }
    const nodes = child(config, "nodes");
    if (nodes !== undefined && child(config, "stages") === undefined) {
      const help = "The config stands beside it, without `.lock` in its name";
      this.complain("This is a lock file, not a config", nodes.key, help);
      return none;
    }
    this.keys(config, CONFIG_KEYS, "a config", OWN_KEY);
    const seed = child(config, "seed");
    const stages = child(config, "stages");
    if (stages === undefined) this.complain('The key "stages" is missing', config.place);
    const map = stages === undefined ? null : this.map(stages.value, "a map of stages");
    if (map?.entries.size === 0) this.complain("There is no stage", map.place);
    const resources = readResources(child(config, "resources")?.value, NO_RESOURCES, this);
    return {
      seed: this.whole(seed?.value, 0, Number.MAX_SAFE_INTEGER) ?? 1,
      stages: this.entries(map).map(([name, entry]) => this.#stage(name, entry, resources)),
      edges: this.#edges,
      uses: this.#uses,
    };
  }

  #stage(name: string, entry: Entry, resources: Resources): StageConfig {
    this.name(name, entry.key, "a stage");
    const map = this.map(entry.value, 'a map with the key "uses"');
    if (map !== null) this.keys(map, STAGE_KEYS, "a stage");
    const of = (key: typeof STAGE_KEYS[number]) =>
      map === null ? undefined : child(map, key)?.value;
    const uses = of("uses");
    if (map !== null && uses === undefined) {
      this.complain(`The stage "${name}" has no key "uses"`, entry.key, "Name its stage file");
    }
    const text = uses === undefined ? null : this.text(uses);
    const join = of("join");
    if (join !== undefined && !(join.kind === "scalar" && join.value === "product")) {
      this.wanted(join, '"product"');
    }
    return {
      name,
      uses: text ?? "",
      module: text === null || uses === undefined ? "" : this.#module(text, uses.place),
      with: this.object(of("with")),
      inputs: this.#inputs(name, of("inputs")),
      variants: this.#variants(name, of("variants")),
      matrix: this.#matrix(of("matrix")),
      seeds: this.whole(of("seeds"), 1, MOST_SEEDS),
      join: join === undefined ? null : "product",
      cache: this.boolean(of("cache")) ?? true,
      version: this.#version(of("version")),
      trials: [],
      resources: readResources(of("resources"), resources, this),
    };
  }

  #version(tree: Tree | undefined): string | null {
    if (tree === undefined) return null;
    const value = tree.kind === "scalar" ? tree.value : null;
    const text = Number.isSafeInteger(value) ? String(value) : value;
    return typeof text === "string" && VERSION.test(text)
      ? text
      : this.wanted(tree, "a version: a whole number, or up to 40 letters, digits and . _ - +");
  }

  #module(uses: string, place: Place): string {
    const { module, problem, help } = moduleOf(uses, this.folders);
    if (problem !== undefined) this.complain(problem, place, help);
    else this.#uses.push({ uses, module, place });
    return module;
  }

  #variants(stage: string, tree: Tree | undefined): Variant[] {
    const map = tree === undefined ? null : this.map(tree, "a map of variants");
    if (map?.entries.size === 0) this.complain("There is no variant", map.place);
    return this.entries(map).map(([name, { key, value }]) => {
      this.name(name, key, "a variant");
      // `baseline:` with nothing behind it is what YAML's users write for "as it stands".
      const empty = value.kind === "scalar" && value.value === null;
      const variant = empty ? null : this.map(value, "a map");
      if (variant !== null) this.keys(variant, VARIANT_KEYS, "a variant");
      const of = (key: string) => variant === null ? undefined : child(variant, key)?.value;
      return { name, with: this.object(of("with")), inputs: this.#inputs(stage, of("inputs")) };
    });
  }

  #matrix(tree: Tree | undefined): Record<string, readonly Json[]> {
    const map = tree === undefined ? null : this.map(tree, "a map of lists");
    if (map?.entries.size === 0) this.complain("The matrix is empty", map.place);
    return Object.fromEntries(
      this.entries(map).map(([name, { key, value }]) => {
        this.name(name, key, "an axis");
        if (RESERVED.includes(name)) this.complain(`No axis can be called "${name}"`, key);
        if (value.kind !== "list") {
          this.wanted(value, "a list of values");
          return [name, []];
        }
        if (value.items.length === 0) {
          this.complain("Found an empty list, wanted at least one value", value.place);
        }
        const seen = new Set<string>();
        for (const item of value.items) {
          const text = JSON.stringify(toJson(item));
          if (seen.has(text)) this.complain(`${show(item)} is here already`, item.place);
          seen.add(text);
        }
        return [name, value.items.map(toJson)];
      }),
    );
  }

  #inputs(consumer: string, tree: Tree | undefined): Record<string, readonly Reference[]> {
    const map = tree === undefined ? null : this.map(tree, "a map of inputs");
    return Object.fromEntries(
      this.entries(map).map(([name, { key, value }]) => {
        this.name(name, key, "an input");
        if (value.kind === "list" && value.items.length === 0) {
          this.complain("Found an empty list, wanted at least one stage", value.place);
        }
        const items = value.kind === "list" ? value.items : [value];
        return [name, items.flatMap((item) => this.#reference(consumer, item) ?? [])];
      }),
    );
  }

  #reference(consumer: string, tree: Tree): Reference | null {
    const wanted = '"stage", "stage.output" or "stage@cell.output"';
    if (tree.kind !== "scalar" || typeof tree.value !== "string") return this.wanted(tree, wanted);
    const reference = parseReference(tree.value);
    if (reference === null) return this.wanted(tree, wanted);
    this.#edges.push({ consumer, reference, place: tree.place });
    return reference;
  }
}
