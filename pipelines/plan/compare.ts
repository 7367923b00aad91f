/** Why a result is not there: two fingerprints, field by field. */
import type { Json } from "../json.ts";
import { canonicalJson } from "../store/canonical.ts";
import type { Fingerprint } from "../store/store.ts";
import type { Digest, MissReason, Node } from "./plan.ts";

/** One difference between two fingerprints. Digests and packages are null where there is none. */
export type Change =
  | { readonly type: "format"; readonly old: string; readonly new: string }
  /** A param's path, and both values as JSON; "nothing" where there is none. */
  | {
    readonly type: "params";
    readonly path: string;
    readonly old: string;
    readonly new: string;
  }
  | { readonly type: "seed"; readonly old: number | null; readonly new: number | null }
  | { readonly type: "stage"; readonly old: string; readonly new: string }
  /** `version:` in the config, which stands for code and packages; null: the code itself counts. */
  | { readonly type: "version"; readonly old: string | null; readonly new: string | null }
  | {
    readonly type: "code";
    readonly module: string;
    readonly old: Digest | null;
    readonly new: Digest | null;
  }
  | {
    readonly type: "package";
    readonly package: string;
    readonly old: string | null;
    readonly new: string | null;
  }
  | {
    readonly type: "kernels";
    readonly family: string;
    readonly old: Digest | null;
    readonly new: Digest | null;
  }
  | { readonly type: "numerics"; readonly old: string | null; readonly new: string | null }
  /** The artifact at this place of an input; `name`: what the stage sees it called, where it does. */
  | {
    readonly type: "input";
    readonly input: string;
    readonly index: number;
    readonly name: string | null;
    readonly old: Digest | null;
    readonly new: Digest | null;
  };

/** What decides a result, and the modules of its code, by which a change of that is told. */
export interface Decided {
  readonly fingerprint: Fingerprint;
  /** Asked where the code is another one; empty where nobody knows any more. */
  readonly modules: () => Readonly<Record<string, Digest>>;
}

/** Stands for a module where the code is another one, and none of its modules is. */
const BUILD = "its build";

/** All differences: what the user wrote himself before what followed from it. */
export function changesOf(old: Decided, next: Decided): Change[] {
  const [before, now] = [old.fingerprint, next.fingerprint];
  const found: Change[] = [];
  const [pinned, pins] = [versionOf(before), versionOf(now)];
  // A version stands for the bundler's part of the format, too.
  const formatOf = ({ format }: Fingerprint) => pinned === pins ? format : format.split(", ")[0];
  if (formatOf(before) !== formatOf(now)) {
    found.push({ type: "format", old: before.format, new: now.format });
  }
  for (const change of changedParams(before.params, now.params)) {
    found.push({ type: "params", ...change });
  }
  if (before.seed !== now.seed) found.push({ type: "seed", old: before.seed, new: now.seed });
  if (before.stage !== now.stage) found.push({ type: "stage", old: before.stage, new: now.stage });
  if (pinned !== pins) found.push({ type: "version", old: pinned, new: pins });
  else if (pinned === null) {
    const packages = differing(before.packages, now.packages);
    if (canonicalJson(before.code) !== canonicalJson(now.code)) {
      const [table, tableNow] = [old.modules(), next.modules()];
      const isKnown = Object.keys(table).length > 0 && Object.keys(tableNow).length > 0;
      const modules = isKnown ? differing(table, tableNow) : [];
      for (const [module, old, next] of modules) {
        found.push({ type: "code", module, old, new: next });
      }
      if (modules.length + packages.length === 0) {
        found.push({ type: "code", module: BUILD, old: builtOf(before), new: builtOf(now) });
      }
    }
    for (const [name, old, next] of packages) {
      found.push({ type: "package", package: name, old, new: next });
    }
  }
  for (const [family, old, next] of differing(before.kernels, now.kernels)) {
    found.push({ type: "kernels", family, old, new: next });
  }
  if (before.numerics !== now.numerics) {
    found.push({ type: "numerics", old: before.numerics, new: now.numerics });
  }
  for (const input of new Set([...Object.keys(now.inputs), ...Object.keys(before.inputs)])) {
    const old = before.inputs[input] ?? [], next = now.inputs[input] ?? [];
    for (let index = 0; index < Math.max(old.length, next.length); index++) {
      const [a, b] = [old[index], next[index]];
      if (a?.digest === b?.digest && a?.name === b?.name) continue;
      found.push({
        type: "input",
        input,
        index,
        name: b?.name ?? a?.name ?? null,
        old: a?.digest ?? null,
        new: b?.digest ?? null,
      });
    }
  }
  return found;
}

/** The version that stands for a fingerprint's code, if one does. */
export function versionOf({ code }: Fingerprint): string | null {
  // Digests are 64 digits, which no module's name can make a version.
  const { version } = code;
  return version === undefined || /^[0-9a-f]{64}$/.test(version) ? null : version;
}

function builtOf({ code }: Fingerprint): Digest | null {
  return "built" in code ? code.built ?? null : null;
}

/** The first difference, as the reason for which `node` is not a hit. */
export function compare(before: Decided, now: Fingerprint, node: Node): MissReason {
  const changes = changesOf(before, { fingerprint: now, modules: () => node.code.modules });
  for (const change of changes) {
    const more = changes.filter(({ type }) => type === change.type).length - 1;
    switch (change.type) {
      case "format":
        return change;
      case "params":
        return { ...change, old: brief(change.old), new: brief(change.new), more };
      case "seed":
        // A stage that began to draw numbers has changed its code.
        if (change.old === null || change.new === null) break;
        return { type: "seed", old: change.old, new: change.new };
      case "stage":
        return { type: "code", module: change.new, more: 0 };
      case "version":
        return { type: "version", old: change.old ?? "none", new: change.new ?? "none" };
      case "code":
        return { type: "code", module: change.module, more };
      case "package": {
        const version = (text: string | null) => (text ?? "none").split(" ")[0] ?? "";
        return { ...change, old: version(change.old), new: version(change.new) };
      }
      case "kernels":
        return { type: "kernels", family: change.family };
      case "numerics":
        return { type: "numerics", old: change.old ?? "none", new: change.new ?? "none" };
      case "input": {
        const feeds = node.feeds[change.input] ?? [];
        const feed = feeds[Math.min(change.index, feeds.length - 1)];
        if (feed === undefined) break;
        return { type: "input", input: change.input, node: feed.node };
      }
      default:
        change satisfies never;
    }
  }
  return { type: "never-run" };
}

function same(a: Json, b: Json): boolean {
  return canonicalJson(a) === canonicalJson(b);
}

/** Keys whose values differ, sorted, with both values. */
function differing<T extends string>(
  a: Readonly<Record<string, T>>,
  b: Readonly<Record<string, T>>,
): [key: string, old: T | null, now: T | null][] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()
    .filter((key) => a[key] !== b[key])
    .map((key) => [key, a[key] ?? null, b[key] ?? null]);
}

/** Each place where two trees of params part, as JSON. */
export function changedParams(
  before: Json,
  now: Json,
): { readonly path: string; readonly old: string; readonly new: string }[] {
  const found: { path: string; old: string; new: string }[] = [];
  const visit = (a: Json | undefined, b: Json | undefined, path: string) => {
    if (a !== undefined && b !== undefined && same(a, b)) return;
    if (isTree(a) && isTree(b) && Array.isArray(a) === Array.isArray(b)) {
      for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
        visit(Reflect.get(a, key), Reflect.get(b, key), path === "" ? key : `${path}.${key}`);
      }
      return;
    }
    found.push({ path, old: show(a), new: show(b) });
  };
  visit(before, now, "");
  return found;
}

function isTree(value: Json | undefined): value is object & Json {
  return typeof value === "object" && value !== null;
}

function show(value: Json | undefined): string {
  return value === undefined ? "nothing" : canonicalJson(value);
}

/** At most 40 characters of a value. */
export function brief(text: string): string {
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}

/** A miss reason in words. */
export function describeReason(reason: MissReason): string {
  const more = (count: number) => count > 0 ? `, and ${count} more` : "";
  switch (reason.type) {
    case "never-run":
      return "it has never run";
    case "forced":
      return "it is forced";
    case "not-cached":
      return "it says cache: false";
    case "params":
      return `${reason.path} was ${reason.old}, is ${reason.new}${more(reason.more)}`;
    case "code":
      return `the code changed: ${reason.module}${more(reason.more)}`;
    case "version":
      return `its version was ${reason.old}, is ${reason.new}`;
    case "package":
      return `the package ${reason.package} was ${reason.old}, is ${reason.new}`;
    case "kernels":
      return `the kernels "${reason.family}" changed`;
    case "input":
      return `${reason.node} gave another "${reason.input}"`;
    case "seed":
      return `the seed was ${reason.old}, is ${reason.new}`;
    case "numerics":
      return `the backend was ${reason.old}, is ${reason.new}`;
    case "format":
      return `the format was ${reason.old}, is ${reason.new}`;
    case "output-missing":
      return `its output "${reason.output}" is not whole: ${reason.detail}`;
    default:
      return reason satisfies never;
  }
}
