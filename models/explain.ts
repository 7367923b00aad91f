/** What a training will run, as text: operations and their kernels, what was taken together, memory, arithmetic. */
import { isPatched, pooledGradient } from "../kernels/conv_room.ts";
import { createArena } from "../kernels/memory.ts";
import { record } from "../kernels/record.ts";
import { MOST_THREADS } from "../kernels/team.ts";
import { callsOf, exportOf } from "../kernels/tasks.ts";
import { type Side, winogradSides } from "../kernels/winograd.ts";
import { buildModel } from "./build.ts";
import type { Group } from "./compiled/call.ts";
import { fuse } from "./compiled/fuse.ts";
import { type Layout, place, type PlacedWeight } from "./compiled/layout.ts";
import { nodesOf } from "./compiled/nodes.ts";
import { compileProgram } from "./compiled/program.ts";
import { convShape } from "./compiled/shapes.ts";
import { updatesBehind } from "./compiled/update.ts";
import { countParameters, type Layer, layersOf } from "./layers.ts";
import type { TrainParams } from "./schema.ts";

const ALGORITHMS: Readonly<Record<Side, string>> = {
  6: "F(4x4, 3x3)",
  4: "F(2x2, 3x3)",
  3: "F(2x2, 2x2)",
};

/** Lines of text for a network on images of [height, width, channels]. @throws Error if it does not fit them */
export function explain(
  params: Pick<TrainParams, "layers" | "loss" | "optimizer" | "batchSize">,
  imageShape: readonly number[],
): string[] {
  const { loss, optimizer, batchSize } = params;
  const layers = layersOf(buildModel(params.layers, imageShape));
  const arena = createArena(Infinity);
  const layout = place(arena, layers, loss, optimizer, batchSize, true);
  const { train, learn } = compileProgram(layout, loss, optimizer, batchSize);
  const parts: readonly (readonly [string, readonly Group[]])[] = [
    ["forward and loss", train],
    ["backward", learn.slice(0, -1)],
    ["update of what is left", learn.slice(-1)],
  ];
  const phases = record(parts.flatMap(([, groups]) => groups));
  const arithmetic = parts.flatMap(([, groups]) => groups).flat()
    .reduce((sum, { flop = 0 }) => sum + flop, 0);
  const thousands = (n: number) => n.toLocaleString("en-US", { maximumFractionDigits: 0 });
  const { total } = countParameters(layers);
  const tasks = phases.reduce((sum, phase) => sum + phase.length, 0);
  return [
    `Batches of ${batchSize} images of ${imageShape.join("x")}, ${thousands(total)} parameters`,
    `A step: ${tasks} tasks in ${phases.length} phases, ${thousands(arithmetic / 1e6)} million ` +
    "multiplications and additions as the layers define them",
    "",
    "Convolutions",
    ...convolutionLines(layers).map((line) => `  ${line}`),
    "",
    "Dense layers",
    ...denseLines(layout, updatesBehind(layout, optimizer)).map((line) => `  ${line}`),
    "",
    "Memory",
    ...memoryLines(layout, arena.used).map((line) => `  ${line}`),
    "",
    ...table(parts, thousands),
  ];
}

/** What each convolution is taken together with, and how its products go. */
function convolutionLines(layers: readonly Layer[]): string[] {
  const { nodes, notes } = fuse(layers.flatMap(nodesOf));
  const convolutions = nodes.flatMap((node) =>
    node.kind === "conv2d" || node.kind === "convPool" ? [node] : []
  );
  const lines = convolutions.map(({ kind, layer }, i) => {
    const shape = convShape(layer, 1), sides = winogradSides(shape);
    const by = (side: Side | undefined) =>
      side === undefined ? "plain products" : `Winograd's ${ALGORITHMS[side]}`;
    const pooled = kind === "convPool";
    const byWeights = pooled && pooledGradient(shape) === undefined
      ? isPatched(shape) ? "patches of the windows" : "lists of the windows' places"
      : by(sides.weightGradient);
    const byInput = pooled ? "lists of the windows' places" : by(sides.inputGradient);
    return `${notes[i]}. Forward by ${
      by(sides.forward)
    }; gradients by ${byWeights} (weights) and ` +
      `${byInput} (input, where it is needed)`;
  });
  return lines.length === 0 ? ["none"] : lines;
}

/** How each dense layer's gradients go, and where its weights are updated. */
function denseLines(
  { nodes }: Layout,
  behind: ReadonlyMap<PlacedWeight, unknown>,
): readonly string[] {
  const lines = nodes.flatMap(({ node, extra, weights: { kernel } }) => {
    if (node.kind !== "dense" || kernel === undefined) return [];
    const gradients = extra["room"] === undefined
      ? "plain products, since no relu or dropout follows"
      : "lists of what the relu or dropout behind it leaves";
    const update = behind.has(kernel)
      ? "weights updated piece by piece behind their gradient"
      : kernel.weight.regularizer === null
      ? "weights updated at last, since the gradient by the input reads them"
      : "weights updated at last, since their regularizer reads them";
    return [`${node.layer.spec.name}: gradients by ${gradients}; ${update}`];
  });
  return lines.length === 0 ? ["none"] : lines;
}

function memoryLines(layout: Layout, used: number): string[] {
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`.padStart(9);
  const weights = layout.weights.reduce((sum, { weight }) => sum + weight.size * 4, 0);
  const slots = layout.weights.reduce(
    (sum, { weight, gradient, slots }) =>
      sum + weight.size * 4 * ((gradient === null ? 0 : 1) + slots.length),
    0,
  );
  const [one, other] = layout.gradients;
  const gradients = 2 * (other - one);
  const scratch = layout.scratch.bytes;
  const rest = used - weights - slots - gradients - scratch * MOST_THREADS;
  return [
    `${megabytes(weights)}  weights`,
    `${megabytes(slots)}  their gradients and the optimizer's slots`,
    `${megabytes(rest)}  activations, frames and places of maxima`,
    `${megabytes(gradients)}  two buffers of activations' gradients`,
    `${megabytes(scratch)}  scratch of each thread`,
  ];
}

function table(
  parts: readonly (readonly [string, readonly Group[]])[],
  thousands: (n: number) => string,
): string[] {
  const rows: (readonly [string, string, string, string])[] = [
    ["operation", "million", "tasks", "kernels"],
  ];
  for (const [part, groups] of parts) {
    rows.push([part, "", "", ""]);
    for (const call of groups.flat()) {
      const tasks = record([[call]]).flat();
      const kernels = [...new Set(callsOf(...tasks).map(exportOf))].join(" ");
      const { flop = 0 } = call;
      rows.push([
        `  ${call.label}`,
        flop === 0 ? "" : thousands(flop / 1e6),
        `${tasks.length}`,
        kernels,
      ]);
    }
  }
  const width = (column: 0 | 1 | 2) => Math.max(...rows.map((row) => row[column].length));
  return rows.map(([operation, million, tasks, kernels]) =>
    [operation.padEnd(width(0)), million.padStart(width(1)), tasks.padStart(width(2)), kernels]
      .join("  ").trimEnd()
  );
}
