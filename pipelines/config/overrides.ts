/** `--set`: changes of a config's tree, made before it is checked, so that both are checked alike. */
import { suggest } from "./nearest.ts";
import {
  child,
  type Entry,
  isFromOverride,
  type MapTree,
  mergeTrees,
  type Problem,
  sameType,
  SHORT,
  show,
  type Tree,
} from "./tree.ts";
import { parseYaml } from "./yaml.ts";

/** What `stage.KEY` sets beside the params in `with`; `stage.with.KEY` is always a param. */
const STAGE_KEYS = ["seeds", "join", "cache", "version", "resources"];
/** Keys of a stage that are no params, and that no override can change. */
const FIXED_KEYS = ["uses", "inputs", "variants", "matrix"];
const CONFIG_KEYS = ["seed"];

const FORMS = 'Write "stage.param=value", "stage@variant.param=value" or "seed=value"';

/** The tree after `overrides`, in their order. A bad one changes nothing and is complained about. */
export function applyOverrides(
  root: Tree,
  overrides: readonly string[],
  problems: Problem[],
): Tree {
  let tree = root;
  for (const text of overrides) tree = applyOverride(tree, text, problems);
  return tree;
}

function applyOverride(root: Tree, text: string, problems: Problem[]): Tree {
  const complain = (message: string, help?: string): Tree => {
    problems.push({
      message,
      ...(help === undefined ? {} : { help }),
      place: { override: text },
    });
    return root;
  };
  const sign = text.indexOf("=");
  if (sign < 1) return complain("It has no value", FORMS);
  const [head = "", ...path] = text.slice(0, sign).trim().split(".");
  if (head === "" || path.includes("") || path.includes("__proto__")) {
    return complain("It is no path of names", FORMS);
  }
  const before = problems.length;
  const value = parseYaml(text.slice(sign + 1), problems, text);
  if (value === null || problems.length > before) return root;
  // On one line `a: 1` and `- 1` are more likely text than a map and a list.
  const isBlock = (value.kind === "map" || value.kind === "list") &&
    !/[{[]/.test(text.charAt(sign + 1));
  if (isBlock) {
    return complain(
      `Found ${show(value)} without brackets`,
      `Write ${value.kind === "map" ? '"{a: 1}"' : '"[1, 2]"'}, or put text into quotes`,
    );
  }
  if (path.length === 0) {
    if (CONFIG_KEYS.includes(head)) return set(root, [head], value, text);
    const isStage = stageNames(root).includes(head);
    return isStage
      ? complain(`"${head}" is a stage, and has no value of its own`, FORMS)
      : complain(`There is no "${head}"`, suggest(head, CONFIG_KEYS) ?? FORMS);
  }
  const [stage = "", variant] = head.split("@", 2);
  if (child(root, "stages")?.value.kind !== "map") return root;
  const entry = at(root, ["stages", stage]);
  if (entry === undefined) {
    return complain(`There is no stage "${stage}"`, suggest(stage, stageNames(root)));
  }
  // What is no map is complained about where it stands.
  if (entry.kind !== "map") return root;
  const place = ["stages", stage];
  const first = path[0] ?? "";
  if (first === "with") path.shift();
  else if (FIXED_KEYS.includes(first)) {
    return complain(
      `Cannot change the ${first} of a stage`,
      `A param of that name is "${stage}.with.${path.join(".")}"`,
    );
  } else if (STAGE_KEYS.includes(first)) {
    if (variant !== undefined) {
      return complain(`"${first}" belongs to the stage`, `Write "${stage}.${first}=..."`);
    }
    if (path.length > 1 && first !== "resources") return complain(`"${first}" has no parts`);
    return set(root, [...place, ...path], value, text);
  }
  if (path.length === 0) return complain('"with" needs the name of a param behind it', FORMS);

  let params = at(root, [...place, "with"]) ?? emptyMap(text);
  if (variant !== undefined) {
    place.push("variants", variant);
    const variants = child(entry, "variants")?.value;
    const names = variants?.kind === "map" ? [...variants.entries.keys()] : [];
    if (!names.includes(variant)) {
      return complain(
        `The stage "${stage}" has no variant "${variant}"`,
        names.length === 0 ? `Write "${stage}.${path.join(".")}=..."` : suggest(variant, names),
      );
    }
    params = mergeTrees(params, at(root, [...place, "with"]) ?? emptyMap(text));
  }
  if (params.kind !== "map") return root;
  // A path that goes deeper than a param changes only what it names of the value that held before.
  const param = path[0] ?? "";
  const changed = change(params.entries.get(param)?.value, path.slice(1), value, text);
  if (typeof changed === "string") return complain(changed);
  return set(root, [...place, "with", param], changed, text);
}

/** The value with the part at `path` replaced; text: what is wrong with the path. */
function change(
  old: Tree | undefined,
  path: readonly string[],
  value: Tree,
  override: string,
): Tree | string {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (old?.kind === "list") {
    const index = /^\d+$/.test(step) ? Number(step) : -1;
    const item = old.items[index];
    if (item === undefined) {
      const most = old.items.length - 1;
      return `Found "${step}" where a list is, wanted ${
        most < 0 ? "none: it is empty" : `a number from 0 to ${most}`
      }`;
    }
    const changed = change(item, rest, value, override);
    if (typeof changed === "string") return changed;
    return { ...old, items: old.items.with(index, changed) };
  }
  let map: MapTree;
  if (old?.kind === "map") map = old;
  else if (old?.kind === "scalar" && old.value !== null && old.value !== step) {
    map = withEntry(emptyMap(override), SHORT, old, override);
  } else map = emptyMap(override); // A word such as `flatten` is a map of that key, without settings.
  const changed = change(map.entries.get(step)?.value, rest, value, override);
  if (typeof changed === "string") return changed;
  const whole = withEntry(map, step, changed, override);
  return sameType(map, whole) ? whole : { ...whole, entries: ofOverrides(whole) };
}

/** Of a map whose type is another now: what the file said belongs to the old one, what overrides said does not. */
function ofOverrides({ entries }: MapTree): MapTree["entries"] {
  return new Map([...entries].filter(([, { value }]) => isFromOverride(value.place)));
}

/** The tree with `value` at `path` of maps, which are made where there are none. */
function set(tree: Tree, path: readonly string[], value: Tree, override: string): Tree {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  const isEmpty = tree.kind === "scalar" && tree.value === null;
  const map = tree.kind === "map" ? tree : isEmpty ? emptyMap(override) : null;
  if (map === null) return tree;
  const next = map.entries.get(step)?.value ?? emptyMap(override);
  return withEntry(map, step, set(next, rest, value, override), override);
}

function withEntry(map: MapTree, name: string, value: Tree, override: string): MapTree {
  const old: Entry | undefined = map.entries.get(name);
  const entries = new Map(map.entries);
  return { ...map, entries: entries.set(name, { key: old?.key ?? { override }, value }) };
}

function emptyMap(override: string): MapTree {
  return { kind: "map", entries: new Map(), place: { override } };
}

function at(tree: Tree, path: readonly string[]): Tree | undefined {
  let found: Tree | undefined = tree;
  for (const step of path) found = found === undefined ? undefined : child(found, step)?.value;
  return found;
}

function stageNames(root: Tree): string[] {
  const stages = at(root, ["stages"]);
  return stages?.kind === "map" ? [...stages.entries.keys()] : [];
}
