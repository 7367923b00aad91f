/** From zod's complaints about params to ours: where, what was found, what was wanted. */
import type { z } from "zod";
import type { ParamIssue } from "../stage.ts";

type Issue = z.core.$ZodIssue;

/** All complaints, each at its own place. `params` is what was looked at. */
export function paramIssues(issues: readonly Issue[], params: unknown): ParamIssue[] {
  return issues.flatMap((issue) => explain(issue, params, []));
}

function explain(issue: Issue, params: unknown, above: readonly (string | number)[]): ParamIssue[] {
  // Keys of plain data are text or numbers, never symbols.
  const path = [...above, ...issue.path as (string | number)[]];
  const at = (message: string): ParamIssue[] => [{ path, message }];
  const found = valueAt(params, path);
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => ({
        path: [...path, key],
        message: `Unknown key "${key}"`,
        unknown: key,
      }));
    case "invalid_type":
      if (found === undefined) return at(`"${path.at(-1)}" is missing: wanted ${typeName(issue)}`);
      return at(`Found ${show(found)}, wanted ${typeName(issue)}`);
    case "invalid_value": {
      const values = issue.values.map((value) => JSON.stringify(value)).join(", ");
      return [{
        path,
        message: found === undefined
          ? `"${path.at(-1)}" is missing: wanted one of ${values}`
          : `Found ${show(found)}, wanted ${issue.values.length > 1 ? "one of " : ""}${values}`,
        ...(typeof found === "string" ? { unknown: found, known: issue.values.map(String) } : {}),
      }];
    }
    case "too_small":
      return at(
        `Found ${size(found)}, wanted ${
          issue.inclusive ? "at least" : "more than"
        } ${issue.minimum}`,
      );
    case "too_big":
      return at(
        `Found ${size(found)}, wanted ${
          issue.inclusive ? "at most" : "less than"
        } ${issue.maximum}`,
      );
    case "invalid_union": {
      // The branch for this kind of value is the one that was meant; of several, the one that came furthest.
      const meant = issue.errors.filter((errors) => errors.every((error) => isMeant(error, found)));
      const branches = (meant.length > 0 ? meant : issue.errors).map((errors) =>
        errors.flatMap((error) => explain(error, params, path))
      ).filter((branch) => branch.length > 0);
      if (branches.length === 0 && "options" in issue && Array.isArray(issue.options)) {
        // None of the values that tell which branch is meant.
        return explain({ ...issue, code: "invalid_value", values: issue.options }, params, above);
      }
      const depth = (branch: readonly ParamIssue[]) =>
        Math.max(...branch.map((one) => one.path.length));
      const deepest = Math.max(0, ...branches.map(depth));
      if (deepest > path.length || branches.length === 1) {
        return branches.find((one) => depth(one) === deepest) ?? [];
      }
      const wanted = branches.flatMap((branch) =>
        branch.flatMap(({ message }) => /wanted (.*)$/.exec(message)?.[1] ?? [])
      );
      if (wanted.length === 0) return at(issue.message);
      const all = [...new Set(wanted)].join(" or ");
      return at(
        found === undefined
          ? `"${path.at(-1)}" is missing: wanted ${all}`
          : `Found ${show(found)}, wanted ${all}`,
      );
    }
    default:
      return at(issue.message);
  }
}

/** False if a complaint is that the value, which it is about, is of another kind altogether. */
function isMeant(issue: Issue, found: unknown): boolean {
  if (issue.path.length > 0) return true;
  switch (issue.code) {
    case "invalid_type":
      return false;
    case "invalid_value":
      return typeof found === "string";
    case "invalid_union":
      return issue.errors.some((errors) => errors.every((error) => isMeant(error, found)));
    default:
      return true;
  }
}

function typeName(issue: Issue & { code: "invalid_type" }): string {
  const names: Record<string, string> = {
    object: "a map",
    record: "a map",
    array: "a list",
    tuple: "a list",
    string: "text",
    number: "a number",
    int: "a whole number",
    boolean: "true or false",
    null: "null",
  };
  return names[issue.expected] ?? issue.expected;
}

/** A value as the user wrote it, shortened. */
function show(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function size(value: unknown): string {
  if (typeof value === "string") return `${value.length} characters`;
  return Array.isArray(value) ? `${value.length} entries` : show(value);
}

function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  let at: unknown = value;
  for (const key of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return undefined;
    at = Reflect.get(at, key);
  }
  return at;
}
