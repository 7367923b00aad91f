/** Where faults are tried: stores of their own, dice with a seed, and what must hold after each. */
import { join } from "node:path";
import { type Stream, stream } from "../../numerics/random.ts";
import { Store } from "../../pipelines/store/local.ts";
import { verifyStore } from "../../pipelines/store/verify.ts";
import { verifyArtifact } from "../../pipelines/tensor/read.ts";
import { digests, type Result, type Settings, TINY, Workplace } from "../rig.ts";

/** One line of the table. */
export interface Row {
  readonly fault: string;
  readonly tries: number;
  readonly survived: number;
  /** What went wrong, with what is needed to try it again. */
  readonly failures: readonly string[];
  readonly seconds: number;
}

/** Draws that one seed decides. */
export class Dice {
  #next = 0;
  readonly #stream: Stream;
  constructor(seed: number, ...purpose: readonly (string | number)[]) {
    this.#stream = stream(seed, "faults", ...purpose);
  }
  /** In [0, 1). */
  share(): number {
    return this.#stream.uniform(this.#next++);
  }
  /** Whole, in [0, below). */
  below(below: number): number {
    return Math.floor(this.share() * below);
  }
  pick<T>(list: readonly T[]): T {
    const found = list[this.below(list.length)];
    if (found === undefined) throw new Error("There is nothing to pick from");
    return found;
  }
}

export class Lab implements AsyncDisposable {
  private constructor(
    readonly seed: number,
    /** A store in which the config was run undisturbed. */
    readonly clean: Workplace,
    readonly digests: Readonly<Record<string, string>>,
    /** Milliseconds that such a run takes. */
    readonly usual: number,
  ) {}

  static async open(seed: number): Promise<Lab> {
    const clean = await Workplace.here();
    await clean.run([TINY]);
    // Once more, with the plan at hand, as all runs that are disturbed have it.
    const lab = new Lab(seed, clean, digests(clean.store), 0);
    const place = await lab.place();
    const started = performance.now();
    await place.run([TINY]);
    const usual = performance.now() - started;
    await place[Symbol.asyncDispose]();
    return new Lab(seed, clean, lab.digests, usual);
  }

  dice(...purpose: readonly (string | number)[]): Dice {
    return new Dice(this.seed, ...purpose);
  }

  /** An empty store that has the plan and the code already; with `filled` all results, too. */
  async place(filled = false): Promise<Workplace> {
    const place = await Workplace.here();
    const parts = filled
      ? [...Deno.readDirSync(this.clean.store)].map(({ name }) => name)
      : ["cache", "bundles"];
    for (const part of parts) copy(join(this.clean.store, part), join(place.store, part));
    return place;
  }

  run(place: Workplace, words: readonly string[] = [], settings: Settings = {}): Promise<Result> {
    return place.do(["run", TINY, ...words], settings);
  }

  /**
   * Null if the store is whole (`isWhole`: before the next run already) and a run without help ends with the digests of one
   * that was not disturbed.
   */
  async problem(place: Workplace, isWhole = true): Promise<string | null> {
    const before = isWhole ? await this.bad(place) : null;
    if (before !== null) return `after the fault ${before}`;
    const { code, stdout, stderr } = await this.run(place);
    if (code !== 0) return `the next run ended with ${code}: ${(stdout + stderr).slice(-400)}`;
    const found = digests(place.store);
    for (const [name, digest] of Object.entries(this.digests)) {
      if (found[name] !== digest) return `"${name}" is ${found[name]}, not ${digest}`;
    }
    const after = await this.bad(place);
    return after === null ? null : `after the next run ${after}`;
  }

  /** What of a store is not what was written; null: nothing. */
  async bad(place: Workplace): Promise<string | null> {
    for await (const one of verifyStore(new Store(place.store), null, verifyArtifact)) {
      if (one.problem !== null) return `${one.kind} "${one.path}" is bad: ${one.problem}`;
    }
    return null;
  }

  /** Tries `count` times, two at once; each try has its own dice and answers what went wrong. */
  async tries(
    fault: string,
    count: number,
    attempt: (dice: Dice, index: number) => Promise<string | null>,
    lanes = 2,
  ): Promise<Row> {
    const started = performance.now();
    const failures: string[] = [];
    let next = 0;
    const lane = async () => {
      while (next < count) {
        const index = next++;
        const why = await attempt(this.dice(fault, index), index).catch((error: unknown) =>
          `it threw ${error instanceof Error ? error.stack : error}`
        );
        if (why !== null) failures.push(`seed ${this.seed}, ${fault}, try ${index}: ${why}`);
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    return {
      fault,
      tries: count,
      survived: count - failures.length,
      failures,
      seconds: (performance.now() - started) / 1000,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.clean[Symbol.asyncDispose]();
  }
}

export function copy(from: string, to: string): void {
  if (!Deno.statSync(from).isDirectory) return Deno.copyFileSync(from, to);
  Deno.mkdirSync(to, { recursive: true });
  for (const { name } of Deno.readDirSync(from)) copy(join(from, name), join(to, name));
}

/** The lines of the table, for a terminal and for docs/reliability.md. */
export function tableLines(rows: readonly Row[]): string[] {
  return [
    "| fault | tries | survived | minutes |",
    "| ----- | ----- | -------- | ------- |",
    ...rows.map(({ fault, tries, survived, seconds }) =>
      `| ${fault} | ${tries} | ${survived} | ${(seconds / 60).toFixed(1)} |`
    ),
  ];
}
