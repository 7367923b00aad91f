/** Reads a tree's values by kind, and complains with a place of what is another. */
import type { JsonObject } from "../json.ts";
import { habitHelp } from "./habit.ts";
import { nearest } from "./nearest.ts";
import {
  type Entry,
  type MapTree,
  type Place,
  type Problem,
  quote,
  show,
  toJson,
  type Tree,
} from "./tree.ts";

export const NAME = /^[A-Za-z0-9_-]+$/;
/** Of a file's own keys these are the user's, as a place for anchors. */
export const OWN_KEY = /^x-/;

/** Each method answers null where the value is not what is wanted, after it has said so. */
export class TreeReader {
  constructor(readonly problems: Problem[]) {}

  /** `own`: keys that are not looked at. */
  keys(map: MapTree, known: readonly string[], what: string, own: RegExp | null = null): void {
    for (const [key, entry] of map.entries) {
      if (known.includes(key) || own?.test(key) === true) continue;
      const near = nearest(key, known);
      const help = near === null
        ? `The keys of ${what} are ${known.join(", ")}`
        : `Did you mean "${near}"?`;
      this.complain(`Unknown key ${quote(key)}`, entry.key, help);
    }
  }

  name(name: string, place: Place, what: string): void {
    if (NAME.test(name)) return;
    const help = "Use letters, digits, _ and -";
    this.complain(`${quote(name)} cannot be the name of ${what}`, place, help);
  }

  map(tree: Tree, wanted: string): MapTree | null {
    return tree.kind === "map" ? tree : this.wanted(tree, wanted);
  }

  entries(map: MapTree | null): readonly (readonly [string, Entry])[] {
    return map === null ? [] : [...map.entries];
  }

  object(tree: Tree | undefined): JsonObject {
    const map = tree === undefined ? null : this.map(tree, "a map");
    return map === null
      ? {}
      : Object.fromEntries([...map.entries].map(([key, { value }]) => [key, toJson(value)]));
  }

  text(tree: Tree): string | null {
    return tree.kind === "scalar" && typeof tree.value === "string"
      ? tree.value
      : this.wanted(tree, "text");
  }

  boolean(tree: Tree | undefined): boolean | null {
    if (tree === undefined) return null;
    return tree.kind === "scalar" && typeof tree.value === "boolean"
      ? tree.value
      : this.wanted(tree, "true or false");
  }

  whole(tree: Tree | undefined, least: number, most: number): number | null {
    if (tree === undefined) return null;
    const value = tree.kind === "scalar" ? tree.value : null;
    if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) {
      return value;
    }
    return this.wanted(tree, `a whole number from ${least} to ${most}`);
  }

  wanted(found: Tree, wanted: string): null {
    if (found.kind === "bad") return null;
    const text = found.kind === "scalar" && typeof found.value === "string" ? found.value : null;
    const help = text === null ? null : habitHelp(text, wanted);
    return this.complain(`Found ${show(found)}, wanted ${wanted}`, found.place, help ?? undefined);
  }

  complain(message: string, place: Place, help?: string): null {
    this.problems.push({ message, place, ...(help === undefined ? {} : { help }) });
    return null;
  }
}
