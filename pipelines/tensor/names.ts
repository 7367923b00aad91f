/** Names of tensors inside an artifact; they become folders. */

/** Throws unless `name` is made of plain words joined by `/`, e.g. `weights/dense_1/kernel`. */
export function checkName(name: string): void {
  const plain = /^[A-Za-z0-9_][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$/;
  if (name.length > 200 || !plain.test(name) || /(?:^|\/)(?:c|zarr\.json)$/.test(name)) {
    throw new TypeError(
      `A tensor cannot have the name "${name.slice(0, 200)}": letters, digits, "_", "-" and "." ` +
        `are allowed, "/" makes groups, and "c" is taken`,
    );
  }
}

/** Groups that a tensor of this name lies in, outermost first, without the root. */
export function groupsOf(name: string): string[] {
  const parts = name.split("/");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
}

/** Throws if two names are one on a file system that does not tell cases apart, or one lies in another. */
export function checkClash(name: string, others: Iterable<string>): void {
  const lower = name.toLowerCase();
  for (const other of others) {
    const found = other.toLowerCase();
    if (found === lower) {
      throw new TypeError(
        name === other
          ? `Tensor "${name}" is written twice`
          : `Tensors "${name}" and "${other}" differ only in case, which not every file system keeps`,
      );
    }
    if (found.startsWith(`${lower}/`) || lower.startsWith(`${found}/`)) {
      throw new TypeError(`"${name}" and "${other}" cannot be both: one would be tensor and group`);
    }
  }
}
