/** Ranges to random transforms, with the meaning that Keras' ImageDataGenerator gives them. */
import { stream } from "../../numerics/random.ts";
import {
  type Choices,
  type Fill,
  resampleInto,
  ROW,
  transformRow,
} from "../../numerics/resample.ts";
import type { ArtifactReader } from "../../pipelines/stage.ts";

export interface Ranges {
  readonly rotation: number;
  readonly widthShift: number;
  readonly heightShift: number;
  readonly shear: number;
  readonly zoom: number | readonly [number, number];
  readonly horizontalFlip: boolean;
  readonly verticalFlip: boolean;
  readonly brightness?: readonly [number, number] | undefined;
}

/** Words a draw may use of one image; each choice has its own, so that none changes another's. */
const WORDS = 16;

/**
 * One row of transformRow an image: f32 [count, 8]. A row is a function of (seed, pass, image) and the
 * ranges alone. Angles and shifts are uniform in [-r, r); a shift below 1 is a part of the side, else pixels;
 * zoom draws rows and columns apart; flips have probability 1/2.
 */
export function drawTransforms(
  ranges: Ranges,
  seed: number,
  pass: number,
  count: number,
  height: number,
  width: number,
): Float32Array<ArrayBuffer> {
  const draws = stream(seed, "augment", pass);
  const rows = new Float32Array(count * ROW);
  const [zoomLow, zoomHigh] = typeof ranges.zoom === "number"
    ? [1 - ranges.zoom, 1 + ranges.zoom]
    : ranges.zoom;
  const zooms = zoomLow !== 1 || zoomHigh !== 1;
  const pixels = (range: number, side: number) => range < 1 ? range * side : range;
  for (let image = 0; image < count; image++) {
    const between = (word: number, low: number, high: number) =>
      low + (high - low) * draws.uniform(image * WORDS + word);
    const around = (word: number, range: number) => range === 0 ? 0 : between(word, -range, range);
    const choices: Choices = {
      rotation: around(0, ranges.rotation),
      shiftRows: around(1, pixels(ranges.heightShift, height)),
      shiftColumns: around(2, pixels(ranges.widthShift, width)),
      shear: around(3, ranges.shear),
      zoomRows: zooms ? between(4, zoomLow, zoomHigh) : 1,
      zoomColumns: zooms ? between(5, zoomLow, zoomHigh) : 1,
      flipColumns: ranges.horizontalFlip && draws.uniform(image * WORDS + 6) < 0.5,
      flipRows: ranges.verticalFlip && draws.uniform(image * WORDS + 7) < 0.5,
      ...(ranges.brightness === undefined ? {} : { brightness: between(8, ...ranges.brightness) }),
    };
    rows.set(transformRow(choices, height, width), image * ROW);
  }
  return rows;
}

const FILLS: readonly Fill[] = ["nearest", "reflect", "wrap", "constant"];

/** What augment stores with `materialize: false`: f32 [count, 8], and how borders are filled. */
export interface Transforms {
  readonly rows: Float32Array;
  readonly fill: Fill;
  /** A byte. */
  readonly constant: number;
}

/** Reads the transforms of images [start, end); undefined where the images are as they should be. */
export function openTransforms(
  artifact: ArtifactReader,
): ((start: number, end: number) => Promise<Transforms>) | undefined {
  if (!artifact.has("transforms")) return undefined;
  const { fill, constant } = artifact.attributes;
  const known = FILLS.find((name) => name === fill);
  if (known === undefined || typeof constant !== "number") {
    throw new Error(
      'Cannot apply stored transforms: the attributes "fill" and "constant" are wanted',
    );
  }
  const stored = artifact.tensor("transforms", "float32");
  return async (start, end) => ({ rows: await stored.rows(start, end), fill: known, constant });
}

/** Applies one row of transforms to each image of u8 pixels [count, height, width, channels]. */
export function applyTransforms(
  pixels: Uint8Array,
  size: { readonly height: number; readonly width: number; readonly channels: number },
  { rows, fill, constant }: Transforms,
): Uint8Array<ArrayBuffer> {
  const shape = [size.height, size.width, size.channels];
  const length = size.height * size.width * size.channels;
  const out = new Uint8Array(pixels.length);
  for (let image = 0; image * length < pixels.length; image++) {
    const from = image * length, to = from + length, row = image * ROW;
    resampleInto(
      pixels.subarray(from, to),
      shape,
      rows.subarray(row, row + ROW),
      fill,
      constant,
      out.subarray(from, to),
    );
  }
  return out;
}
