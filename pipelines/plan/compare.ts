/** Why a result is not there: two fingerprints, field by field. */
import type { Json } from "../json.ts";
import { canonicalJson } from "../store/canonical.ts";
import type { Fingerprint } from "../store/store.ts";
import type { MissReason, Node } from "./plan.ts";

/** The first difference that matters to the reader: what he wrote himself before what followed from it. */
export function compare(before: Fingerprint, now: Fingerprint, node: Node): MissReason {
  if (before.format !== now.format) return { type: "format", old: before.format, new: now.format };
  if (!same(before.params, now.params)) return paramReason(before.params, now.params);
  if (before.seed !== now.seed && before.seed !== null && now.seed !== null) {
    return { type: "seed", old: before.seed, new: now.seed };
  }
  if (!same({ ...before.code }, { ...now.code }) || before.stage !== now.stage) {
    const names = differing({ ...before.code }, { ...now.code });
    return { type: "code", module: names[0] ?? now.stage, more: Math.max(0, names.length - 1) };
  }
  const [name] = differing({ ...before.packages }, { ...now.packages });
  if (name !== undefined) {
    return {
      type: "package",
      package: name,
      old: (before.packages[name] ?? "none").split(" ")[0] ?? "",
      new: (now.packages[name] ?? "none").split(" ")[0] ?? "",
    };
  }
  const [family] = differing({ ...before.kernels }, { ...now.kernels });
  if (family !== undefined) return { type: "kernels", family };
  if (before.numerics !== now.numerics) {
    return { type: "numerics", old: before.numerics ?? "none", new: now.numerics ?? "none" };
  }
  for (const input of new Set([...Object.keys(now.inputs), ...Object.keys(before.inputs)])) {
    const old = before.inputs[input] ?? [], next = now.inputs[input] ?? [];
    const at = next.findIndex((one, index) =>
      one.digest !== old[index]?.digest || one.name !== old[index]?.name
    );
    const feeds = node.feeds[input] ?? [];
    const feed = feeds[Math.max(0, at)];
    if ((at >= 0 || old.length !== next.length) && feed !== undefined) {
      return { type: "input", input, node: feed.node };
    }
  }
  return { type: "never-run" };
}

function same(a: Json, b: Json): boolean {
  return canonicalJson(a) === canonicalJson(b);
}

/** Keys whose values differ, sorted. */
function differing(
  a: Readonly<Record<string, Json>>,
  b: Readonly<Record<string, Json>>,
): string[] {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].filter((key) => a[key] !== b[key]).sort();
}

function paramReason(before: Json, now: Json): MissReason {
  const found = changedParams(before, now);
  const [first] = found;
  return {
    type: "params",
    path: "",
    old: "",
    new: "",
    ...first,
    more: Math.max(0, found.length - 1),
  };
}

/** Each place where two trees of params part, as text. */
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
  if (value === undefined) return "nothing";
  const text = canonicalJson(value);
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
