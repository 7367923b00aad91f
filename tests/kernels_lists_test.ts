/** A dense layer's gradients by lists of what is not 0, and updates behind a gradient. */
import assert from "node:assert/strict";
import { DENSE_SCRATCH, denseRoom } from "../kernels/dense.ts";
import type { Address, DenseRoom, Ops, Update } from "../kernels/ops.ts";
import { both, createPair, loadModules, type Pair } from "./kernels_rig.ts";

const modules = await loadModules();

/** Batch, inputs and units: whole panels and fours, and what is left of them. */
const SHAPES = [[64, 96, 16], [5, 70, 9], [1, 33, 1], [7, 3, 6]] as const;

/** Most of it 0, of both signs, as behind a relu and a dropout. */
function mostlyZero(pair: Pair, n: number): Address {
  return pair.floats(
    n,
    (i) => i * 7919 % 13 < 3 ? ((i * 37) % 101 - 50.5) / 9 : i % 3 === 0 ? -0 : 0,
  );
}

function roomOf(pair: Pair, rows: number, inputs: number, units: number): DenseRoom {
  return {
    shared: pair.room(denseRoom(rows, inputs, units) / 4),
    own: pair.room(DENSE_SCRATCH / 4),
  };
}

for (const [rows, inputs, units] of SHAPES) {
  const name = `${rows} rows, ${inputs} inputs, ${units} units`;
  Deno.test(`gradients by lists are those of the plain loops: ${name}`, () => {
    const pair = createPair(modules, `lists ${name}`);
    const x = pair.floats(rows * inputs), w = pair.floats(inputs * units);
    const dy = mostlyZero(pair, rows * units), room = roomOf(pair, rows, inputs, units);
    const dx = pair.room(rows * inputs), dw = pair.room(inputs * units);
    both(pair, (ops) => {
      ops.denseInputGradient(rows, inputs, units, dy, w, dx, room);
      ops.denseWeightGradient(rows, inputs, units, x, dy, dw, room, null);
    });
    pair.agree("dx", dx, rows * inputs, 1e-6);
    pair.agree("dw", dw, inputs * units, 1e-6);
  });

  Deno.test(`a weight's gradient by lists is the plain one's, bit for bit: ${name}`, () => {
    const pair = createPair(modules, `lists bits ${name}`);
    const { compiled } = pair;
    const x = pair.floats(rows * inputs), dy = mostlyZero(pair, rows * units);
    const room = roomOf(pair, rows, inputs, units);
    const plain = pair.room(inputs * units), listed = pair.room(inputs * units);
    compiled.denseWeightGradient(rows, inputs, units, x, dy, plain, null, null);
    compiled.denseWeightGradient(rows, inputs, units, x, dy, listed, room, null);
    assert.deepEqual(
      pair.read(compiled, listed, inputs * units),
      pair.read(compiled, plain, inputs * units),
    );
  });
}

for (const listed of [true, false]) {
  Deno.test(`an update behind a gradient is the update after it, ${listed ? "by lists" : "plain"}`, () => {
    const [rows, inputs, units] = [9, 600, 40], n = inputs * units;
    const pair = createPair(modules, `behind ${listed}`);
    const { compiled } = pair;
    const x = pair.floats(rows * inputs), dy = mostlyZero(pair, rows * units);
    const room = listed ? roomOf(pair, rows, inputs, units) : null;
    const rate = pair.floats(1, () => 0.01), dw = pair.room(n);
    const start = (i: number) => ((i * 31) % 97 - 48) / 50;
    const sides = [0, 1].map(() => ({
      w: pair.floats(n, start),
      v: pair.floats(n, (i) => Math.abs(start(i))),
    }));
    const updateOf = ({ w, v }: { w: Address; v: Address }): Update => (ops: Ops, first, count) => {
      const at = (all: Address) => all + first * 4 as Address; // whole panels are multiples of 16 bytes
      ops.rmsprop(count, rate, 0.9, 0, 1e-7, at(dw), at(v), 0, at(w));
    };
    const [one, other] = sides;
    assert.ok(one && other);
    compiled.denseWeightGradient(rows, inputs, units, x, dy, dw, room, updateOf(one));
    const gradient = pair.read(compiled, dw, n).slice();
    compiled.denseWeightGradient(rows, inputs, units, x, dy, dw, room, null);
    updateOf(other)(compiled, 0, n);
    assert.deepEqual(gradient, pair.read(compiled, dw, n));
    for (const tensor of ["w", "v"] as const) {
      assert.deepEqual(
        pair.read(compiled, one[tensor], n),
        pair.read(compiled, other[tensor], n),
      );
    }
    assert.notEqual(pair.read(compiled, one.w, n)[5], Math.fround(start(5)));
  });
}
