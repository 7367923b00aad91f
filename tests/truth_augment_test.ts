/** Given transforms, against Keras' ImageDataGenerator and the scipy under it. */
import assert from "node:assert/strict";
import { type Choices, type Fill, resampleInto, ROW, transformRow } from "../numerics/resample.ts";
import { type Encoded, floatsOf, pixelsOf, readTruth } from "./truth_rig.ts";

/** Keras' words; its x runs along columns, whatever its documentation calls it. */
interface KerasChoices {
  readonly theta?: number;
  readonly tx?: number;
  readonly ty?: number;
  readonly shear?: number;
  readonly zx?: number;
  readonly zy?: number;
  readonly flip_horizontal?: boolean;
  readonly flip_vertical?: boolean;
  readonly brightness?: number;
}

interface Truth {
  readonly pictures: readonly Encoded[];
  readonly cases: readonly {
    readonly name: string;
    readonly picture: number;
    readonly choices: KerasChoices;
    readonly fill: Fill;
    readonly constant: number;
    readonly result: Encoded;
  }[];
  readonly other: Encoded;
  readonly matrices: readonly {
    readonly matrix: readonly (readonly number[])[];
    readonly fill: Fill;
    readonly constant: number;
    readonly result: Encoded;
  }[];
}

const truth = await readTruth<Truth>("augment");

function choicesOf(keras: KerasChoices): Choices {
  return {
    rotation: keras.theta ?? 0,
    shiftColumns: keras.tx ?? 0,
    shiftRows: keras.ty ?? 0,
    shear: keras.shear ?? 0,
    zoomColumns: keras.zx ?? 1,
    zoomRows: keras.zy ?? 1,
    flipColumns: keras.flip_horizontal ?? false,
    flipRows: keras.flip_vertical ?? false,
    ...(keras.brightness === undefined ? {} : { brightness: keras.brightness }),
  };
}

/** At most one level apart, everywhere. */
function close(where: string, found: Uint8Array, wanted: Float32Array): void {
  assert.equal(found.length, wanted.length);
  for (const [i, value] of found.entries()) {
    const other = wanted[i] ?? NaN;
    assert.ok(Math.abs(value - other) <= 1, `${where}, byte ${i}: ${value}, not ${other}`);
  }
}

for (const [name, cases] of Map.groupBy(truth.cases, ({ name }) => name)) {
  Deno.test(`With each fill, pictures are moved as Keras does: ${name}`, () => {
    assert.equal(cases.length, 4 * truth.pictures.length);
    for (const { picture, choices, fill, constant, result } of cases) {
      const encoded = truth.pictures[picture] ?? assert.fail("no such picture");
      const pixels = pixelsOf(encoded), out = new Uint8Array(pixels.length);
      const [height = 0, width = 0] = encoded.shape;
      const row = transformRow(choicesOf(choices), height, width);
      resampleInto(pixels, encoded.shape, row, fill, constant, out);
      close(`picture ${picture}, ${fill}`, out, floatsOf(result));
    }
  });
}

for (const [fill, cases] of Map.groupBy(truth.matrices, ({ fill }) => fill)) {
  Deno.test(`Matrices move a picture that is not square as scipy does: ${fill}`, () => {
    for (const { matrix, constant, result } of cases) {
      const pixels = pixelsOf(truth.other), out = new Uint8Array(pixels.length);
      const row = new Float32Array(ROW);
      row.set(matrix.flat());
      row[6] = 1;
      resampleInto(pixels, truth.other.shape, row, fill, constant, out);
      close(JSON.stringify(matrix), out, floatsOf(result));
    }
  });
}
