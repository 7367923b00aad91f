/** The space of a sweep's file: which params, and what each of them may be. */
import { canonicalJson } from "../store/canonical.ts";
import { suggest } from "../config/nearest.ts";
import { child, type Entry, type MapTree, quote, show, toJson, type Tree } from "../config/tree.ts";
import { TreeReader } from "../config/tree_reader.ts";
import type { Json } from "../json.ts";
import type { Domain, Parameter } from "./sweep.ts";

/** More axes than anybody reads; also a bound on what a hostile file can ask for. */
export const MOST_PARAMETERS = 50;
export const MOST_CHOICES = 1000;

const PATH = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+$/;
const KINDS = ["choice", "float", "int"] as const;

/** Where a path of the space leads: its stage, and the cell that was written behind it. */
export interface Head {
  readonly stage: string;
  readonly cell: string | null;
}

export class SpaceReader extends TreeReader {
  /** By stage: the cell that was named, and where. */
  readonly heads: { readonly head: Head; readonly key: Entry["key"] }[] = [];

  /** The key of each path in the file. */
  readonly names = new Map<string, string>();

  /** `prefix`: the stage that all paths start from, with its cell; null: they begin with a stage of their own. */
  read(tree: Tree, prefix: Head | null, isGrid: boolean): Parameter[] {
    const map = this.map(tree, "a map of params");
    if (map === null) return [];
    if (map.entries.size === 0) this.complain("There is nothing to try", map.place);
    if (map.entries.size > MOST_PARAMETERS) {
      this.complain(`Found ${map.entries.size} params, at most ${MOST_PARAMETERS}`, map.place);
      return [];
    }
    const known: Parameter[] = [];
    for (const [name, { key, value }] of map.entries) {
      const path = this.#path(name, prefix, key);
      if (path === null) continue;
      if (known.some((one) => one.path === path)) {
        this.complain(`The param "${path}" is here already`, key);
        continue;
      }
      const domain = this.#domain(value, isGrid);
      const when = value.kind === "map" ? this.#when(child(value, "when"), prefix, known) : [];
      this.names.set(path, name);
      if (domain !== null) known.push({ path, domain, when });
    }
    return known;
  }

  /** The path without a cell; the cell is kept in `heads`. */
  #path(name: string, prefix: Head | null, key: Entry["key"]): string | null {
    const [, stage, cell, rest] = prefix === null
      ? /^([A-Za-z0-9_-]+)(?:@([A-Za-z0-9_+-]+))?(\..+)$/.exec(name) ?? []
      : [name, prefix.stage, prefix.cell ?? undefined, `.${name}`];
    if (stage === undefined || rest === undefined || !PATH.test(stage + rest)) {
      return this.complain(
        `${quote(name)} is no path to a param`,
        key,
        prefix === null
          ? 'Write "stage.param", as --set does, or name the stage once: "stage: train"'
          : `Write the name of a param of "${prefix.stage}", with dots for its parts`,
      );
    }
    this.heads.push({ head: { stage, cell: cell ?? null }, key });
    return stage + rest;
  }

  #domain(tree: Tree, isGrid: boolean): Domain | null {
    if (tree.kind === "list") return this.#choices(tree);
    const map = this.map(tree, "a list of values, or a map with float, int or choice");
    if (map === null) return null;
    const kinds = KINDS.filter((kind) => child(map, kind) !== undefined);
    const [kind] = kinds;
    if (kind === undefined || kinds.length > 1) {
      const found = kinds.length === 0 ? "none" : kinds.join(" and ");
      return this.complain(`Found ${found}, wanted one of float, int and choice`, map.place);
    }
    const value = child(map, kind)?.value;
    if (value === undefined) return null;
    if (kind === "choice") {
      this.keys(map, ["choice", "when"], "a choice");
      return this.#choices(value);
    }
    this.keys(map, [kind, "log", "step", "points", "when"], "a range");
    return this.#range(map, kind, value, isGrid);
  }

  #range(map: MapTree, kind: "float" | "int", value: Tree, isGrid: boolean): Domain | null {
    const ends = value.kind === "list" ? value.items.map(toJson) : [];
    const [min, max] = ends;
    const fits = (one: Json | undefined): one is number =>
      typeof one === "number" && (kind === "float" || Number.isSafeInteger(one));
    if (ends.length !== 2 || !fits(min) || !fits(max)) {
      const wanted = kind === "float" ? "two numbers" : "two whole numbers";
      return this.wanted(value, `[least, most], ${wanted}`);
    }
    if (min === max) {
      const help = `One value is a list of one: "[${min}]"`;
      return this.complain(`The range begins and ends at ${min}`, value.place, help);
    }
    if (min > max) {
      return this.complain(`The range ends before it begins: ${min}, ${max}`, value.place);
    }
    const log = this.boolean(child(map, "log")?.value) ?? false;
    if (log && min <= 0) {
      return this.complain(`Found ${min}, wanted more than 0 with "log"`, value.place);
    }
    const step = this.#step(child(map, "step")?.value, kind, max - min);
    if (log && step !== null && kind === "float") {
      return this.complain('"step" and "log" do not go together', map.place);
    }
    const points = this.whole(child(map, "points")?.value, 2, MOST_CHOICES);
    if (isGrid && points === null && step === null && kind === "float") {
      return this.complain(
        "A grid cannot take all of a range",
        value.place,
        'Say how many: "points: 5", or give a "step" or a list',
      );
    }
    return kind === "float"
      ? { type: kind, min, max, log, step, points }
      : { type: kind, min, max, log, step: step ?? 1, points };
  }

  #step(tree: Tree | undefined, kind: "float" | "int", most: number): number | null {
    if (tree === undefined) return null;
    const value = tree.kind === "scalar" ? tree.value : null;
    const fits = typeof value === "number" && value > 0 && value <= most &&
      (kind === "float" || Number.isInteger(value));
    return fits
      ? value
      : this.wanted(tree, `a ${kind === "int" ? "whole " : ""}number above 0, at most ${most}`);
  }

  #choices(tree: Tree): Domain | null {
    const named = tree.kind === "map"
      ? [...tree.entries].map(([name, { value }]) => ({ name, value, place: value.place }))
      : tree.kind === "list"
      ? tree.items.map((value) => ({ name: nameOf(toJson(value)), value, place: value.place }))
      : this.wanted(tree, "a list of values, or a map of names to values");
    if (named === null) return null;
    if (named.length === 0) return this.complain("There is nothing to choose from", tree.place);
    if (named.length > MOST_CHOICES) {
      return this.complain(`Found ${named.length} choices, at most ${MOST_CHOICES}`, tree.place);
    }
    const seen = new Map<string, Json>();
    for (const { name, value, place } of named) {
      const json = toJson(value);
      const same = [...seen].some(([, one]) => canonicalJson(one) === canonicalJson(json));
      if (same) this.complain(`${show(value)} is here already`, place);
      if (seen.has(name)) {
        if (!same) {
          this.complain(
            `Two choices would be called ${quote(name)}`,
            place,
            "Give them names: `choice: { narrow: [...], wide: [...] }`",
          );
        }
        continue;
      }
      seen.set(name, json);
    }
    return { type: "choice", choices: [...seen].map(([name, value]) => ({ name, value })) };
  }

  /** Only params that stand before may be asked for: so there are no circles. */
  #when(
    entry: Entry | undefined,
    prefix: Head | null,
    known: readonly Parameter[],
  ): Parameter["when"] {
    const map = entry === undefined ? null : this.map(entry.value, "a map of params to values");
    return this.entries(map).flatMap(([name, { key, value }]) => {
      const path = prefix === null ? name.replace(/@[^.]*/, "") : `${prefix.stage}.${name}`;
      const asked = known.find((one) => one.path === path);
      if (asked === undefined) {
        const names = known.map((one) =>
          prefix === null ? one.path : one.path.slice(prefix.stage.length + 1)
        );
        this.complain(`No param ${quote(name)} stands before this one`, key, suggest(name, names));
        return [];
      }
      const items = value.kind === "list" ? value.items : [value];
      const is = items.flatMap((item) => this.#asked(item, asked));
      return [{ path, is }];
    });
  }

  /** A choice may be asked for by its name or by its value. */
  #asked(tree: Tree, { path, domain }: Parameter): Json[] {
    const value = toJson(tree);
    if (domain.type !== "choice") {
      this.complain(`"${path}" is a range: a condition asks for a choice`, tree.place);
      return [];
    }
    const found = domain.choices.find((one) =>
      one.name === value || canonicalJson(one.value) === canonicalJson(value)
    );
    if (found !== undefined) return [found.value];
    const names = domain.choices.map(({ name }) => name);
    this.complain(`"${path}" is never ${show(tree)}`, tree.place, suggest(String(value), names));
    return [];
  }
}

/** How a choice without a name is called. */
function nameOf(value: Json): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}
