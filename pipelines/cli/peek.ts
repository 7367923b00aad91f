/** An artifact as text: its tensors' types and shapes, a peek at the values, its images. */
import type { Arrays, ArtifactReader, Dtype } from "../stage.ts";
import type { Manifest } from "../store/store.ts";
import { across, draw } from "./picture.ts";
import { bytes, cut, pad, type Paint, visibleLine } from "./text.ts";

export interface PeekOptions {
  readonly columns: number;
  readonly colours: boolean;
  readonly paint: Paint;
  /** Only this tensor, all of it summed up. */
  readonly tensor?: string;
}

type Tensors = (Manifest & { kind: "tensors" })["tensors"];

const SIZES: Record<Dtype, number> = {
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  uint32: 4,
  int32: 4,
  float32: 4,
  float64: 8,
};

/** Values that are read for a peek. */
const FEW = 4096;

/** Lines for all tensors of an artifact, or for one. */
export async function peek(
  reader: ArtifactReader,
  tensors: Tensors,
  options: PeekOptions,
): Promise<string[]> {
  const names = reader.names.filter((name) =>
    options.tensor === undefined || name === options.tensor
  );
  const longest = Math.max(0, ...names.map((name) => visibleLine(name).length));
  const lines: string[] = [];
  if (options.tensor === undefined && Object.keys(reader.attributes).length > 0) {
    lines.push(...attributeLines(reader.attributes, options));
  }
  for (const name of names) {
    const about = tensors[name];
    if (about === undefined) continue;
    // A manifest that was verified on opening holds only the eight dtypes.
    const tensor = reader.tensor(name, about.dtype as Dtype);
    const count = tensor.shape.reduce((product, size) => product * size, 1);
    const size = bytes(count * SIZES[tensor.dtype]);
    const head = `${pad(visibleLine(name), longest)}  ${pad(tensor.dtype, 7)}  ` +
      `[${tensor.shape.join(", ")}]  ${size}`;
    const whole = options.tensor !== undefined;
    const rows = tensor.shape[0] ?? 0;
    const perRow = rows === 0 ? 0 : count / rows;
    const some = tensor.shape.length === 0 || whole || count <= FEW
      ? await tensor.read()
      : await tensor.rows(0, Math.max(1, Math.min(rows, Math.floor(FEW / perRow))));
    lines.push(options.paint.strong(cut(head, options.columns)));
    if (whole) lines.push(`  ${summary(some)}`);
    lines.push(cut(`  ${numbers(some, whole ? 64 : 12)}`, options.columns));
    if (whole && Object.keys(tensor.attributes).length > 0) {
      lines.push(...attributeLines(tensor.attributes, options));
    }
    const [, height = 0, width = 0, channels = 0] = tensor.shape;
    if (
      tensor.dtype === "uint8" && tensor.shape.length === 4 && rows > 0 && height >= 4 &&
      width >= 4 && width <= 512 && height <= 512 && (channels === 1 || channels === 3)
    ) {
      const shown = Math.min(rows, across(width, options.columns));
      const pixels = await reader.tensor(name, "uint8").rows(0, shown);
      const images = Array.from(
        { length: shown },
        (_, image) => pixels.subarray(image * perRow, (image + 1) * perRow),
      );
      lines.push(...draw({ height, width, channels, images }, options.columns, options.colours));
    }
  }
  return lines;
}

function attributeLines(attributes: object, options: PeekOptions): string[] {
  return Object.entries(attributes).map(([name, value]) =>
    options.paint.faint(
      cut(`  ${visibleLine(name)}: ${visibleLine(JSON.stringify(value))}`, options.columns),
    )
  );
}

function numbers(values: Arrays[Dtype], most: number): string {
  const float = values instanceof Float32Array || values instanceof Float64Array;
  const shown = Array.from(
    values.subarray(0, most),
    (value) => float ? String(Number(value.toPrecision(5))) : String(value),
  );
  return `${shown.join(" ")}${values.length > most ? " …" : ""}`;
}

/** Least, greatest, mean, and how many are not finite. */
function summary(values: Arrays[Dtype]): string {
  let [least, greatest, sum, odd] = [Infinity, -Infinity, 0, 0];
  for (const value of values) {
    if (!Number.isFinite(value)) {
      odd++;
      continue;
    }
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
    sum += value;
  }
  const count = values.length - odd;
  if (count === 0) return `${values.length} values, none finite`;
  const say = (value: number) => String(Number(value.toPrecision(6)));
  const bad = odd > 0 ? `, ${odd} not finite` : "";
  return `least ${say(least)}, greatest ${say(greatest)}, mean ${say(sum / count)}${bad}`;
}
