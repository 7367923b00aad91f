/** The calls that go from the loss's gradient to the gradients of all weights. */
import type { Address } from "../../kernels/ops.ts";
import { ownAt, weightAt } from "./forward.ts";
import type { Layout, PlacedNode } from "./layout.ts";
import { sizesOf } from "./nodes.ts";
import type { Call } from "./call.ts";
import { convShape, poolShape } from "./shapes.ts";

export function backwardCalls(layout: Layout, batch: number): Call[] {
  const { nodes } = layout;
  const calls: Call[] = [];
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
    calls.push(...backwardOf(placed, x, dy, dx, batch, layout.scratch, i > first));
    if (!inPlace) side = side === 0 ? 1 : 0;
  }
  for (const { weight, values, gradient } of layout.weights) {
    const { regularizer, size } = weight;
    if (regularizer === null || gradient === null) continue;
    calls.push({
      op: "regularizerGradient",
      run: (ops) => ops.regularizerGradient(size, regularizer.l1, regularizer.l2, values, gradient),
    });
  }
  return calls;
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
  scratch: Address,
  wanted: boolean,
): Call[] {
  const { node, output: y } = placed;
  const calls: Call[] = [];
  switch (node.kind) {
    case "conv2d": {
      const shape = convShape(node.layer, batch);
      const w = ownAt(placed, "kernel"), dw = gradientOf(placed, "kernel");
      if (dw !== 0) {
        calls.push({
          op: "conv2dWeightGradient",
          run: (ops) => ops.conv2dWeightGradient(shape, x, dy, dw, scratch),
        });
      }
      calls.push(...biasCalls(placed, batch * shape.outHeight * shape.outWidth, dy));
      if (wanted) {
        calls.push({
          op: "conv2dInputGradient",
          run: (ops) => ops.conv2dInputGradient(shape, dy, w, dx, scratch),
        });
      }
      return calls;
    }
    case "dense": {
      const inputs = node.layer.inputShape[0] ?? 0, { units } = node.layer.spec;
      const w = ownAt(placed, "kernel"), dw = gradientOf(placed, "kernel");
      if (dw !== 0) {
        calls.push({
          op: "denseWeightGradient",
          run: (ops) => ops.denseWeightGradient(batch, inputs, units, x, dy, dw),
        });
      }
      calls.push(...biasCalls(placed, batch, dy));
      if (wanted) {
        calls.push({
          op: "denseInputGradient",
          run: (ops) => ops.denseInputGradient(batch, inputs, units, dy, w, dx),
        });
      }
      return calls;
    }
    case "norm": {
      const channels = node.layer.inputShape.at(-1) ?? 1;
      const rows = batch * sizesOf(node).input / channels;
      const { epsilon } = node.layer.spec;
      const gamma = weightAt(placed, "gamma");
      const mean = ownAt(placed, "mean"), variance = ownAt(placed, "variance");
      const dgamma = gradientOf(placed, "gamma"), dbeta = gradientOf(placed, "beta");
      return [{
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
      }];
    }
    case "pool": {
      const shape = poolShape(node.layer, batch);
      if (node.how === "average") {
        return [{
          op: "averagePoolBackward",
          run: (ops) => ops.averagePoolBackward(shape, dy, dx),
        }];
      }
      const argmax = ownAt(placed, "argmax");
      return [{ op: "maxPoolBackward", run: (ops) => ops.maxPoolBackward(shape, dy, argmax, dx) }];
    }
    case "dropout": {
      const n = batch * node.size, { rate, position: layer } = node;
      return [{
        op: "dropout",
        run: (ops, { seedLow, seedHigh, step }) =>
          ops.dropout(n, rate, { seedLow, seedHigh, layer, step }, dy, dx),
      }];
    }
    case "activation": {
      const n = batch * node.size, { activation } = node;
      return [{
        op: "activationBackward",
        run: (ops) => ops.activationBackward(activation, n, x, y, dy, dx),
      }];
    }
    case "softmax": {
      const rows = batch * node.rows, { columns } = node;
      return [{
        op: "softmaxBackward",
        run: (ops) => ops.softmaxBackward(rows, columns, y, dy, dx),
      }];
    }
  }
}

function biasCalls(placed: PlacedNode, rows: number, dy: Address): Call[] {
  const bias = placed.weights["bias"];
  const db = bias?.gradient ?? null;
  if (bias === undefined || db === null) return [];
  const channels = bias.weight.size;
  return [{ op: "biasGradient", run: (ops) => ops.biasGradient(rows, channels, dy, db) }];
}
