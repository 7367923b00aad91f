/** A stage's sources as they were printed for explanations: which module, which declaration changed. */
import type { Store } from "../store/local.ts";
import type { StageRecord } from "../store/store.ts";
import type { Decided } from "./compare.ts";
import type { Code, Digest } from "./plan.ts";

/** The files of a bundle that have each module's digest, and its text, by its name. Nothing of them runs. */
export const MODULES = "modules.json";
export const PRINTED = "printed.json";

type Table = Readonly<Record<string, string>>;

/** Tables that were read; what a bundle holds never changes. */
const tables = new Map<string, Table>();

/** What decided a result that is there. Its modules are those of the code that made it. */
export function decidedOf({ fingerprint, made }: StageRecord, store: Store): Decided {
  // Digests, as the planner has written them.
  const modules = () =>
    (readTable(store.bundleFolder(made.bundle), MODULES) ?? {}) as Code["modules"];
  return { fingerprint, modules };
}

/** A stored bundle's modules as they were printed; null where they are not there any more. */
export function printedModules(store: Store, bundle: Digest): Table | null {
  return readTable(store.bundleFolder(bundle), PRINTED);
}

function readTable(bundle: string, name: string): Table | null {
  const path = `${bundle}/${name}`;
  const known = tables.get(path);
  if (known !== undefined) return known;
  try {
    // Written by the planner; what is no text is left out.
    const found: object = JSON.parse(Deno.readTextFileSync(path)) ?? {};
    const table = Object.fromEntries(
      Object.entries(found).filter((one): one is [string, string] => typeof one[1] === "string"),
    );
    tables.set(path, table);
    return table;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return null;
    throw error;
  }
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
      const [, isDefault, declared] = DECLARED.exec(line) ?? [];
      name = declared ?? isDefault ?? TOP;
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
const DECLARED =
  /^(?:export )?(?:(default)\b|(?:async )?(?:function\*? ?|class |var |let |const )([\w$]+))/;
/** Of a class or an object: two spaces, then a name and what it is. */
const MEMBER = /^ {2}(?:static |async |get |set )*([#\w$]+)(?:\(.*\) \{|: .*| = .*)$/;

/** Names of what differs between two texts of a module. */
export function changedDeclarations(before: string, now: string): string[] {
  const [old, next] = [declarations(before), declarations(now)];
  return [...new Set([...old.keys(), ...next.keys()])]
    .filter((name) => (old.get(name) ?? "").trim() !== (next.get(name) ?? "").trim());
}
