/** From places in a bundle to places in the text that a stage's author wrote. */
import { SourceMap } from "node:module";
import { MAPS } from "../plan/maps.ts";
import type { Failure } from "./event.ts";

/** Folders of what ships with Crisol: its own messages name what is wrong, not a line of ours. */
const SHIPPED = /^(?:stages|models|kernels|numerics|pipelines)\//;

/** A frame's place: a file of the bundle, with or without its folder, line and column. */
const PLACE = /(?:file:\/\/[^\s()]*\/)?([\w.-]+\.js):(\d+):(\d+)/g;

/**
 * The failure with its stack told in the author's files, and `at`: the first place in one of the user's own.
 * `bundle`: the folder of the code that ran. What has no map stays as it is.
 */
export function traced(failure: Failure, bundle: string): Failure {
  const { stack } = failure;
  if (stack === undefined) return failure;
  const maps = readMaps(bundle);
  let at: string | undefined;
  // The message comes first, and is the stage's own words.
  const head = stack.search(/\n\s+at /);
  if (maps === null || head < 0) return failure;
  const frames = stack.slice(head).replace(PLACE, (whole, file: string, line, column) => {
    const map = maps(file);
    // Both are counted from 0 there.
    const found = map?.findEntry(Number(line) - 1, Number(column) - 1);
    if (found === undefined || !("originalSource" in found)) return whole;
    const { originalSource, originalLine, originalColumn } = found;
    const place = `${originalSource}:${originalLine + 1}:${originalColumn + 1}`;
    if (!SHIPPED.test(originalSource)) at ??= place;
    return place;
  });
  return { ...failure, stack: stack.slice(0, head) + frames, ...at === undefined ? {} : { at } };
}

/** Null where there are none that can be read: a bundle of before, or damage, which is told elsewhere. */
function readMaps(bundle: string): ((file: string) => SourceMap | undefined) | null {
  try {
    const texts = JSON.parse(Deno.readTextFileSync(`${bundle}/${MAPS}`)) as Readonly<
      Record<string, ConstructorParameters<typeof SourceMap>[0]>
    >; // written by the planner
    return (file) => Object.hasOwn(texts, file) ? new SourceMap(texts[file] ?? noMap()) : undefined;
  } catch {
    return null;
  }
}

function noMap(): never {
  throw new TypeError("A bundle's map is nothing");
}
