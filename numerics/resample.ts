/**
 * Affine resampling of byte images, as Keras' ImageDataGenerator does it by scipy's `affine_transform` of
 * order 1. Coordinates and values are f32 (Math.fround at each operation), so that a kernel in
 * WebAssembly can give the same bits.
 */
import { cos, sin } from "./functions.ts";

/**
 * What stands beyond the border. Keras' names, scipy's meaning: `nearest` repeats the edge, `reflect`
 * mirrors with the edge pixel twice, `wrap` has the period n - 1 (first and last pixel coincide), and
 * `constant` takes one value wherever the coordinate is outside [0, n - 1], without blending.
 */
export type Fill = "nearest" | "reflect" | "wrap" | "constant";

/**
 * One image's random choices, in Keras' units; absent means none. Keras 3 names by x and y and takes x for
 * columns: its tx and zx are `shiftColumns` and `zoomColumns` (though it draws tx from `height_shift_range`).
 */
export interface Choices {
  /** Degrees; a positive one turns the picture against the clock. */
  readonly rotation?: number;
  /** Pixels that the window moves down (Keras' ty) and to the right (tx); the picture moves the other way. */
  readonly shiftRows?: number;
  readonly shiftColumns?: number;
  /** Degrees. */
  readonly shear?: number;
  /** Factors along rows and columns; above 1 shrinks the picture. */
  readonly zoomRows?: number;
  readonly zoomColumns?: number;
  readonly flipColumns?: boolean;
  readonly flipRows?: boolean;
  readonly brightness?: number;
}

/** Floats of a row: the 2x3 matrix, the brightness factor, and 1 if brightness is applied. */
export const ROW = 8;

/**
 * The row of f32 [8] that `resampleInto` applies: output (row, column) to input coordinates. Composed as
 * Keras 3 does: rotation * shift * shear * zoom about the centre (h/2 - 0.5, w/2 - 0.5), then the flips. (Of an
 * image that is not square Keras takes width for height in the centre, which is not repeated here.)
 */
export function transformRow(
  choices: Choices,
  height: number,
  width: number,
): Float32Array<ArrayBuffer> {
  const radians = (degrees: number) => degrees * (Math.PI / 180);
  // [a b c; d e f], the last row being [0 0 1].
  let a = 1, b = 0, c = 0, d = 0, e = 1, f = 0;
  const { rotation = 0, shear = 0, shiftRows = 0, shiftColumns = 0 } = choices;
  if (rotation !== 0) {
    a = e = cos(radians(rotation));
    b = sin(radians(rotation));
    d = -b;
  }
  c = a * shiftRows + b * shiftColumns;
  f = d * shiftRows + e * shiftColumns;
  if (shear !== 0) {
    // times [cos s 0; -sin s 1]
    const sine = sin(radians(shear)), cosine = cos(radians(shear));
    [a, d] = [a * cosine - b * sine, d * cosine - e * sine];
  }
  const { zoomRows = 1, zoomColumns = 1 } = choices;
  a *= zoomRows;
  d *= zoomRows;
  b *= zoomColumns;
  e *= zoomColumns;
  const centreRow = height / 2 - 0.5, centreColumn = width / 2 - 0.5;
  c += centreRow - (a * centreRow + b * centreColumn);
  f += centreColumn - (d * centreRow + e * centreColumn);
  if (choices.flipColumns === true) {
    c += b * (width - 1);
    f += e * (width - 1);
    b = -b;
    e = -e;
  }
  if (choices.flipRows === true) {
    c += a * (height - 1);
    f += d * (height - 1);
    a = -a;
    d = -d;
  }
  const bright = choices.brightness;
  return Float32Array.of(a, b, c, d, e, f, bright ?? 1, bright === undefined ? 0 : 1);
}

/** A coordinate beyond the border to one inside, by the fill; -1 means the constant. `last` is n - 1. */
function inside(x: number, last: number, fill: Fill): number {
  if (x >= 0 && x <= last) return x;
  if (fill === "nearest") return x < 0 ? 0 : last;
  if (fill === "constant") return -1;
  if (last === 0) return 0;
  const period = fill === "wrap" ? last : 2 * (last + 1);
  let value = Math.fround(x - Math.fround(period * Math.floor(x / period)));
  if (fill === "wrap") return value > last ? last : value;
  // reflect: the mirror lies half a pixel beyond the edge, between which the edge itself stands.
  if (value > last + 0.5) value = Math.fround(2 * last + 1 - value);
  return value < 0 ? 0 : value > last ? last : value;
}

/**
 * Resamples one u8 image of `shape` [h, w, channels] into `out` by a row of `transformRow`. Without brightness values
 * round half up to bytes; with it they are truncated, multiplied, truncated again and limited to 255, as
 * Keras does through Pillow. `constant` is a byte. `pixels` and `out` have h * w * channels elements.
 */
export function resampleInto(
  pixels: Uint8Array,
  shape: readonly number[],
  row: Float32Array,
  fill: Fill,
  constant: number,
  out: Uint8Array,
): void {
  const [height = 0, width = 0, channels = 1] = shape;
  if (pixels.length !== height * width * channels || out.length !== pixels.length) {
    throw new RangeError(
      `Cannot resample: ${pixels.length} and ${out.length} bytes are not one image of shape [${shape}]`,
    );
  }
  const fround = Math.fround;
  const [a = 1, b = 0, c = 0, d = 0, e = 1, f = 0, factor = 1, flags = 0] = row;
  const lastRow = height - 1, lastColumn = width - 1;
  let at = 0;
  for (let y = 0; y < height; y++) {
    const fromRow = fround(fround(a * y) + c), fromColumn = fround(fround(d * y) + f);
    for (let x = 0; x < width; x++) {
      let sourceRow = fround(fround(b * x) + fromRow);
      let sourceColumn = fround(fround(e * x) + fromColumn);
      if (!(sourceRow >= 0 && sourceRow <= lastRow)) sourceRow = inside(sourceRow, lastRow, fill);
      if (!(sourceColumn >= 0 && sourceColumn <= lastColumn)) {
        sourceColumn = inside(sourceColumn, lastColumn, fill);
      }
      const outside = sourceRow < 0 || sourceColumn < 0;
      const top = sourceRow | 0, left = sourceColumn | 0;
      const down = fround(sourceRow - top), right = fround(sourceColumn - left);
      const stepRight = left < lastColumn ? channels : 0;
      const stepDown = top < lastRow ? width * channels : 0;
      let base = (top * width + left) * channels;
      for (let channel = 0; channel < channels; channel++, base++) {
        let value = constant;
        if (!outside) {
          // In range: both corners were limited above, which the compiler cannot see.
          const p = pixels[base] as number, q = pixels[base + stepRight] as number;
          const r = pixels[base + stepDown] as number;
          const s = pixels[base + stepDown + stepRight] as number;
          const upper = fround(p + fround(right * (q - p)));
          const lower = fround(r + fround(right * (s - r)));
          value = fround(upper + fround(down * fround(lower - upper)));
        }
        if (flags === 0) out[at++] = (value + 0.5) | 0;
        else {
          const bright = fround((value | 0) * factor) | 0;
          out[at++] = bright > 255 ? 255 : bright;
        }
      }
    }
  }
}
