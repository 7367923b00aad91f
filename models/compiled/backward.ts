/** The calls that go from the loss's gradient to the gradients of all weights. */
import type { Address, DenseRoom, Update } from "../../kernels/ops.ts";
import { normPoolRoomAt, ownAt, roomAt, weightAt } from "./forward.ts";
import { THREAD_SCRATCH } from "../../kernels/tasks.ts";
import type { Layout, PlacedNode, PlacedWeight } from "./layout.ts";
import { nameOf, sizesOf } from "./nodes.ts";
import { type Group, named, type Unnamed } from "./call.ts";
import { convFlop, convShape, normPoolShape, poolShape } from "./shapes.ts";

/** `behind`: what is done with pieces of a weight as soon as their gradient is there. */
export function backwardCalls(
  layout: Layout,
  batch: number,
  behind: ReadonlyMap<PlacedWeight, Update>,
): Group[] {
  const { nodes } = layout;
  const groups: Group[] = [];
  // Nothing before the first node with weights needs a gradient.
  const first = nodes.findIndex(({ weights }) =>
    Object.values(weights).some(({ gradient }) => gradient !== null)
  );
  const last = layout.headOnLogits ? nodes.length - 2 : nodes.length - 1;
  let side: 0 | 1 = 0;
  for (let i = last; i >= first && first >= 0; i--) {
    const placed = nodes[i];
    if (placed === undefined) break;
    const x = nodes[i - 1]?.output ?? layout.input;
    const dy = layout.gradients[side], other = layout.gradients[side === 0 ? 1 : 0];
    // Element-wise operations work where the gradient lies.
    const inPlace = placed.node.kind === "activation" || placed.node.kind === "dropout";
    const dx = inPlace ? dy : other;
    const own = backwardOf(placed, x, dy, dx, batch, i > first, behind);
    groups.push(...own.map((calls) => named(nameOf(placed.node), calls)));
    if (!inPlace) side = side === 0 ? 1 : 0;
  }
  const penalized = layout.weights.flatMap(({ weight: { path, regularizer, size }, ...at }) => {
    const { values, gradient } = at;
    if (regularizer === null || gradient === null) return [];
    const { l1, l2 } = regularizer;
    return named(path, [{
      op: "regularizerGradient",
      run: (ops) => ops.regularizerGradient(size, l1, l2, values, gradient),
    }]);
  });
  groups.push(penalized);
  return groups;
}

/** Where a dense layer's gradients by lists work; null where they go the plain way. */
function denseRoomAt({ extra }: PlacedNode): DenseRoom | null {
  const shared = extra["room"];
  return shared === undefined ? null : { shared, own: THREAD_SCRATCH };
}

function gradientOf(placed: PlacedNode, name: string): Address | 0 {
  return placed.weights[name]?.gradient ?? 0;
}

function backwardOf(
  placed: PlacedNode,
  x: Address,
  dy: Address,
  dx: Address,
  batch: number,
  wanted: boolean,
  behind: ReadonlyMap<PlacedWeight, Update>,
): Unnamed[][] {
  const { node, output: y } = placed;
  const calls: Unnamed[] = [];
  switch (node.kind) {
    case "conv2d": {
      const shape = convShape(node.layer, batch), room = roomAt(placed);
      const w = ownAt(placed, "kernel"), dw = gradientOf(placed, "kernel");
      const n = batch * sizesOf(node).output;
      if (dw !== 0) {
        calls.push({
          op: "conv2dWeightGradient",
          flop: convFlop(shape),
          run: (ops) => ops.conv2dWeightGradient(shape, x, dy, dw, room),
        });
      }
      if (wanted) {
        calls.push({
          op: "conv2dInputGradient",
          flop: convFlop(shape),
          run: (ops) => ops.conv2dInputGradient(shape, dy, w, dx, room),
        });
      }
      calls.push(...biasCalls(placed, batch * shape.outHeight * shape.outWidth, dy));
      if (node.relu !== "own") return [calls];
      return [[{
        op: "activationBackward",
        run: (ops) => ops.activationBackward("relu", n, y, y, dy, dy),
      }], calls];
    }
    case "convPool": {
      const shape = convShape(node.layer, batch), room = roomAt(placed);
      const codes = ownAt(placed, "codes"), rate = node.dropout?.rate ?? 0;
      const w = ownAt(placed, "kernel"), dw = gradientOf(placed, "kernel");
      const db = gradientOf(placed, "bias");
      if (dw !== 0) {
        calls.push({
          op: "convPoolWeightGradient",
          flop: convFlop(shape),
          run: (ops) => ops.convPoolWeightGradient(shape, rate, x, dy, codes, dw, db, room),
        });
      }
      if (wanted) {
        calls.push({
          op: "convPoolInputGradient",
          flop: convFlop(shape),
          run: (ops) => ops.convPoolInputGradient(shape, rate, dy, codes, w, dx, room),
        });
      }
      return [calls];
    }
    case "dense": {
      const inputs = node.layer.inputShape[0] ?? 0, { units } = node.layer.spec;
      const w = ownAt(placed, "kernel"), dw = gradientOf(placed, "kernel");
      const room = denseRoomAt(placed), { kernel } = placed.weights;
      const update = (kernel && behind.get(kernel)) ?? null;
      if (dw !== 0) {
        calls.push({
          op: "denseWeightGradient",
          flop: 2 * batch * inputs * units,
          run: (ops) => ops.denseWeightGradient(batch, inputs, units, x, dy, dw, room, update),
        });
      }
      if (wanted) {
        calls.push({
          op: "denseInputGradient",
          flop: 2 * batch * inputs * units,
          run: (ops) => ops.denseInputGradient(batch, inputs, units, dy, w, dx, room),
        });
      }
      calls.push(...biasCalls(placed, batch, dy));
      return [calls];
    }
    case "normPool": {
      const shape = normPoolShape(node.layer, batch), room = normPoolRoomAt(placed);
      const { epsilon } = node.layer.spec, rate = node.dropout?.rate ?? 0;
      const gamma = weightAt(placed, "gamma");
      const dgamma = gradientOf(placed, "gamma"), dbeta = gradientOf(placed, "beta");
      return [[{
        op: "normPoolBackward",
        run: (ops) =>
          ops.normPoolBackward(shape, epsilon, rate, x, gamma, dy, dx, dgamma, dbeta, room),
      }]];
    }
    case "norm": {
      const channels = node.layer.inputShape.at(-1) ?? 1;
      const rows = batch * sizesOf(node).input / channels;
      const { epsilon } = node.layer.spec;
      const gamma = weightAt(placed, "gamma");
      const mean = ownAt(placed, "mean"), variance = ownAt(placed, "variance");
      const dgamma = gradientOf(placed, "gamma"), dbeta = gradientOf(placed, "beta");
      return [[{
        op: "batchNormBackward",
        run: (ops) =>
          ops.batchNormBackward(
            rows,
            channels,
            epsilon,
            x,
            gamma,
            mean,
            variance,
            dy,
            dx,
            dgamma,
            dbeta,
          ),
      }]];
    }
    case "pool": {
      const shape = poolShape(node.layer, batch);
      if (node.how === "average") {
        return [[{
          op: "averagePoolBackward",
          run: (ops) => ops.averagePoolBackward(shape, dy, dx),
        }]];
      }
      const argmax = ownAt(placed, "argmax");
      return [[{
        op: "maxPoolBackward",
        run: (ops) => ops.maxPoolBackward(shape, dy, argmax, dx),
      }]];
    }
    case "dropout": {
      const n = batch * node.size, { rate } = node, keys = ownAt(placed, "keys");
      return [[{ op: "dropout", run: (ops) => ops.dropout(n, rate, keys, dy, dx) }]];
    }
    case "activation": {
      const n = batch * node.size, { activation } = node;
      return [[{
        op: "activationBackward",
        run: (ops) => ops.activationBackward(activation, n, x, y, dy, dx),
      }]];
    }
    case "softmax": {
      const rows = batch * node.rows, { columns } = node;
      return [[{
        op: "softmaxBackward",
        run: (ops) => ops.softmaxBackward(rows, columns, y, dy, dx),
      }]];
    }
  }
}

function biasCalls(placed: PlacedNode, rows: number, dy: Address): Unnamed[] {
  const bias = placed.weights["bias"];
  const db = bias?.gradient ?? null;
  if (bias === undefined || db === null) return [];
  const channels = bias.weight.size;
  return [{ op: "biasGradient", run: (ops) => ops.biasGradient(rows, channels, dy, db) }];
}
