/** The runs of a store that have files of events, watched by looking at them: that works on any file system. */
import { eventsFolder, eventsPath, isHeld } from "../store/events.ts";
import { namesIn } from "../store/files.ts";
import { headOf, lastOf, noCounts } from "./lines.ts";
import { RunState } from "./state.ts";
import { fill, Tail } from "./tail.ts";
import type { RunView, Status } from "./views.ts";

/** Milliseconds between two looks. */
const EVERY = 500;
/** So many of the newest runs are listed. */
const MOST_RUNS = 500;
/** States of runs that are over are kept for so many looks after somebody has asked for them. */
const KEEP = 120;
/** A run whose lock cannot be seen is silent after so many milliseconds. */
const SILENT = 120_000;
/** The first and the last line of a file are that short. */
const MOST_ENDS = 64 * 1024;

interface Known {
  view: RunView;
  /** Null where the run is over and nobody has asked for more than its line. */
  watched: { readonly tail: Tail; state: RunState } | null;
  /** Its lock was seen, so that a missing one says something. */
  wasHeld: boolean;
  /** Who asks while it is read waits for the same reading. */
  reading: Promise<void> | null;
  /** The look at which it was asked for last. */
  asked: number;
}

export class Runs {
  readonly #known = new Map<string, Known>();
  #looks = 0;
  #looking: Promise<void> | null = null;

  /** `root`: the store's folder. `now`: milliseconds since 1970. */
  constructor(readonly root: string, readonly now: () => number) {}

  /** Newest first. */
  list(): RunView[] {
    return [...this.#known.values()].map(({ view }) => view).sort((a, b) => a.id < b.id ? 1 : -1);
  }

  /** All that is known of a run; null where there is none, or none any more. */
  async state(id: string): Promise<RunState | null> {
    const known = this.#known.get(id);
    if (known === undefined) return null;
    known.asked = this.#looks;
    if (known.watched === null) await this.#read(id, known);
    return known.watched?.state ?? null;
  }

  /** Resolves when the folder was looked at once. */
  async seen(): Promise<void> {
    if (this.#looks === 0) await this.next();
  }

  /** Looks once more, half a second after the last look; all who wait share it. Without anybody it rests. */
  next(): Promise<void> {
    this.#looking ??= new Promise<void>((resolve) => setTimeout(resolve, this.#looks && EVERY))
      .then(() => this.#look()).finally(() => this.#looking = null);
    return this.#looking;
  }

  async #look(): Promise<void> {
    this.#looks++;
    const names = namesIn(eventsFolder(this.root));
    // Ids begin with the time.
    const ids = names.flatMap((name) => /^([\w-]{1,100})\.jsonl$/.exec(name)?.[1] ?? [])
      .slice(-MOST_RUNS);
    const there = new Set(ids);
    for (const id of this.#known.keys()) if (!there.has(id)) this.#known.delete(id);
    for (const id of ids) {
      try {
        const known = this.#known.get(id);
        if (known === undefined) await this.#meet(id);
        else if (!isOver(known.view.status) || known.watched !== null) await this.#read(id, known);
      } catch {
        this.#known.delete(id); // it may be readable at the next look
      }
    }
  }

  /** A run that has ended is known by its first and last line; of any other all is read. */
  async #meet(id: string): Promise<void> {
    const path = eventsPath(this.root, id);
    if (!Deno.lstatSync(path).isFile) return;
    const { first, last } = await endsOf(path);
    const about = headOf(first), ended = lastOf(last);
    if (about === null) return;
    const known: Known = {
      view: {
        id,
        about,
        status: "running",
        counts: ended?.counts ?? noCounts(),
        last: ended?.end.at ?? about.started,
      },
      watched: null,
      wasHeld: false,
      reading: null,
      asked: 0,
    };
    if (ended === null) await this.#read(id, known);
    else known.view = { ...known.view, status: statusOf(ended) };
    this.#known.set(id, known);
  }

  #read(id: string, known: Known): Promise<void> {
    known.reading ??= this.#readOnce(id, known).finally(() => known.reading = null);
    return known.reading;
  }

  async #readOnce(id: string, known: Known): Promise<void> {
    const path = eventsPath(this.root, id);
    known.watched ??= { tail: new Tail(path), state: new RunState() };
    const { watched } = known;
    // Asked before the reading: what dies after its last line must not count as broken off.
    const held = isOver(known.view.status) ? null : await isHeld(path);
    const reading = await watched.tail.read((line, end) => watched.state.fold(line, end));
    if (reading === "anew") watched.state = new RunState();
    if (reading === "gone") return void this.#known.delete(id);
    const { about, end, counts, last } = watched.state;
    known.wasHeld ||= held === true;
    const status = end !== null
      ? statusOf({ end, counts })
      : known.view.status === "broken" && reading === "same"
      ? "broken"
      : this.#livesOn(held, known, last);
    known.view = {
      ...known.view,
      about: about ?? known.view.about,
      status,
      counts: { ...counts },
      last,
    };
    if (isOver(status) && this.#looks - known.asked > KEEP) known.watched = null;
  }

  /** The status of a run that has not told its end. */
  #livesOn(held: boolean | null, { wasHeld, view }: Known, last: number): Status {
    if (held === true) return "running";
    if (held === false && (wasHeld || view.about.slurm === null)) return "broken";
    return this.now() - last > SILENT ? "silent" : "running";
  }
}

function isOver(status: Status): boolean {
  return status !== "running" && status !== "silent";
}

function statusOf(ended: NonNullable<ReturnType<typeof lastOf>>): Status {
  return ended.end.interrupted ? "interrupted" : ended.counts.failed > 0 ? "failed" : "done";
}

/** The first and the last whole line of a file; empty where one is too long. */
async function endsOf(path: string): Promise<{ first: string; last: string }> {
  using file = await Deno.open(path, { read: true });
  const { size } = await file.stat();
  const piece = async (from: number) => {
    const bytes = new Uint8Array(Math.min(MOST_ENDS, size));
    return new TextDecoder().decode(bytes.subarray(0, await fill(file, from, bytes)));
  };
  const head = await piece(0), tail = await piece(Math.max(0, size - MOST_ENDS));
  const whole = tail.slice(0, tail.lastIndexOf("\n"));
  return {
    first: head.slice(0, Math.max(0, head.indexOf("\n"))),
    last: whole.slice(whole.lastIndexOf("\n") + 1),
  };
}
