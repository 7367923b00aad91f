/** Draws one small grey picture of a shape, with noise: the data set that needs no network. */
import { cos, sin } from "../../numerics/functions.ts";
import { stream } from "../../numerics/random.ts";

const inBox = (x: number, y: number, w: number, h: number) => Math.abs(x) <= w && Math.abs(y) <= h;
const inPlus = (x: number, y: number) => inBox(x, y, 0.3, 1) || inBox(x, y, 1, 0.3);
const ROOT_HALF = Math.sqrt(0.5);

/** Each shape in a square of about [-1, 1]: is the point inside? */
const SHAPES: Readonly<Record<string, (x: number, y: number) => boolean>> = {
  disc: (x, y) => x * x + y * y <= 1,
  ring: (x, y) => x * x + y * y <= 1 && x * x + y * y >= 0.36,
  square: (x, y) => inBox(x, y, 0.9, 0.9),
  frame: (x, y) => inBox(x, y, 0.9, 0.9) && !inBox(x, y, 0.52, 0.52),
  triangle: (x, y) => y <= 0.8 && 2 * Math.abs(x) <= y + 1.1,
  diamond: (x, y) => Math.abs(x) + Math.abs(y) <= 1.15,
  plus: inPlus,
  cross: (x, y) => inPlus((x - y) * ROOT_HALF, (x + y) * ROOT_HALF),
  rows: (x, y) => inBox(x, y, 0.95, 0.95) && Math.abs(Math.abs(y) - 0.6) <= 0.3,
  columns: (x, y) => inBox(x, y, 0.95, 0.95) && Math.abs(Math.abs(x) - 0.6) <= 0.3,
};

/** Names by label. */
export const CLASSES: readonly string[] = Object.keys(SHAPES);

/** Words of the stream before those of the noise, one a pixel. */
const CHOICES = 16;
/** Points a pixel along each axis, for soft edges. */
const FINE = 2;

/**
 * Draws example `index` of a split: place, size, turn (up to 20 degrees), contrast and noise are functions
 * of (seed, split, index). Returns u8 [size, size].
 */
export function drawShape(
  seed: number,
  split: string,
  index: number,
  label: number,
  size: number,
): Uint8Array<ArrayBuffer> {
  const inside = SHAPES[CLASSES[label] ?? ""];
  if (inside === undefined) throw new RangeError(`Cannot draw class ${label}: there is none`);
  const draws = stream(seed, "shapes", split, index);
  const between = (i: number, low: number, high: number) => low + (high - low) * draws.uniform(i);
  const radius = size * between(0, 0.24, 0.38);
  const centreX = size / 2 + size * between(1, -0.1, 0.1);
  const centreY = size / 2 + size * between(2, -0.1, 0.1);
  const turn = between(3, -20, 20) * (Math.PI / 180);
  const ground = between(4, 5, 60), contrast = between(5, 60, 180), noise = between(6, 0.1, 0.5);
  const stretch = between(7, 0.8, 1.25);
  const cosine = cos(turn), sine = sin(turn);
  const out = new Uint8Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      let hits = 0;
      for (let fine = 0; fine < FINE * FINE; fine++) {
        const x = column + (fine % FINE + 0.5) / FINE - centreX;
        const y = row + (Math.floor(fine / FINE) + 0.5) / FINE - centreY;
        const u = (cosine * x + sine * y) / radius, v = (cosine * y - sine * x) / radius;
        if (inside(u * stretch, v / stretch)) hits++;
      }
      const at = row * size + column;
      const word = draws.uint32(CHOICES + at);
      // The sum of four bytes is near enough to a normal, at a hundredth of its cost.
      const grain = (word & 255) + (word >>> 8 & 255) + (word >>> 16 & 255) + (word >>> 24) - 510;
      const value = ground + contrast * hits / (FINE * FINE) + noise * grain * 0.5;
      out[at] = value < 0 ? 0 : value > 255 ? 255 : Math.floor(value + 0.5);
    }
  }
  return out;
}

/** Labels of a split: every class equally often (as far as it goes), in an order drawn from the seed. */
export function drawLabels(seed: number, split: string, count: number): Uint8Array<ArrayBuffer> {
  const order = stream(seed, "shapes", split, "order").permutation(count);
  return Uint8Array.from(order, (place) => place % CLASSES.length);
}
