/** The operations by the compiled kernels: each becomes tasks, which are calls of its family's exports. */
import { convolutions } from "./convolutions.ts";
import { denseLayers } from "./dense.ts";
import { dropoutSettings } from "./dropout.ts";
import type { Family } from "./families.ts";
import { pooledConvolutions } from "./pooled.ts";
import { normPools } from "./normalization.ts";
import type { Ops, PoolShape } from "./ops.ts";
import { callsOf, type Emit, exportOf, type KernelCall, pieces } from "./tasks.ts";

/** Compiled families; only those that a program uses need be there. */
export type KernelModules = Readonly<Partial<Record<Family, WebAssembly.Module>>>;

export type Kernel = (...args: readonly number[]) => number;

/** Elements that one task goes through at least, where they are independent. */
const ELEMENTS = 8192;

/** Finds a task's kernel; a module is linked when one of its exports is first wanted. */
export function linker(modules: KernelModules, memory: WebAssembly.Memory) {
  const kernels = new Map<string, Kernel>();
  return (call: KernelCall): Kernel => {
    const key = exportOf(call);
    const known = kernels.get(key);
    if (known !== undefined) return known;
    const { family } = call;
    const module = modules[family];
    if (module === undefined) {
      throw new Error(`Cannot call "${key}": the kernels of family "${family}" were not given`);
    }
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    for (const [name, value] of Object.entries(exports)) {
      // Kernels export functions of numbers only.
      if (typeof value === "function") kernels.set(`${family}.${name}`, value as Kernel);
    }
    const kernel = kernels.get(key);
    if (kernel === undefined) {
      throw new Error(`Cannot call "${key}": the module "${family}" has no such export`);
    }
    return kernel;
  };
}

/**
 * Operations that are done at once, on a memory made by `createMemory`.
 * @throws Error from an operation whose family is not among the modules.
 */
export function createOps(modules: KernelModules, memory: WebAssembly.Memory): Ops {
  const link = linker(modules, memory);
  return emitOps((phase) => {
    for (const call of callsOf(...phase)) link(call)(...call.args);
  });
}

/** Operations that hand their phases to `emit` instead. */
export function emitOps(emit: Emit): Ops {
  const one = (family: Family, name: string, ...args: number[]) => emit([{ family, name, args }]);
  const many = (family: Family, name: string, calls: readonly (readonly number[])[]) =>
    emit(calls.map((args) => ({ family, name, args })));
  /** Element by element: what is given the first element and the number of them. */
  const each = (
    family: Family,
    name: string,
    n: number,
    args: (first: number, count: number) => readonly number[],
  ) => {
    const unit = Math.max(ELEMENTS, Math.ceil(n / 16 / 64) * 64);
    many(family, name, pieces(n, unit).map(([first, count]) => args(first, count)));
  };
  /** Row by row. */
  const rowwise = (
    family: Family,
    name: string,
    rows: number,
    width: number,
    args: (first: number, count: number) => readonly number[],
  ) => {
    const unit = Math.max(1, Math.ceil(ELEMENTS / 8 / width));
    many(family, name, pieces(rows, unit).map(([first, count]) => args(first, count)));
  };

  return {
    ...convolutions(emit),
    ...pooledConvolutions(emit),
    ...normPools(emit),
    ...denseLayers(emit, emitOps),

    activationForward(kind, n, x, y) {
      each(
        "activation",
        `${kind}Forward`,
        n,
        (first, count) => [count, x + first * 4, y + first * 4],
      );
    },
    activationBackward(kind, n, x, y, dy, dx) {
      const needed = kind === "relu" || kind === "sigmoid" || kind === "tanh"
        ? [y]
        : kind === "softplus" || kind === "leakyRelu"
        ? [x]
        : [x, y];
      each(
        "activation",
        `${kind}Backward`,
        n,
        (first, count) => [count, ...[...needed, dy, dx].map((address) => address + first * 4)],
      );
    },
    softmaxForward(rows, columns, x, y) {
      rowwise("activation", "softmaxForward", rows, columns, (first, count) => {
        const at = first * columns * 4;
        return [count, columns, x + at, y + at];
      });
    },
    softmaxBackward(rows, columns, y, dy, dx) {
      rowwise("activation", "softmaxBackward", rows, columns, (first, count) => {
        const at = first * columns * 4;
        return [count, columns, y + at, dy + at, dx + at];
      });
    },

    maxPoolForward(s, x, y, argmax) {
      const image = s.outHeight * s.outWidth * s.channels * 4;
      many(
        "pool",
        "maxForward",
        pieces(s.batch).map((
          [first, count],
        ) => [first, count, ...poolSizes(s), x, y + first * image, argmax + first * image]),
      );
    },
    maxPoolBackward(s, dy, argmax, dx) {
      const tiled = s.channels % 4 === 0 && s.padTop === 0 && s.padLeft === 0 &&
        s.strideY === s.poolHeight && s.outHeight * s.poolHeight === s.inHeight &&
        s.strideX === s.poolWidth && s.outWidth * s.poolWidth === s.inWidth;
      const outputs = s.outHeight * s.outWidth * s.channels;
      const inputs = s.inHeight * s.inWidth * s.channels;
      const sizes = [s.inWidth, s.channels, s.poolHeight, s.poolWidth, s.outHeight, s.outWidth];
      many(
        "pool",
        tiled ? "maxBackwardTiled" : "maxBackward",
        pieces(s.batch).map(([first, count]) => {
          const at = first * outputs * 4;
          return tiled
            ? [first, count, ...sizes, dy + at, argmax + at, dx]
            : [count * outputs, count * inputs, dy + at, argmax + at, dx, dx + first * inputs * 4];
        }),
      );
    },
    averagePoolForward(s, x, y) {
      average("averageForward", s, x, y);
    },
    averagePoolBackward(s, dy, dx) {
      average("averageBackward", s, dx, dy);
    },

    dropout(n, rate, keys, x, y) {
      const { threshold, scale } = dropoutSettings(rate);
      each(
        "dropout",
        "dropout",
        n,
        (first, count) => [count, first, keys, threshold, scale, x + first * 4, y + first * 4],
      );
    },

    batchNormForward(
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
    ) {
      many(
        "norm",
        "statistics",
        pieces(channels, 16).map(([first, some]) => [
          rows,
          channels,
          some,
          momentum,
          1 - momentum,
          ...[x, movingMean, movingVariance, mean, variance].map((at) => at + first * 4),
        ]),
      );
      normalise(rows, channels, epsilon, x, [gamma, beta, mean, variance], y);
    },
    batchNormInference(rows, channels, epsilon, x, gamma, beta, mean, variance, y) {
      const weights = [gamma, beta, mean, variance];
      normalise(rows, channels, epsilon, x, weights, y);
    },
    batchNormBackward(rows, channels, epsilon, x, ...rest) {
      many(
        "norm",
        "backward",
        pieces(channels, 16).map(([first, some]) => [
          rows,
          channels,
          some,
          epsilon,
          ...[x, ...rest].map((address) => address === 0 ? 0 : address + first * 4),
        ]),
      );
    },

    categoricalCrossEntropy(
      { rows, classes, fromLogits, clip },
      prediction,
      labels,
      losses,
      slope,
    ) {
      const op = "categoricalCrossEntropy";
      const form = fromLogits ? 1 : clip === "each" ? 2 : 0;
      rowwise("loss", op, rows, classes * 16, (first, count) => {
        const at = first * classes * 4;
        return [
          count,
          rows,
          classes,
          form,
          prediction + at,
          labels + first * 4,
          losses + first * 4,
          slope === 0 ? 0 : slope + at,
        ];
      });
    },
    binaryCrossEntropy({ rows, fromLogits }, ...addresses) {
      const op = "binaryCrossEntropy";
      one("loss", op, rows, rows, fromLogits ? 1 : 0, ...addresses);
    },
    correct(...args) {
      one("loss", "correct", ...args);
    },

    regularizerGradient(n, l1, l2, w, dw) {
      each(
        "optimizer",
        "regularizerGradient",
        n,
        (first, count) => [count, l1, l2, w + first * 4, dw + first * 4],
      );
    },
    regularizerLoss(...args) {
      one("optimizer", "regularizerLoss", ...args);
    },
    rmsprop(n, rate, rho, momentum, epsilon, g, v, m, w) {
      each("optimizer", "rmsprop", n, (first, count) => {
        const at = first * 4;
        return [
          ...[count, rate, rho, 1 - rho, momentum, epsilon],
          ...[g + at, v + at, m === 0 ? 0 : m + at, w + at],
        ];
      });
    },
    adam(n, rateAtStep, beta1, beta2, epsilon, g, m, v, w) {
      each("optimizer", "adam", n, (first, count) => [
        ...[count, rateAtStep, 1 - beta1, 1 - beta2, epsilon],
        ...[g, m, v, w].map((address) => address + first * 4),
      ]);
    },
    sgd(n, rate, momentum, nesterov, g, m, w) {
      each("optimizer", "sgd", n, (first, count) => {
        const at = first * 4;
        const moments = m === 0 ? 0 : m + at;
        return [count, rate, momentum, nesterov ? 1 : 0, g + at, moments, w + at];
      });
    },

    lookUp(n, bytes, table, y) {
      each("data", "lookUp", n, (first, count) => [count, bytes + first, table, y + first * 4]);
    },
    add(n, x, y) {
      each("data", "add", n, (first, count) => [count, x + first * 4, y + first * 4]);
    },
  };

  function average(name: string, s: PoolShape, x: number, y: number): void {
    const outputs = s.outHeight * s.outWidth * s.channels * 4;
    const inputs = s.inHeight * s.inWidth * s.channels * 4;
    const forward = name === "averageForward";
    many(
      "pool",
      name,
      pieces(s.batch).map(([first, count]) => {
        const below = x + first * inputs, above = y + first * outputs;
        return [count, ...poolSizes(s), ...(forward ? [below, above] : [above, below])];
      }),
    );
  }

  function normalise(
    rows: number,
    channels: number,
    epsilon: number,
    x: number,
    weights: readonly number[],
    y: number,
  ): void {
    const unit = Math.max(1, Math.ceil(ELEMENTS / channels));
    many(
      "norm",
      "inference",
      pieces(rows, unit).map(([first, count]) => {
        const at = first * channels * 4;
        return [count, channels, epsilon, x + at, ...weights, y + at];
      }),
    );
  }
}

/** But for the batch. */
function poolSizes(s: PoolShape): readonly number[] {
  return [
    s.inHeight,
    s.inWidth,
    s.channels,
    s.poolHeight,
    s.poolWidth,
    s.strideY,
    s.strideX,
    s.padTop,
    s.padLeft,
    s.outHeight,
    s.outWidth,
  ];
}
