/** Whether what was read is a record: all that its readers rely on is looked at. */
import type { Key } from "../plan/plan.ts";
import type { RunRecord, StageRecord } from "./store.ts";

/** A record that belongs to its key has the fingerprint whose digest that is; `verify` hashes it. */
export function isRecord(value: unknown, key: Key): value is StageRecord {
  if (typeof value !== "object" || value === null) return false;
  const record = value as Partial<Record<keyof StageRecord, unknown>>; // looked at below
  const { outputs, fingerprint } = record;
  return record.version === 1 && record.key === key &&
    typeof fingerprint === "object" && fingerprint !== null &&
    isDigests(outputs) && isFingerprint(fingerprint) && isMade(record.made);
}

/** As far as it is read before its digest is known to be its key. */
function isFingerprint(value: object): boolean {
  const { format, stage, code, packages, kernels, inputs } = fieldsOf(value);
  const isTexts = (one: unknown) =>
    typeof one === "object" && one !== null &&
    Object.values(one).every((text) => typeof text === "string");
  const isArtifacts = (list: unknown) =>
    Array.isArray(list) && list.every((one) => isHex(fieldsOf(one)["digest"]));
  return typeof format === "string" && typeof stage === "string" && isTexts(code) &&
    isTexts(packages) && isTexts(kernels) && typeof inputs === "object" && inputs !== null &&
    Object.values(inputs).every(isArtifacts);
}

function isMade(value: unknown): boolean {
  const { run, bundle, started, milliseconds, deno, platform } = fieldsOf(value);
  return [run, started, deno, platform].every((one) => typeof one === "string") &&
    isHex(bundle) && typeof milliseconds === "number";
}

export function isRun(value: unknown): value is RunRecord {
  if (typeof value !== "object" || value === null) return false;
  const record = value as Partial<Record<keyof RunRecord, unknown>>; // looked at below
  const isTexts = (list: unknown) =>
    Array.isArray(list) && list.every((one) => typeof one === "string");
  return record.version === 1 && typeof record.id === "string" && Array.isArray(record.nodes) &&
    record.nodes.every(isNodeResult) && typeof record.started === "string" &&
    typeof record.config === "string" && isTexts(record.command) && isTexts(record.overrides) &&
    typeof record.milliseconds === "number" && typeof record.deno === "string" &&
    (record.git === null || typeof fieldsOf(record.git)["commit"] === "string");
}

/** What every reader of a run relies on; the rest is looked at where it is used. */
function isNodeResult(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const result = value as Partial<Record<keyof RunRecord["nodes"][number], unknown>>; // looked at below
  const { key, outputs, diverged, missing = [] } = result;
  const isTextIfThere = (one: unknown) => one === undefined || typeof one === "string";
  return typeof result.node === "string" && typeof result.outcome === "string" &&
    typeof result.milliseconds === "number" && (key === null || isHex(key)) &&
    [result.message, result.log, result.accepted, result.version].every(isTextIfThere) &&
    (outputs === undefined || isDigests(outputs)) &&
    Array.isArray(missing) && missing.every((one) => typeof one === "string") &&
    (diverged === undefined || isDivergence(diverged));
}

function isDivergence(value: unknown): boolean {
  const { before, now, output, tensor } = fieldsOf(value);
  const isSide = (side: unknown) =>
    typeof fieldsOf(side)["run"] === "string" && isDigests(fieldsOf(side)["outputs"]);
  return isSide(before) && isSide(now) && typeof output === "string" &&
    (tensor === null || typeof tensor === "string");
}

function isHex(value: unknown): boolean {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}

function isDigests(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.values(value).every(isHex);
}

/** The fields of an object, none of anything else: nothing is known of what they hold. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
