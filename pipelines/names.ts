/** Names that files and Zarr can have: of tensors in an artifact, which become folders, and of outputs. */

/** Letters of a whole name: file systems have 255 a folder, and a store's own path comes before it. */
const MOST = 200;
const PART = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
/** Files that stand beside tensors: Zarr's in each group, the store's in the first. */
const ZARR = "zarr.json", STORE = "object.json";

/** Why no tensor can have this name, e.g. `weights/dense_1/kernel`; null: it can. */
export function nameIssue(name: string): string | null {
  const parts = name.split("/");
  const files = parts.map((part) => part.toLowerCase());
  const why = name.length > MOST
    ? `it has ${name.length} letters, wanted at most ${MOST}`
    : !parts.every((part) => PART.test(part))
    ? 'letters, digits, "_", "-" and "." are allowed, and "/" makes groups'
    : parts.some((part) => part.startsWith("__"))
    ? 'what begins with "__" is Zarr\'s'
    : files.includes(ZARR) || files[0] === STORE
    ? "a file of this name lies beside the tensors"
    : parts.at(-1) === "c"
    ? '"c" is Zarr\'s'
    : null;
  return why === null ? null : `A tensor cannot have the name "${name.slice(0, MOST)}": ${why}`;
}

/** Groups that a tensor of this name lies in, outermost first, without the root. */
export function groupsOf(name: string): string[] {
  const parts = name.split("/");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
}

/** Two names that are one on a file system that does not tell cases apart, or one in another; null: there are none. */
export function clashIssue(name: string, others: Iterable<string>): string | null {
  const lower = name.toLowerCase();
  for (const other of others) {
    const found = other.toLowerCase();
    if (found === lower) {
      return name === other
        ? `Tensor "${name}" is written twice`
        : `Tensors "${name}" and "${other}" differ only in case, which not every file system keeps`;
    }
    if (found.startsWith(`${lower}/`) || lower.startsWith(`${found}/`)) {
      return `"${name}" and "${other}" cannot be both: one would be tensor and group`;
    }
  }
  return null;
}

/** Of all plain maps in JavaScript, so that a look-up finds what nobody declared. */
const isInherited = (name: string) => name in {};

/** Why a stage cannot declare an input or output of this name; null: it can. */
export function declaredIssue(what: "input" | "output", name: string): string | null {
  const why = !/^[A-Za-z_][A-Za-z0-9_-]*$/.test(name)
    ? 'letters, digits, "_" and "-" are allowed, and a letter or "_" begins it'
    : name.length > MOST
    ? `it has ${name.length} letters, wanted at most ${MOST}`
    : isInherited(name)
    ? "every map in JavaScript has one of this name"
    : null;
  return why === null ? null : `An ${what} cannot have the name "${name.slice(0, MOST)}": ${why}`;
}

/** Why an artifact cannot be a file of this name; null: it can. */
export function fileIssue(name: string): string | null {
  return name.length <= MOST && PART.test(name) && name.toLowerCase() !== STORE
    ? null
    : `A file cannot have the name "${
      name.slice(0, MOST)
    }": letters, digits, "_", "-" and "." are ` +
      `allowed, at most ${MOST}, and "${STORE}" is taken`;
}
