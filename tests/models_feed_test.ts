/** What a training is fed with: the order of the examples, and what of them is read when. */
import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import { inMemory, inOrder, type Source } from "../models/examples.ts";
import { Feed, type FeedSettings } from "../models/feed.ts";
import { evaluateAll } from "../models/loop.ts";
import { ROW } from "../numerics/resample.ts";
import { batchOf, someExamples, wasmTrainer } from "./models_rig.ts";

/** Of 512 KiB an image: a block of 2 MiB holds 4, a window of 128 MiB at most 256. */
const SHAPE = [512, 1024, 1];
const SIZE = 512 * 1024;

interface Read {
  readonly start: number;
  readonly end: number;
}

/** Example i has the label i, and i as its first two bytes and in its transform. Nothing of it lies in memory. */
function counting(
  count: number,
  before: (read: Read) => Promise<unknown> | undefined = () => undefined,
) {
  const reads: Read[] = [];
  const labels = (start: number, end: number) =>
    Int32Array.from({ length: end - start }, (_, i) => start + i);
  const source: Source = {
    count,
    shape: SHAPE,
    labels: (start, end) => Promise.resolve(labels(start, end)),
    async read(start, end, into) {
      reads.push({ start, end });
      await before({ start, end });
      const pixels = into ?? new Uint8Array((end - start) * SIZE);
      assert.equal(pixels.length, (end - start) * SIZE);
      for (let i = start; i < end; i++) pixels.set([i & 255, i >> 8], (i - start) * SIZE);
      const rows = Float32Array.from(
        { length: (end - start) * ROW },
        (_, i) => start + Math.floor(i / ROW),
      );
      return {
        pixels,
        shape: SHAPE,
        table: new Float32Array(256),
        labels: labels(start, end),
        transforms: { rows, fill: "nearest", constant: 0 },
      };
    },
  };
  return { source, reads };
}

/** Lets what waits go on, as the loop does after each step. */
const breathe = () => new Promise((resolve) => setImmediate(resolve));

const settings = (more: Partial<FeedSettings> = {}): FeedSettings => ({
  epochs: 3,
  batchSize: 10,
  shuffle: true,
  steps: undefined,
  ...more,
});

/** The rows of each batch, by their labels; fails where pixels or transforms are not those of the label. */
async function batches(feed: Feed, epoch = 0, step = 0): Promise<number[][]> {
  const found: number[][] = [];
  for await (
    const { examples: { pixels, labels, transforms }, indices } of feed.from(epoch, step)
  ) {
    found.push(Array.from(indices, (index) => {
      const label = labels[index] ?? NaN;
      const bytes = [...pixels.subarray(index * SIZE, index * SIZE + 2)];
      assert.deepEqual(bytes, [label & 255, label >> 8], `pixels of ${label}`);
      assert.equal(transforms?.rows[index * ROW + 3], label, `transforms of ${label}`);
      return label;
    }));
  }
  return found;
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

/** 250 rows a window, since 256 would cut a batch. */
const COUNT = 603;

Deno.test("what is larger than the window comes once an epoch, whole, window by window", async () => {
  const feed = new Feed([counting(COUNT).source], settings(), 1);
  assert.equal(feed.steps, 3 * 61);
  const found = await batches(feed), rows = found.flat();
  assert.deepEqual(rows.toSorted((a, b) => a - b), upTo(COUNT));
  assert.deepEqual(found.map(({ length }) => length), [...Array(60).fill(10), 3]);
  // Which rows a window has follows from blocks; only those at its ends are in two.
  const windows = [rows.slice(0, 250), rows.slice(250, 500), rows.slice(500)];
  for (const window of windows) {
    const blocks = Map.groupBy(window, (row) => Math.floor(row / 4));
    const parts = [...blocks.values()].filter(({ length }) => length < 4);
    assert.ok(parts.length <= 3, `${parts.length} blocks in parts`);
    assert.notDeepEqual(window, window.toSorted((a, b) => a - b));
  }
  assert.notDeepEqual(windows[0]?.toSorted((a, b) => a - b), upTo(250), "blocks are drawn");
});

Deno.test("the order of what streams follows from seed and epoch alone", async () => {
  const of = async (seed: number, epoch: number) =>
    (await batches(new Feed([counting(COUNT).source], settings(), seed), epoch)).flat();
  const one = await of(1, 0);
  assert.deepEqual(await of(1, 0), one);
  assert.notDeepEqual(await of(2, 0), one);
  assert.notDeepEqual(await of(1, 1), one);
  // Trained weights depend on it: it may not change unseen.
  assert.deepEqual(one.slice(0, 6), [150, 132, 299, 450, 25, 167]);
});

Deno.test("without shuffling what streams comes in order", async () => {
  const { source, reads } = counting(COUNT);
  const found = await batches(new Feed([source], settings({ shuffle: false }), 1));
  assert.deepEqual(found.flat(), upTo(COUNT));
  // Of the second epoch the first window is read ahead.
  const epoch = reads.slice(0, reads.findIndex(({ end }) => end === COUNT) + 1);
  assert.deepEqual(epoch.flatMap(({ start, end }) => upTo(end).slice(start)), upTo(COUNT));
});

Deno.test("an epoch can be entered at any step", async () => {
  for (const count of [COUNT, 37]) {
    const whole = await batches(new Feed([counting(count).source], settings(), 1), 1);
    for (const step of [1, 3, 24, 25, 26, 50, 60]) {
      const feed = new Feed([counting(count).source], settings(), 1);
      assert.deepEqual(await batches(feed, 1, step), whole.slice(step), `${count} from ${step}`);
    }
  }
});

Deno.test("a window is read while the one before it trains, and none before that", async () => {
  const { source, reads } = counting(COUNT);
  const feed = new Feed([source], settings({ epochs: 1 }), 1);
  const rowsRead = () => reads.reduce((sum, { start, end }) => sum + end - start, 0);
  let step = 0;
  for await (const _ of feed.from(0)) {
    if (step === 0) assert.equal(rowsRead(), 250);
    // Reading goes on while the loop lets it.
    for (let i = 0; i < 200; i++) await Promise.resolve();
    if (step > 0 && step < 25) assert.ok(rowsRead() <= 500, `${rowsRead()} at ${step}`);
    if (step === 24) assert.equal(rowsRead(), 500);
    step++;
  }
  assert.equal(rowsRead(), COUNT);
  assert.equal(step, 61);
});

Deno.test("a block at the border of two windows is read in two parts, one after the other", async () => {
  const { source, reads } = counting(COUNT);
  await batches(new Feed([source], settings({ epochs: 1 }), 1));
  const parts = reads.filter(({ start, end }) => end - start < 4 && end !== COUNT);
  assert.equal(parts.length, 4, "two borders");
  for (const [i, read] of reads.entries()) {
    if (read.start % 4 !== 0) assert.equal(reads[i - 1]?.end, read.start);
  }
});

Deno.test("nothing is read that no step needs", async () => {
  const few = counting(COUNT);
  assert.equal((await batches(new Feed([few.source], settings({ steps: 25 }), 1))).length, 25);
  assert.equal(few.reads.reduce((sum, { start, end }) => sum + end - start, 0), 250);
  const more = counting(COUNT);
  const second = new Feed([more.source], settings({ steps: 61 + 25 }), 1);
  assert.equal((await batches(second, 1)).length, 25);
  assert.equal(more.reads.reduce((sum, { start, end }) => sum + end - start, 0), 250);
  const passes = [counting(20), counting(20), counting(20)];
  const feed = new Feed(passes.map(({ source }) => source), settings({ steps: 3 }), 1);
  await batches(feed, 0);
  assert.deepEqual(passes.map(({ reads }) => reads.length), [1, 1, 0]);
  assert.equal((await batches(feed, 1)).length, 1);
  assert.deepEqual(passes.map(({ reads }) => reads.length), [1, 1, 0]);
});

Deno.test("the next pass is read during an epoch; the only one once", async () => {
  const passes = [counting(20), counting(30), counting(10)];
  const feed = new Feed(passes.map(({ source }) => source), settings({ epochs: 7 }), 1);
  const seen: number[][] = [];
  for (let epoch = 0; epoch < 7; epoch++) {
    assert.deepEqual(
      (await batches(feed, epoch)).flat().toSorted((a, b) => a - b),
      upTo([20, 30, 10][epoch % 3] ?? 0),
    );
    seen.push(passes.map(({ reads }) => reads.length));
  }
  assert.deepEqual(seen.slice(0, 3), [[1, 1, 0], [1, 1, 1], [2, 1, 1]]);
  const only = counting(20);
  const alone = new Feed([only.source], settings({ epochs: 7 }), 1);
  for (let epoch = 0; epoch < 7; epoch++) await batches(alone, epoch);
  assert.deepEqual(only.reads, [{ start: 0, end: 20 }]);
});

Deno.test("a batch stays as it is until the one after the next is asked for", async () => {
  const marked = (pass: number): Source => {
    const { source } = counting(12);
    return {
      ...source,
      async read(start, end, into) {
        const examples = await source.read(start, end, into);
        examples.pixels.fill(pass);
        return examples;
      },
    };
  };
  const feed = new Feed([0, 1, 2].map(marked), settings({ batchSize: 6, epochs: 9 }), 1);
  let before: { pixels: Uint8Array; pass: number } | undefined;
  for (let epoch = 0; epoch < 9; epoch++) {
    for await (const { examples: { pixels } } of feed.from(epoch)) {
      for (let i = 0; i < 50; i++) await Promise.resolve();
      if (before !== undefined) assert.equal(before.pixels[7], before.pass);
      before = { pixels, pass: epoch % 3 };
    }
  }
});

Deno.test("what is still being read when it is not wanted any more spoils nothing", async () => {
  const slow = ({ start }: Read) => start >= 250 && start < 500 ? breathe() : undefined;
  const feed = new Feed([counting(COUNT, slow).source], settings({ shuffle: false }), 1);
  for await (const { indices } of feed.from(0)) if (indices[0] === 10) break;
  const rows: number[] = [];
  for await (const { examples: { pixels }, indices } of feed.from(0, 50)) {
    await breathe();
    for (const index of indices) {
      rows.push((pixels[index * SIZE] ?? NaN) + 256 * (pixels[index * SIZE + 1] ?? NaN));
    }
  }
  assert.deepEqual(rows, upTo(COUNT).slice(500));
});

Deno.test("a window that cannot be read fails the epoch when it is needed, not before", async () => {
  const { source } = counting(
    COUNT,
    ({ start }) => start >= 250 ? Promise.reject(new Error(`no row ${start}`)) : undefined,
  );
  const feed = new Feed([source], settings({ shuffle: false }), 1);
  let steps = 0;
  await assert.rejects(async () => {
    for await (const _ of feed.from(0)) {
      await breathe();
      steps++;
    }
  }, { message: "no row 250" });
  assert.equal(steps, 25);
});

Deno.test("a batch that is larger than the window is a window of its own", async () => {
  const feed = new Feed([counting(600).source], settings({ batchSize: 300, epochs: 1 }), 1);
  const found = await batches(feed);
  assert.deepEqual(found.map(({ length }) => length), [300, 300]);
  assert.deepEqual(found.flat().toSorted((a, b) => a - b), upTo(600));
});

Deno.test("in order, the next examples are read while some are used", async () => {
  const { source, reads } = counting(25);
  const seen: number[] = [];
  for await (const { labels } of inOrder(source, 10)) {
    seen.push(...labels);
    assert.equal(reads.length, Math.min(3, seen.length / 10 + 1));
  }
  assert.deepEqual(seen, upTo(25));
});

Deno.test("evaluating what streams gives the bits of evaluating what lies in memory, and its outputs", async () => {
  // 2 MiB an example, so that four are read at once.
  const examples = someExamples(11, [1024, 1024, 2]);
  const trainer = await wasmTrainer({
    layers: [{ averagePooling2d: 256 }, "flatten", { dense: { units: 3, activation: "softmax" } }],
    loss: "categoricalCrossentropy",
    inputShape: [1024, 1024, 2],
    batchSize: 2,
  });
  const whole = inMemory(examples);
  const reads: number[] = [];
  const source: Source = {
    ...whole,
    read(start, end) {
      reads.push(end - start);
      return whole.read(start, end);
    },
  };
  const outputs = new Float32Array(33);
  const found = await evaluateAll(trainer, source, 2, undefined, outputs);
  assert.deepEqual(reads, [4, 4, 3]);
  let loss = 0;
  for (const start of [0, 2, 4, 6, 8, 10]) {
    const batch = batchOf(examples, ...start === 10 ? [10] : [start, start + 1]);
    loss += trainer.evaluate(batch).loss;
    const part = trainer.predict(batch);
    assert.deepEqual(outputs.slice(start * 3, start * 3 + part.length), part);
  }
  assert.equal(found.loss, loss / 11);
});
