/** The file beside an object's content: what it is made of. */
import type { Json } from "../json.ts";
import type { Digest } from "../plan/plan.ts";
import { digestOf } from "./canonical.ts";
import { readIfThere } from "./files.ts";
import { INFO, type ObjectInfo } from "./store.ts";

/** An object that is not there, or is not what its digest says; `folder` is its own, null where it has none yet. */
export class ObjectError extends Error {
  override readonly name = "ObjectError";
  constructor(message: string, readonly folder: string | null = null) {
    super(message);
  }
}

/** Reads and verifies: the manifest's digest must be the object's own. */
export async function readInfo(folder: string, digest: Digest): Promise<ObjectInfo> {
  const text = readIfThere(`${folder}/${INFO}`);
  if (text === null) throw new ObjectError(`There is no "${folder}/${INFO}"`, folder);
  const info = parseInfo(folder, text);
  // A manifest is JSON, as it was parsed from it.
  const found = await digestOf(info.manifest as unknown as Json);
  if (found !== digest) {
    throw new ObjectError(
      `The object "${folder}" is damaged: its manifest has the digest ${found}, not ${digest}`,
      folder,
    );
  }
  return info;
}

/** Looks at all that the code relies on; the manifest's content is vouched for by its digest. */
export function parseInfo(folder: string, text: string): ObjectInfo {
  const bad = (what: string) =>
    new ObjectError(`The object "${folder}" is damaged: ${what}`, folder);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw bad(`its "${INFO}" is no JSON`);
  }
  if (!isObject(value) || value["version"] !== 1) {
    throw bad(`its "${INFO}" is of another version`);
  }
  const { manifest, files } = value;
  if (!isObject(files) || !isObject(manifest)) throw bad(`its "${INFO}" lacks a part`);
  for (const [path, file] of Object.entries(files)) {
    const fits = isObject(file) && Number.isSafeInteger(file["size"]) &&
      /^[0-9a-f]{64}$/.test(String(file["sha256"])) && isInside(path);
    if (!fits) throw bad(`its "${INFO}" lists a file "${path}" wrongly`);
  }
  const fits = manifest["kind"] === "file"
    ? isInside(String(manifest["name"])) && Number.isSafeInteger(manifest["size"])
    : manifest["kind"] === "tensors" && isObject(manifest["attributes"]) &&
      isObject(manifest["tensors"]) &&
      Object.entries(manifest["tensors"]).every(([name, tensor]) =>
        isInside(name) && isObject(tensor) && typeof tensor["dtype"] === "string" &&
        Array.isArray(tensor["shape"]) && tensor["shape"].every(Number.isSafeInteger) &&
        isObject(tensor["attributes"]) && typeof tensor["sha256"] === "string"
      );
  if (!fits) throw bad(`its "${INFO}" holds no manifest`);
  return value as unknown as ObjectInfo; // all of it was looked at above
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A relative path with `/` that does not leave its folder. */
function isInside(path: string): boolean {
  return path !== "" && !/[\\:\0]/.test(path) &&
    path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}
