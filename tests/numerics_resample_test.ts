import assert from "node:assert/strict";
import { type Choices, type Fill, resampleInto, transformRow } from "../numerics/resample.ts";

const apply = (
  pixels: readonly number[],
  shape: readonly [number, number, number],
  choices: Choices,
  fill: Fill = "nearest",
  constant = 0,
): number[] => {
  const out = new Uint8Array(pixels.length);
  const row = transformRow(choices, shape[0], shape[1]);
  resampleInto(Uint8Array.from(pixels), shape, row, fill, constant, out);
  return [...out];
};

const GRID = [1, 2, 3, 4, 5, 6, 7, 8, 9];

Deno.test("No choice leaves an image as it was", () => {
  assert.deepEqual(apply(GRID, [3, 3, 1], {}), GRID);
});

Deno.test("Flips mirror columns and rows", () => {
  assert.deepEqual(apply(GRID, [3, 3, 1], { flipColumns: true }), [3, 2, 1, 6, 5, 4, 9, 8, 7]);
  assert.deepEqual(apply(GRID, [3, 3, 1], { flipRows: true }), [7, 8, 9, 4, 5, 6, 1, 2, 3]);
});

Deno.test("A quarter turn is about the centre of the pixels", () => {
  assert.deepEqual(apply(GRID, [3, 3, 1], { rotation: 180 }), [9, 8, 7, 6, 5, 4, 3, 2, 1]);
  const turned = apply(GRID, [3, 3, 1], { rotation: 90 });
  assert.deepEqual(turned, [3, 6, 9, 2, 5, 8, 1, 4, 7]);
});

Deno.test("A positive shift takes each pixel from below or from the right, as in Keras", () => {
  assert.deepEqual(apply(GRID, [3, 3, 1], { shiftRows: 1 }), [4, 5, 6, 7, 8, 9, 7, 8, 9]);
  assert.deepEqual(apply([10, 20, 30, 40], [1, 4, 1], { shiftColumns: 1 }), [20, 30, 40, 40]);
});

Deno.test("Half a pixel blends two neighbours", () => {
  assert.deepEqual(apply([10, 20, 30, 40], [1, 4, 1], { shiftColumns: 0.5 }), [15, 25, 35, 40]);
});

Deno.test("Each fill continues the image as scipy does", () => {
  const line = [10, 20, 30, 40];
  const shifted = (fill: Fill, shift: number) =>
    apply(line, [1, 4, 1], { shiftColumns: shift }, fill, 99);
  assert.deepEqual(shifted("nearest", -2), [10, 10, 10, 20]);
  assert.deepEqual(shifted("reflect", -2), [20, 10, 10, 20]);
  assert.deepEqual(shifted("reflect", 3), [40, 40, 30, 20]);
  // The period is n - 1: the first and the last pixel are one place.
  assert.deepEqual(shifted("wrap", 2), [30, 40, 20, 30]);
  assert.deepEqual(shifted("constant", -2), [99, 99, 10, 20]);
  // No blending beyond the border.
  assert.deepEqual(shifted("constant", 0.5), [15, 25, 35, 99]);
});

Deno.test("Reflection goes on beyond one length of the image", () => {
  const shift = { shiftColumns: 9 };
  assert.deepEqual(apply([10, 20, 30, 40], [1, 4, 1], shift, "reflect"), [20, 30, 40, 40]);
});

Deno.test("Zoom above 1 takes pixels from farther out", () => {
  const zoomed = apply(GRID, [3, 3, 1], { zoomRows: 2, zoomColumns: 2 }, "constant", 0);
  assert.deepEqual(zoomed, [0, 0, 0, 0, 5, 0, 0, 0, 0]);
});

Deno.test("Brightness truncates and is limited, as Pillow does it", () => {
  assert.deepEqual(apply([10, 101, 200, 255], [1, 4, 1], { brightness: 1.5 }), [15, 151, 255, 255]);
  assert.deepEqual(apply([10, 101, 200, 255], [1, 4, 1], { brightness: 0 }), [0, 0, 0, 0]);
});

Deno.test("Channels move together", () => {
  const image = [1, 101, 2, 102, 3, 103];
  assert.deepEqual(apply(image, [1, 3, 2], { flipColumns: true }), [3, 103, 2, 102, 1, 101]);
});

Deno.test("An image of another size than its shape is refused", () => {
  assert.throws(() => apply([1, 2, 3], [2, 2, 1], {}), /are not one image of shape \[2,2,1\]/);
});
