/**
 * In which order a training takes its examples, and what of them lies in memory. A pass of at most `WINDOW` bytes of
 * pixels is shuffled as a whole. A larger one streams: its rows are cut into blocks of `BLOCK` bytes, the blocks are
 * put in a drawn order, and of that order one window after another is read and shuffled within itself. So the order
 * is a function of seed, epoch, the examples' count and size, and the batch size; where chunks are stored, or how much
 * memory there is, has no part in it. The next window, or the next pass, is read while the one before it trains.
 */
import { ROW } from "../numerics/resample.ts";
import { stream } from "../numerics/random.ts";
import { inMemory, type Source } from "./examples.ts";
import { sizeOf } from "./layers.ts";
import type { TrainParams } from "./schema.ts";
import type { Batch, Examples } from "./trainer.ts";

/** Bytes of pixels that are shuffled together. Another value is another order, and so other weights. */
export const WINDOW = 128 * 1024 * 1024;
/** Bytes of pixels that stay in one window where a pass streams: what a stored chunk holds, so that each is read once. */
const BLOCK = 2 * 1024 * 1024;

export type FeedSettings = Pick<TrainParams, "epochs" | "batchSize" | "shuffle" | "steps">;

/** How a pass is cut; all in examples. */
interface Cut {
  readonly source: Source;
  /** The pass's number. */
  readonly pass: number;
  readonly block: number;
  /** Of a window; the last of a pass may have fewer. */
  readonly rows: number;
  readonly windows: number;
}

interface Place {
  readonly epoch: number;
  readonly window: number;
}

/** Rows [start, end). */
type Span = readonly [start: number, end: number];

interface Held {
  readonly examples: Promise<Examples>;
  /** Memory to be used again; null: none. */
  readonly room: Uint8Array<ArrayBuffer> | null;
}

/** Bytes of memory for the pixels of passes of so many bytes, at most. */
export function bytesHeld(passes: readonly number[]): number {
  const largest = Math.min(WINDOW, passes.reduce((a, b) => Math.max(a, b), 0));
  const stays = passes.length === 1 && (passes[0] ?? 0) <= WINDOW;
  // What trains, what is read ahead, and a copy whose digest is being taken.
  return (stays ? 2 : 3) * largest;
}

/** What fits the window is read once and kept. */
export async function held(source: Source): Promise<Source> {
  if (source.count * sizeOf(source.shape) > WINDOW) return source;
  return inMemory(await source.read(0, source.count));
}

/** Epoch e trains on `passes[e mod n]`. */
export class Feed {
  /** Steps in all. */
  readonly steps: number;
  readonly #cuts: readonly Cut[];
  /** Windows that are in memory or on their way. */
  readonly #held = new Map<string, Held>();
  /** Memory of windows that were let go. */
  readonly #rooms: Uint8Array<ArrayBuffer>[] = [];

  /** @throws Error if there are no passes */
  constructor(
    passes: readonly Source[],
    readonly settings: FeedSettings,
    readonly seed: number,
  ) {
    if (passes.length === 0) throw new Error("Cannot train: there are no training examples");
    this.#cuts = passes.map((source, pass) => cut(source, pass, settings.batchSize));
    const all = this.before(settings.epochs);
    this.steps = Math.min(all, settings.steps ?? all);
  }

  /**
   * The batches of an epoch (from 0), from its `step`-th (from 0) on, to its end or that of the training. A batch is
   * good until the one after the next is asked for.
   */
  async *from(epoch: number, step = 0): AsyncGenerator<Batch> {
    const { batchSize } = this.settings;
    const { rows, windows } = this.#cut(epoch);
    const each = Math.ceil(rows / batchSize);
    const left = this.steps - this.before(epoch);
    let at = step;
    for (let window = Math.floor(step / each); window < windows && at < left; window++) {
      const examples = await this.#read({ epoch, window });
      const next = this.#after({ epoch, window });
      const order = this.#order(epoch, window, examples.labels.length);
      for (let start = (at - window * each) * batchSize; start < order.length; start += batchSize) {
        if (at++ >= left) return;
        yield { examples, indices: order.subarray(start, start + batchSize) };
        // Not earlier: what lies in the memory of the next window may be in use till now.
        if (next !== null) this.#fetch(next);
      }
    }
  }

  #cut(epoch: number): Cut {
    const found = this.#cuts[epoch % this.#cuts.length];
    if (found === undefined) throw new RangeError(`There is no epoch ${epoch}`);
    return found;
  }

  /** Steps of each epoch, taken in turn. */
  get perEpoch(): readonly number[] {
    return this.#cuts.map(({ source }) => Math.ceil(source.count / this.settings.batchSize));
  }

  /** Steps before an epoch. */
  before(epoch: number): number {
    const each = this.perEpoch;
    const sum = (steps: readonly number[]) => steps.reduce((a, b) => a + b, 0);
    return Math.floor(epoch / each.length) * sum(each) + sum(each.slice(0, epoch % each.length));
  }

  /** A window's examples, once they are there; what is not wanted any more makes room. */
  async #read(here: Place): Promise<Examples> {
    const next = this.#after(here);
    const wanted = [here, ...next === null ? [] : [next]].map((place) => this.#name(place));
    for (const [name, { examples, room }] of this.#held) {
      if (wanted.includes(name)) continue;
      this.#held.delete(name);
      // Not before it is filled, or else two would fill it.
      const free = () => room !== null && this.#rooms.push(room);
      examples.then(free, free);
    }
    return await this.#fetch(here);
  }

  /** The window after this one; null where the training ends before. */
  #after({ epoch, window }: Place): Place | null {
    const { rows, windows } = this.#cut(epoch);
    if (window + 1 === windows) {
      return this.before(epoch + 1) < this.steps ? { epoch: epoch + 1, window: 0 } : null;
    }
    const first = this.before(epoch) + (window + 1) * (rows / this.settings.batchSize);
    return first < this.steps ? { epoch, window: window + 1 } : null;
  }

  /** A pass that fits the window is the same in every epoch. */
  #name({ epoch, window }: Place): string {
    const { pass, windows } = this.#cut(epoch);
    return windows === 1 ? `pass ${pass}` : `epoch ${epoch} window ${window}`;
  }

  #fetch(place: Place): Promise<Examples> {
    const name = this.#name(place);
    const held = this.#held.get(name);
    if (held !== undefined) return held.examples;
    const { source, windows } = this.#cut(place.epoch);
    const spans = this.#spans(place);
    const size = sizeOf(source.shape) * countIn(spans);
    // The only pass stays; of others, memory is used again, since the engine's collector may take its time.
    const room = windows === 1 && this.#cuts.length === 1 ? null : this.#roomFor(size);
    const examples = readSpans(source, spans, room?.subarray(0, size));
    // A failure is told where the window is waited for; nobody may come to do so.
    examples.catch(() => {});
    this.#held.set(name, { examples, room });
    return examples;
  }

  #roomFor(size: number): Uint8Array<ArrayBuffer> {
    const room = this.#rooms.pop();
    return room !== undefined && room.length >= size ? room : new Uint8Array(size);
  }

  /** What a window holds, in order. */
  #spans({ epoch, window }: Place): Span[] {
    const { source: { count }, block, rows } = this.#cut(epoch);
    const blocks = Math.ceil(count / block);
    const order = this.#permutation(blocks, "blocks", epoch);
    const spans: Span[] = [];
    let skip = window * rows, left = Math.min(rows, count - skip);
    for (const index of order) {
      const first = index * block, size = Math.min(block, count - first);
      const start = Math.min(skip, size), taken = Math.min(size - start, left);
      if (taken > 0) spans.push([first + start, first + start + taken]);
      skip -= start;
      left -= taken;
    }
    return spans;
  }

  /** Of the examples of a window. */
  #order(epoch: number, window: number, count: number): Uint32Array {
    const whole = this.#cut(epoch).windows === 1;
    return this.#permutation(count, "shuffle", epoch, ...whole ? [] : [window]);
  }

  #permutation(count: number, ...purpose: readonly (string | number)[]): Uint32Array {
    return this.settings.shuffle
      ? stream(this.seed, "train", ...purpose).permutation(count)
      : Uint32Array.from({ length: count }, (_, i) => i);
  }
}

function cut(source: Source, pass: number, batchSize: number): Cut {
  const { count } = source, size = sizeOf(source.shape);
  // Whole batches, so that none needs two windows.
  const rows = Math.max(1, Math.floor(WINDOW / (size * batchSize))) * batchSize;
  if (count * size <= WINDOW || count <= rows) {
    return { source, pass, block: count, rows: count, windows: 1 };
  }
  const block = Math.max(1, Math.floor(BLOCK / size));
  return { source, pass, block, rows, windows: Math.ceil(count / rows) };
}

const countIn = (spans: readonly Span[]) =>
  spans.reduce((sum, [start, end]) => sum + end - start, 0);

/** Spans of rows, one after the other. */
async function readSpans(
  source: Source,
  spans: readonly Span[],
  room?: Uint8Array<ArrayBuffer>,
): Promise<Examples> {
  const [first, ...more] = spans;
  if (first === undefined) throw new Error("Cannot read a window without examples");
  if (more.length === 0) return await source.read(...first, room);
  const size = sizeOf(source.shape), count = countIn(spans);
  const pixels = room ?? new Uint8Array(count * size);
  let window: Examples | undefined, at = 0;
  for (const [start, end] of spans) {
    const next = at + end - start;
    const part = await source.read(start, end, pixels.subarray(at * size, next * size));
    window ??= withRoom(part, pixels, count);
    window.labels.set(part.labels, at);
    if (part.transforms !== undefined) window.transforms?.rows.set(part.transforms.rows, at * ROW);
    at = next;
  }
  if (window === undefined) throw new Error("Cannot read a window without examples");
  return window;
}

/** Room for so many examples of one kind. */
function withRoom(kind: Examples, pixels: Uint8Array, count: number): Examples {
  const room = { ...kind, pixels, labels: new Int32Array(count) };
  return kind.transforms === undefined
    ? room
    : { ...room, transforms: { ...kind.transforms, rows: new Float32Array(count * ROW) } };
}
