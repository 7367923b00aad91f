/** YAML text to a tree: YAML 1.2 core, one document, nothing but what JSON can hold. Never throws at bad text. */
import { type Document, parseAllDocuments } from "yaml";
import { TreeBuilder } from "./build.ts";
import type { Place, Problem, Tree } from "./tree.ts";

const TOO_DEEP = "Not valid YAML: it nests too deeply";
/** `override`: the text is the value of that `--set`, and all places are it. */
export function parseYaml(text: string, problems: Problem[], override?: string): Tree | null {
  const place = (start: number, end: number): Place =>
    override === undefined ? { start, end } : { override };
  let documents: readonly Document.Parsed[];
  try {
    const found = parseAllDocuments(text, {
      version: "1.2",
      schema: "core",
      prettyErrors: false,
      logLevel: "silent",
      // Complained about below, where the whole key can be underlined.
      uniqueKeys: false,
    });
    documents = [...found];
  } catch (error) {
    // The parser recurses, so that a file of nothing but brackets overflows the stack.
    if (!(error instanceof RangeError)) throw error;
    problems.push({ message: TOO_DEEP, place: place(0, 1) });
    return null;
  }
  const before = problems.length;
  for (const document of documents) {
    // Not spread into one call: there may be more than the stack holds.
    for (const problem of syntaxProblems(document, text, place)) problems.push(problem);
  }
  const [first, second] = documents;
  if (second !== undefined) {
    problems.push({
      message: `Found ${documents.length} YAML documents in one file, wanted one`,
      help: 'Remove the line "---" and what follows, or put it into a file of its own',
      place: place(second.range[0], second.range[0] + 1),
    });
  }
  if (first?.directives.yaml.explicit === true && first.directives.yaml.version !== "1.2") {
    problems.push({
      message: `Found YAML ${first.directives.yaml.version}, wanted 1.2`,
      help: 'Remove the line "%YAML"',
      place: place(0, 5),
    });
  }
  if (problems.length > before) return null;
  const contents = first?.contents ?? null;
  if (contents === null) return { kind: "scalar", value: null, place: place(0, 0) };
  return new TreeBuilder(problems, place).build(contents, null, 0);
}

/** The parser's own complaints, one a line: those that follow on the same line come of the first. */
function syntaxProblems(
  { errors, warnings }: Document.Parsed,
  text: string,
  place: (start: number, end: number) => Place,
): Problem[] {
  const lines = new Set<number>();
  // Tags are complained about where the values are looked at.
  const found = [...errors, ...warnings.filter(({ code }) => code !== "TAG_RESOLVE_FAILED")];
  if (found.some(({ message }) => /call stack/.test(message))) {
    return [{ message: TOO_DEEP, place: place(0, 1) }];
  }
  return found.flatMap(({ message, pos: [start, end] }) => {
    const line = text.lastIndexOf("\n", start - 1);
    if (lines.has(line)) return [];
    lines.add(line);
    return { message: `Not valid YAML: ${message}`, place: place(start, end) };
  });
}
