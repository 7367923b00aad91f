/** From YAML's nodes to a tree: aliases and merges resolved, only what JSON can hold. */
import { isAlias, isMap, isScalar, isSeq } from "yaml";
import type { Alias, Node, Pair, Scalar, YAMLMap } from "yaml";
import { type Entry, type Place, type Problem, quote, show, type Tree } from "./tree.ts";

/** Values that aliases may make of a file; a dozen lines could make billions. */
export const MOST_VALUES = 200_000;
export const MOST_LEVELS = 64;
/** Tags that say what the value is anyway. */
const CORE_TAG = /^tag:yaml\.org,2002:(?:str|int|float|bool|null|map|seq)$/;

/** Builds one tree; `place` makes places of offsets. */
export class TreeBuilder {
  readonly #anchors = new Map<string, Node>();
  readonly #keyAnchors = new Map<string, string>();
  /** What each alias meant where it was written: an anchor may be set again later. */
  readonly #targets = new Map<Alias, Node | undefined>();
  readonly #open = new Set<Node>();
  #values = 0;

  constructor(
    readonly problems: Problem[],
    readonly place: (start: number, end: number) => Place,
  ) {}

  /** `use`: the place of the alias through which this is seen, which stands for all that is below it. */
  build(node: unknown, use: Place | null, level: number): Tree {
    if (isAlias(node)) return this.#alias(node, use, level);
    if (!isScalar(node) && !isMap(node) && !isSeq(node)) {
      // A key without a value, such as the `b` of `{ a: 1, b }`.
      return { kind: "scalar", value: null, place: use ?? this.place(0, 0) };
    }
    const place = use ?? this.#placeOf(node);
    if (node.anchor !== undefined && use === null) this.#anchors.set(node.anchor, node);
    this.#values++;
    if (this.#values > MOST_VALUES) {
      if (this.#values === MOST_VALUES + 1) {
        this.#complain(`Aliases make more than ${MOST_VALUES} values of this file`, place);
      }
      return { kind: "bad", place };
    }
    if (level > MOST_LEVELS) return this.#complain(`Nests more than ${MOST_LEVELS} levels`, place);
    if (node.tag !== undefined && !CORE_TAG.test(node.tag)) {
      return this.#complain(`Found the tag "${node.tag}", wanted plain values`, place);
    }
    if (isScalar(node)) return this.#scalar(node, place);
    this.#open.add(node);
    const tree = isMap(node)
      ? this.#map(node, use, place, level)
      : this.#list(node, use, place, level);
    this.#open.delete(node);
    return tree;
  }

  #list(node: { items: unknown[] }, use: Place | null, place: Place, level: number): Tree {
    const items = node.items.map((item) => this.build(item, use, level + 1));
    return { kind: "list", items, place };
  }

  #map(node: YAMLMap, use: Place | null, place: Place, level: number): Tree {
    const entries = new Map<string, Entry>();
    const merged: (readonly [string, Entry])[] = [];
    const seen = new Set<string>();
    for (const pair of node.items) {
      const key = this.#key(pair, use);
      if (key === null) continue;
      // Before the value, because an empty one has no place of its own.
      const value = this.#value(pair, key.place, use, level);
      if (seen.has(key.name)) {
        this.#complain(`The key ${quote(key.name)} is in this map already`, key.place);
        continue;
      }
      seen.add(key.name);
      if (key.merges) {
        merged.push(...this.#merged(value));
      } else {
        entries.set(key.name, { key: key.place, value });
      }
    }
    // What the map says itself wins over what it merges, and an earlier source over a later one.
    for (const [name, entry] of merged) if (!entries.has(name)) entries.set(name, entry);
    return { kind: "map", entries, place };
  }

  #value(pair: Pair, key: Place, use: Place | null, level: number): Tree {
    const value = this.build(pair.value, use, level + 1);
    const empty = value.kind === "scalar" && value.value === null && use === null;
    return empty && "start" in value.place && value.place.start === value.place.end
      ? { ...value, place: key }
      : value;
  }

  #key(
    { key }: Pair,
    use: Place | null,
  ): { name: string; place: Place; merges: boolean } | null {
    const place = use ??
      (isScalar(key) || isMap(key) || isSeq(key) || isAlias(key)
        ? this.#placeOf(key)
        : this.place(0, 0));
    const bad = (message: string, help?: string) => {
      this.#complain(message, place, help);
      return null;
    };
    if (!isScalar(key)) return bad("Found a key that is not text");
    if (typeof key.value !== "string") {
      const written = key.source ?? String(key.value);
      return bad(
        `Found the key ${written === "" ? "nothing" : written}, wanted text`,
        `Put it in quotes: "${written}"`,
      );
    }
    if (key.anchor !== undefined) this.#keyAnchors.set(key.anchor, key.value);
    if (key.value === "__proto__" || !key.value.isWellFormed()) {
      return bad(`The key ${quote(key.value)} is not allowed`);
    }
    return { name: key.value, place, merges: key.value === "<<" && key.type === "PLAIN" };
  }

  #merged(value: Tree): readonly (readonly [string, Entry])[] {
    if (value.kind === "list") return value.items.flatMap((item) => this.#merged(item));
    if (value.kind === "map") return [...value.entries];
    if (value.kind !== "bad") {
      this.#complain(`Found ${show(value)}, wanted a map to merge`, value.place);
    }
    return [];
  }

  #scalar(node: Scalar, place: Place): Tree {
    const { value } = node;
    if (typeof value === "number") {
      if (!Number.isFinite(value)) {
        return this.#complain(`Found ${node.source ?? value}, wanted a finite number`, place);
      }
      const whole = /^[-+]?[0-9]+$|^0[xo]/.test(node.source ?? "");
      if (whole && !Number.isSafeInteger(value)) {
        return this.#complain(
          `The number ${node.source} is too large to be held exactly`,
          place,
          "Put it in quotes if it is no number",
        );
      }
      return { kind: "scalar", value, place };
    }
    if (typeof value === "string") {
      if (value.isWellFormed()) return { kind: "scalar", value, place };
      return this.#complain(`Found ${quote(value)}, which is no valid Unicode`, place);
    }
    if (typeof value === "boolean" || value === null) return { kind: "scalar", value, place };
    return this.#complain("Found a value that is not plain data", place);
  }

  #alias(node: Alias, use: Place | null, level: number): Tree {
    if (!this.#targets.has(node)) this.#targets.set(node, this.#anchors.get(node.source));
    const target = this.#targets.get(node);
    const place = use ?? this.#placeOf(node);
    const key = this.#keyAnchors.get(node.source);
    if (target === undefined && key !== undefined) {
      return this.#complain(
        `The anchor "&${node.source}" names the key ${quote(key)}, not the map that begins with it`,
        place,
        `Put that map into braces: &${node.source} { ${key}: ... }`,
      );
    }
    if (target === undefined) {
      const known = [...this.#anchors.keys()].map((name) => `*${name}`).join(", ");
      return this.#complain(
        `There is no anchor "&${node.source}" before this alias`,
        place,
        known === "" ? undefined : `There are: ${known}`,
      );
    }
    if (this.#open.has(target)) {
      return this.#complain(`The alias "*${node.source}" contains itself`, place);
    }
    return this.build(target, place, level);
  }

  #placeOf(node: { range?: [number, number, number] | null }): Place {
    return node.range ? this.place(node.range[0], node.range[1]) : this.place(0, 0);
  }

  #complain(message: string, place: Place, help?: string): Tree {
    this.problems.push({ message, place, ...(help === undefined ? {} : { help }) });
    return { kind: "bad", place };
  }
}
