/** The bundler's output, told apart by module and by declaration. */

/** The text by module, as the bundler's headers say; `isModule`: whether a comment is such a header. */
export function parts(text: string, isModule: (header: string) => boolean): Map<string, string> {
  const found = new Map<string, string>();
  let path = "";
  for (const line of text.split("\n")) {
    const header = /^ {0,4}\/\/ (.+)$/.exec(line)?.[1];
    if (header !== undefined && isModule(header)) path = header;
    else found.set(path, `${found.get(path) ?? ""}${line}\n`);
  }
  return found;
}

/** A module outside of the project goes by its file name, since its folder differs between machines. */
export function nameOf(path: string): string {
  if (path === "") return "imports";
  const isOutside = path.startsWith("..") || path.startsWith("/") || /^[A-Za-z]:[\\/]/.test(path);
  return isOutside ? path.slice(path.lastIndexOf("/") + 1) : path;
}

/**
 * What is declared at the top of a module's printed text, by name; the parts of an object or a class by
 * `name.part`. Statements that declare nothing come under "its top level".
 */
function declarations(text: string): Map<string, string> {
  const found = new Map<string, string>();
  let name = TOP;
  let part: string | null = null;
  for (const line of text.split("\n")) {
    if (/^ *\/\//.test(line)) continue;
    if (/^[^\s})\]]/.test(line)) {
      name = DECLARED.exec(line)?.[1] ?? TOP;
      part = null;
    } else if (/^\S/.test(line)) part = null;
    const [head = ""] = (found.get(name) ?? "").split("\n");
    const hasMembers = name !== TOP && /[{(]$/.test(head) && !/\bfunction\b|=>/.test(head);
    if (hasMembers) part = MEMBER.exec(line)?.[1] ?? part;
    const key = part === null ? name : `${name}.${part}`;
    found.set(key, `${found.get(key) ?? ""}${line}\n`);
  }
  return found;
}

const TOP = "its top level";
const DECLARED = /^(?:export )?(?:async )?(?:function\*? ?|class |var |let |const )([\w$]+)/;
/** Of a class or an object: two spaces, then a name and what it is. */
const MEMBER = /^ {2}(?:static |async |get |set )*([#\w$]+)(?:\(.*\) \{|: .*| = .*)$/;

/** Names of what differs between two texts of a module. */
export function changedDeclarations(before: string, now: string): string[] {
  const [old, next] = [declarations(before), declarations(now)];
  return [...new Set([...old.keys(), ...next.keys()])]
    .filter((name) => (old.get(name) ?? "").trim() !== (next.get(name) ?? "").trim());
}
