/** A config's values with the place of each. What is read becomes a tree first, so that all complaints have a place. */
import type { Json } from "../json.ts";

/** Offsets [start, end) in the file, or the `--set` that brought a value in. */
export type Place = { readonly start: number; readonly end: number } | {
  readonly override: string;
};

export interface ScalarTree {
  readonly kind: "scalar";
  readonly value: null | boolean | number | string;
  readonly place: Place;
}
export interface ListTree {
  readonly kind: "list";
  readonly items: readonly Tree[];
  readonly place: Place;
}
export interface Entry {
  readonly key: Place;
  readonly value: Tree;
}
export interface MapTree {
  readonly kind: "map";
  readonly entries: ReadonlyMap<string, Entry>;
  readonly place: Place;
}
/** A value that has been complained about; it stands where it was so that nothing complains of its absence. */
export interface BadTree {
  readonly kind: "bad";
  readonly place: Place;
}
export type Tree = ScalarTree | ListTree | MapTree | BadTree;

export type Path = readonly (string | number)[];

/** A problem with the place that it is about; null: the file as a whole. */
export interface Problem {
  readonly message: string;
  readonly help?: string;
  readonly place: Place | null;
}

export function isFromOverride(place: Place): place is { readonly override: string } {
  return "override" in place;
}

/**
 * The key under which a map holds the short form of a value, where an override has given that a part:
 * `train.optimizer.learningRate=0.01` makes `{ =: rmsprop, learningRate: 0.01 }` of `rmsprop`. Which key it
 * stands for the stage's schema says, which is known in the plan.
 */
export const SHORT = "=";

/** Plain data. Keys such as `__proto__` never get into a tree. */
export function toJson(tree: Tree): Json {
  if (tree.kind === "scalar") return tree.value;
  if (tree.kind === "bad") return null;
  if (tree.kind === "list") return tree.items.map(toJson);
  return Object.fromEntries([...tree.entries].map(([key, { value }]) => [key, toJson(value)]));
}

/** What stands one step further, if it is there. */
export function child(tree: Tree, step: string | number): Entry | undefined {
  if (tree.kind === "map") return tree.entries.get(String(step));
  if (tree.kind !== "list" || typeof step !== "number") return undefined;
  const item = tree.items[step];
  // An entry of a list has no key; its own place stands for it.
  return item === undefined ? undefined : { key: item.place, value: item };
}

/** As the plan merges a variant's `with`: maps of one `type` key by key, anything else is replaced. */
export function mergeTrees(base: Tree, over: Tree): Tree {
  if (base.kind !== "map" || over.kind !== "map" || !sameType(base, over)) return over;
  const entries = new Map(base.entries);
  for (const [key, entry] of over.entries) {
    const before = entries.get(key);
    entries.set(
      key,
      before === undefined ? entry : { ...entry, value: mergeTrees(before.value, entry.value) },
    );
  }
  return { ...over, entries };
}

/** True unless both maps say a `type`, and not the same. */
export function sameType(base: MapTree, over: MapTree): boolean {
  const [one, other] = [base, over].map(({ entries }) =>
    (entries.get("type") ?? entries.get(SHORT))?.value
  );
  return one === undefined || other === undefined ||
    JSON.stringify(toJson(one)) === JSON.stringify(toJson(other));
}

/** A value in a message, shortened. */
export function show(tree: Tree): string {
  if (tree.kind === "map") return "a map";
  if (tree.kind === "list") return "a list";
  if (tree.kind === "bad" || tree.value === null) return "nothing";
  return quote(tree.value);
}

/** Text or a number in a message, in quotes where it is text, shortened. */
export function quote(value: string | number | boolean): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 56)}..."` : text;
}
