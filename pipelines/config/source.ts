/** Where the values of a config stand, and diagnostics made of that. */
import type { Json } from "../json.ts";
import type { Diagnostic, Location, SourceMap } from "./config.ts";
import {
  child,
  isFromOverride,
  type Path,
  type Place,
  type Problem,
  toJson,
  type Tree,
} from "./tree.ts";

/** What `readConfig` answers: the map of the config that was read, overrides included. */
export class ConfigSource implements SourceMap {
  readonly #lines: Lines;
  readonly #root: Tree;

  /** `file` is an absolute path; `root` the tree after overrides. */
  constructor(file: string, readonly text: string, root: Tree) {
    this.#lines = new Lines(file, text);
    this.#root = root;
  }

  /** All of it as plain data, overrides included and aliases resolved. */
  plain(): Json {
    return toJson(this.#root);
  }

  /** True if the file or an override gives a value there. */
  has(path: Path): boolean {
    return this.#walk(path).left === 0;
  }

  locate(path: Path): Location {
    return this.#location(path, false);
  }

  /** The key that leads to the value: what a complaint about an unknown key underlines. */
  locateKey(path: Path): Location {
    return this.#location(path, true);
  }

  /** The `--set` that gave the value (`train.epochs=3`), or null if the file did. */
  overriddenBy(path: Path): string | null {
    const { places, left } = this.#walk(path);
    const place = left === 0 ? places.at(-1)?.value : undefined;
    return place !== undefined && isFromOverride(place) ? place.override : null;
  }

  /** An error about the value at `path`, or with `key` about its key; without a place if a `--set` gave it. */
  diagnose(
    path: Path,
    message: string,
    options: { help?: string | undefined; key?: boolean } = {},
  ): Diagnostic {
    const override = this.overriddenBy(path);
    const help = options.help === undefined ? {} : { help: options.help };
    return override === null
      ? {
        severity: "error",
        message,
        ...help,
        location: this.#location(path, options.key === true),
      }
      : { severity: "error", message: ofOverride(override, message), ...help, location: null };
  }

  #location(path: Path, key: boolean): Location {
    const { places, left } = this.#walk(path);
    for (const [index, place] of places.entries().toArray().reverse()) {
      const exact = left === 0 && index === places.length - 1 && !key;
      // The key of an overridden value may still be the file's.
      for (const chosen of exact ? [place.value, place.key] : [place.key]) {
        if (!isFromOverride(chosen)) return this.#lines.location(chosen);
      }
    }
    return this.#lines.location({ start: 0, end: 0 });
  }

  /** The places on the way, the root's first; `left` counts the steps that lead nowhere. */
  #walk(path: Path): { places: { key: Place; value: Place }[]; left: number } {
    let at = this.#root;
    const places = [{ key: at.place, value: at.place }];
    for (const [index, step] of path.entries()) {
      const next = child(at, step);
      if (next === undefined) return { places, left: path.length - index };
      at = next.value;
      places.push({ key: next.key, value: at.place });
    }
    return { places, left: 0 };
  }
}

/** Problems as diagnostics, in the order of the file; those of overrides come last. */
export function diagnostics(
  file: string,
  text: string,
  problems: readonly Problem[],
): Diagnostic[] {
  const lines = new Lines(file, text);
  const start = ({ place }: Problem) =>
    place === null ? 0 : isFromOverride(place) ? Infinity : place.start;
  return [...problems].sort((a, b) => start(a) < start(b) ? -1 : start(a) > start(b) ? 1 : 0)
    .map(({ message, help, place }): Diagnostic => {
      const override = place !== null && isFromOverride(place) ? place.override : null;
      return {
        severity: "error",
        message: override === null ? message : ofOverride(override, message),
        ...(help === undefined ? {} : { help }),
        location: place === null || isFromOverride(place) ? null : lines.location(place),
      };
    });
}

function ofOverride(override: string, message: string): string {
  return `Cannot set ${JSON.stringify(override)}: ${message.charAt(0).toLowerCase()}${
    message.slice(1)
  }`;
}

/** Offsets to lines and columns. */
class Lines {
  readonly #starts = [0];

  constructor(readonly file: string, readonly text: string) {
    for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) {
      this.#starts.push(at + 1);
    }
  }

  /** A value over several lines is located by its first; something is always underlined. */
  location({ start, end }: { start: number; end: number }): Location {
    let low = 0;
    let high = this.#starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle] ?? 0) <= start) low = middle;
      else high = middle;
    }
    // `low` is an index of `#starts`, which is never empty.
    const from = this.#starts[low] ?? 0;
    const next = this.#starts[low + 1];
    const line = this.text.slice(from, next === undefined ? this.text.length : next - 1);
    const last = Math.min(end, from + line.trimEnd().length);
    return {
      file: this.file,
      line: low + 1,
      column: start - from + 1,
      length: Math.max(1, last - start),
    };
  }
}
