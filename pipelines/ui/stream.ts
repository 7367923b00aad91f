/**
 * One page's stream of server-sent events. Nothing is queued for it: when it has taken a message, the next one is
 * made of all that is new since, so that a slow page costs no memory and an absent one nothing at all.
 */
import type { Runs } from "./runs.ts";
import type { RunState } from "./state.ts";
import { SweepFile } from "./sweep.ts";

/** Milliseconds after which a line without meaning is sent, so that both ends see whether the other is there. */
const HEARTBEAT = 15_000;

/**
 * `asked`: the run whose events are told, beside the list of all runs; null: the list alone. `seen`: the id of the
 * last message that the page has had, on this server or one before: `<run>:<place in its file>`.
 */
export function eventStream(
  runs: Runs,
  asked: string | null,
  seen: string | null,
  onClose: () => void,
): ReadableStream<Uint8Array> {
  const teller = new Teller(runs, asked, seen);
  const encoder = new TextEncoder();
  let isClosed = false;
  const close = () => {
    if (!isClosed) onClose();
    isClosed = true;
  };
  let told = runs.now();
  return new ReadableStream({
    start(controller) {
      controller.enqueue(encoder.encode("retry: 1000\n\n"));
    },
    async pull(controller) {
      try {
        let text: string | null = null;
        while (text === null && !isClosed) {
          await runs.next();
          const isDue = runs.now() - told >= HEARTBEAT;
          text = await teller.news() ?? (isDue ? ": still here\n\n" : null);
        }
        if (text === null || isClosed) return;
        told = runs.now();
        controller.enqueue(encoder.encode(text));
      } catch (error) {
        // A store that cannot be read: the page asks again.
        close();
        controller.error(error);
      }
    },
    cancel: close,
  }, { highWaterMark: 1 });
}

/** What one page knows already. */
class Teller {
  readonly #lines = new Map<string, string>();
  #ids: string | null = null;
  #place: number;
  #state: RunState | null = null;
  #sweep: SweepFile | null = null;
  #told = "";

  constructor(readonly runs: Runs, readonly asked: string | null, seen: string | null) {
    const [, run, place] = /^([\w-]+):(\d{1,15})$/.exec(seen ?? "") ?? [];
    this.#place = run === asked ? Number(place) : 0;
  }

  /** Messages for all that is new; null where nothing is. */
  async news(): Promise<string | null> {
    const messages = [this.#list(), await this.#run(), this.#best()].filter((one) => one !== null);
    return messages.length === 0 ? null : messages.join("");
  }

  /** The ids of all runs, and the lines of those that have changed. */
  #list(): string | null {
    const runs = this.runs.list();
    const changed = runs.filter((run) => {
      const line = JSON.stringify(run);
      if (this.#lines.get(run.id) === line) return false;
      this.#lines.set(run.id, line);
      return true;
    });
    const ids = runs.map(({ id }) => id);
    const all = ids.join(" ");
    if (changed.length === 0 && all === this.#ids) return null;
    this.#ids = all;
    const there = new Set(ids);
    for (const id of this.#lines.keys()) if (!there.has(id)) this.#lines.delete(id);
    return message("runs", { ids, changed });
  }

  async #run(): Promise<string | null> {
    if (this.asked === null) return null;
    const state = await this.runs.state(this.asked);
    if (state === null) return null;
    const sweep = state.about?.sweep ?? null;
    if (sweep !== null && this.#sweep?.name !== sweep) {
      this.#sweep = new SweepFile(this.runs.root, sweep);
    }
    // Its file was written anew: places in it are others.
    const isOther = this.#state !== null && this.#state !== state;
    if (isOther || state.position < this.#place) this.#place = 0;
    this.#state = state;
    if (state.position === this.#place) return null;
    const patch = state.since(this.#place);
    this.#place = state.position;
    return message("run", patch, `${this.asked}:${this.#place}`);
  }

  /** The sweep that the run belongs to. */
  #best(): string | null {
    const view = this.#sweep?.view() ?? null;
    const text = JSON.stringify(view);
    if (view === null || text === this.#told) return null;
    this.#told = text;
    return message("sweep", view);
  }
}

function message(event: string, data: unknown, id: string | null = null): string {
  // JSON holds no line end.
  return `event: ${event}\n${id === null ? "" : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
}
