/** The calls that go from values to the last layer's output. */
import type { Address, ConvRoom, NormPoolRoom } from "../../kernels/ops.ts";
import { THREAD_SCRATCH } from "../../kernels/tasks.ts";
import type { Layout, PlacedNode } from "./layout.ts";
import { type Group, named, type Unnamed } from "./call.ts";
import { nameOf, sizesOf } from "./nodes.ts";
import { convFlop, convShape, normPoolShape, poolShape } from "./shapes.ts";

/** `training`: dropout on and the batch's own statistics, which also move the moving ones. */
export function forwardCalls(layout: Layout, batch: number, training: boolean): Group[] {
  const groups: Group[] = [];
  let x = layout.input;
  for (const placed of layout.nodes) {
    if (placed.node.kind === "dropout" && !training) continue;
    groups.push(named(nameOf(placed.node), [forwardCall(placed, x, batch, training)]));
    x = placed.output;
  }
  return groups;
}

/** The place of a layer's weight; 0, the kernels' "none", where the layer has none of that name. */
export function weightAt(placed: PlacedNode, name: string): Address | 0 {
  return placed.weights[name]?.values ?? 0;
}

/** The place of something that the layout has made for this kind of node. */
export function ownAt(placed: PlacedNode, name: string): Address {
  const address = placed.weights[name]?.values ?? placed.extra[name];
  if (address === undefined) {
    throw new Error(`Cannot compile: a ${placed.node.kind} has no ${name}`);
  }
  return address;
}

/** Where a convolution works. */
export function roomAt(placed: PlacedNode): ConvRoom {
  return { shared: ownAt(placed, "room"), own: THREAD_SCRATCH };
}

/** Where a normalisation with its pool works. */
export function normPoolRoomAt(placed: PlacedNode): NormPoolRoom {
  return {
    moments: ownAt(placed, "moments"),
    mean: ownAt(placed, "mean"),
    variance: ownAt(placed, "variance"),
    terms: ownAt(placed, "terms"),
    codes: ownAt(placed, "codes"),
    picked: ownAt(placed, "picked"),
  };
}

function droppingOf(placed: PlacedNode, dropout: { readonly rate: number } | null) {
  return dropout === null ? null : { rate: dropout.rate, keys: ownAt(placed, "keys") };
}

function forwardCall(placed: PlacedNode, x: Address, batch: number, training: boolean): Unnamed {
  const { node, output: y } = placed;
  switch (node.kind) {
    case "conv2d": {
      const shape = convShape(node.layer, batch);
      const w = ownAt(placed, "kernel"), bias = weightAt(placed, "bias");
      const room = roomAt(placed), relu = node.relu !== "no";
      const moments = training ? placed.extra["moments"] ?? 0 : 0;
      return {
        op: "conv2dForward",
        flop: convFlop(shape),
        run: (ops) => ops.conv2dForward(shape, x, w, bias, relu, y, moments, room),
      };
    }
    case "convPool": {
      const shape = convShape(node.layer, batch);
      const w = ownAt(placed, "kernel"), bias = weightAt(placed, "bias");
      const codes = training ? ownAt(placed, "codes") : 0, room = roomAt(placed);
      const dropping = training ? droppingOf(placed, node.dropout) : null;
      return {
        op: "convPoolForward",
        flop: convFlop(shape),
        run: (ops) => ops.convPoolForward(shape, dropping, x, w, bias, y, codes, room),
      };
    }
    case "dense": {
      const inputs = node.layer.inputShape[0] ?? 0, { units } = node.layer.spec;
      const w = ownAt(placed, "kernel"), bias = weightAt(placed, "bias");
      return {
        op: "denseForward",
        flop: 2 * batch * inputs * units,
        run: (ops) => ops.denseForward(batch, inputs, units, x, w, bias, y, THREAD_SCRATCH),
      };
    }
    case "norm": {
      const channels = node.layer.inputShape.at(-1) ?? 1;
      const rows = batch * sizesOf(node).input / channels;
      const { epsilon, momentum } = node.layer.spec;
      const gamma = weightAt(placed, "gamma"), beta = weightAt(placed, "beta");
      const movingMean = ownAt(placed, "moving_mean");
      const movingVariance = ownAt(placed, "moving_variance");
      if (!training) {
        return {
          op: "batchNormInference",
          run: (ops) =>
            ops.batchNormInference(
              rows,
              channels,
              epsilon,
              x,
              gamma,
              beta,
              movingMean,
              movingVariance,
              y,
            ),
        };
      }
      const mean = ownAt(placed, "mean"), variance = ownAt(placed, "variance");
      return {
        op: "batchNormForward",
        run: (ops) =>
          ops.batchNormForward(
            rows,
            channels,
            epsilon,
            momentum,
            x,
            gamma,
            beta,
            movingMean,
            movingVariance,
            mean,
            variance,
            y,
          ),
      };
    }
    case "normPool": {
      const shape = normPoolShape(node.layer, batch), room = normPoolRoomAt(placed);
      const { epsilon, momentum } = node.layer.spec;
      const gamma = weightAt(placed, "gamma"), beta = weightAt(placed, "beta");
      const mean = ownAt(placed, "moving_mean"), variance = ownAt(placed, "moving_variance");
      if (!training) {
        return {
          op: "normPoolInference",
          run: (ops) =>
            ops.normPoolInference(shape, epsilon, x, gamma, beta, mean, variance, y, room),
        };
      }
      const dropping = droppingOf(placed, node.dropout);
      const moving = [mean, variance] as const;
      return {
        op: "normPoolForward",
        run: (ops) =>
          ops.normPoolForward(
            shape,
            epsilon,
            momentum,
            dropping,
            x,
            gamma,
            beta,
            ...moving,
            y,
            room,
          ),
      };
    }
    case "pool": {
      const shape = poolShape(node.layer, batch);
      if (node.how === "average") {
        return { op: "averagePoolForward", run: (ops) => ops.averagePoolForward(shape, x, y) };
      }
      const argmax = ownAt(placed, "argmax");
      return { op: "maxPoolForward", run: (ops) => ops.maxPoolForward(shape, x, y, argmax) };
    }
    case "dropout": {
      const n = batch * node.size, { rate } = node, keys = ownAt(placed, "keys");
      return { op: "dropout", run: (ops) => ops.dropout(n, rate, keys, x, y) };
    }
    case "activation": {
      const n = batch * node.size, { activation } = node;
      return { op: "activationForward", run: (ops) => ops.activationForward(activation, n, x, y) };
    }
    case "softmax": {
      const rows = batch * node.rows, { columns } = node;
      return { op: "softmaxForward", run: (ops) => ops.softmaxForward(rows, columns, x, y) };
    }
  }
}
