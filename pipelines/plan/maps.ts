/** Where in its author's text each place of a stage's built files comes from. Kept beside them; nothing of it is hashed. */
import { SOURCE } from "./resolve.ts";

/** The file of a bundle that has a source map for each of the stage's files, by name. */
export const MAPS = "maps.json";

/** A built file, with its source map as JSON; empty where none was asked for. */
export interface Output {
  readonly name: string;
  readonly code: string;
  readonly map: string;
}

/** The bundler's hash in a file's name, which a comment changes: its map is in it. */
const HASHED = /^(.*)-[0-9A-Z]{8}\.js$/;

/** The outputs with numbers in the place of those hashes, by what the files hold; as long, so that maps still fit. */
export function numbered(outputs: readonly Output[]): Output[] {
  const stems = new Map(outputs.flatMap(({ name }) => {
    const stem = HASHED.exec(name)?.[1];
    return stem === undefined ? [] : [[name, stem] as const];
  }));
  const replaced = (code: string, names: ReadonlyMap<string, string>) => {
    for (const [from, to] of names) code = code.replaceAll(from, to);
    return code;
  };
  const sorted = outputs.filter(({ name }) => stems.has(name))
    .map(({ name, code }) => ({ name, text: `${stems.get(name)}\n${replaced(code, stems)}` }))
    .sort((a, b) => a.text < b.text ? -1 : 1);
  const names = new Map(
    sorted.map(({ name }, index) => [
      name,
      `${stems.get(name)}-${String(index).padStart(8, "0")}.js`,
    ]),
  );
  return outputs.map((output) => ({
    ...output,
    name: names.get(output.name) ?? output.name,
    code: replaced(output.code, names),
  }));
}

/** The text of `MAPS`, with sources as builds call them. */
export function mapsText(outputs: readonly Output[]): string {
  const maps = outputs.flatMap(({ name, map }) => {
    if (map === "") return [];
    const { sources, mappings } = JSON.parse(map) as { sources: string[]; mappings: string }; // the bundler's
    const plain = sources.map((source) =>
      source.slice(Math.max(0, source.indexOf(`${SOURCE}:`))).replace(`${SOURCE}:`, "")
    );
    return [[name, { version: 3, sources: plain, names: [], mappings }]];
  });
  return JSON.stringify(Object.fromEntries(maps));
}
