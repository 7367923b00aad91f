/** Images drawn with characters. */
import assert from "node:assert/strict";
import { across, draw } from "../pipelines/cli/picture.ts";

const images = [
  Uint8Array.of(0, 255, 0, 255, 0, 0, 255, 255),
  Uint8Array.of(255, 255, 255, 255, 0, 0, 0, 0),
];

Deno.test("without colours two pixels become one shade", () => {
  assert.deepEqual(draw({ height: 4, width: 2, channels: 1, images }, 80, false), [
    " █ ██",
    "▒▒",
  ]);
});

Deno.test("with colours the upper half-block is one pixel and the background the other", () => {
  const [line = ""] = draw(
    { height: 2, width: 1, channels: 1, images: [Uint8Array.of(0, 255)] },
    80,
    true,
  );
  assert.equal(line, "\u001b[38;5;232;48;5;255m▀\u001b[0m");
  const red = draw(
    { height: 1, width: 1, channels: 3, images: [Uint8Array.of(255, 0, 0)] },
    80,
    true,
  );
  assert.equal(red[0], "\u001b[38;5;196;48;5;196m▀\u001b[0m");
});

Deno.test("an image wider than the terminal is thinned out until it fits", () => {
  const wide = {
    height: 8,
    width: 100,
    channels: 1 as const,
    images: [new Uint8Array(800).fill(255)],
  };
  const lines = draw(wide, 30, false);
  assert.ok(lines.every((line) => line.length <= 30));
  assert.equal(lines.length, 1);
});

Deno.test("as many images as fit stand side by side", () => {
  assert.deepEqual([across(28, 80), across(28, 28), across(100, 80), across(4, 500)], [
    2,
    1,
    1,
    12,
  ]);
});
