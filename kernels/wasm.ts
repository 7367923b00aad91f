/** The operations by the compiled kernels: each call goes to an export of its family's module. */
import { dropoutSettings } from "./dropout.ts";
import { type Family, FAMILY_OF, type OpName } from "./families.ts";
import type { ConvShape, Ops, PoolShape } from "./ops.ts";

/** Compiled families; only those that a program uses need be there. */
export type KernelModules = Readonly<Partial<Record<Family, WebAssembly.Module>>>;

type Kernel = (...args: number[]) => number;

function convSizes(s: ConvShape): number[] {
  return [
    s.batch,
    s.inHeight,
    s.inWidth,
    s.inChannels,
    s.kernelHeight,
    s.kernelWidth,
    s.strideY,
    s.strideX,
    s.padTop,
    s.padLeft,
    s.outHeight,
    s.outWidth,
    s.filters,
  ];
}

function poolSizes(s: PoolShape): number[] {
  return [
    s.batch,
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

/** Where the pieces of a convolution's scratch lie, from its start, and its size (see `assembly/conv.ts`). */
function convScratch(s: ConvShape) {
  const align = (floats: number) => Math.ceil(floats * 4 / 64) * 64;
  const panels = (filters: number) => Math.ceil(filters / 8) * 8;
  const taps = s.kernelHeight * s.kernelWidth;
  const packed = Math.max(
    taps * s.inChannels * panels(s.filters),
    taps * s.filters * panels(s.inChannels),
  );
  const widest = Math.max(panels(s.filters), panels(s.inChannels));
  const height = (s.outHeight - 1) * s.strideY + s.kernelHeight;
  const width = (s.outWidth - 1) * s.strideX + s.kernelWidth;
  const below = height * width * s.inChannels;
  // dy in its frame as lists: a count, then an offset and a value for each filter.
  const above = (s.inHeight + s.kernelHeight - 1) * (s.inWidth + s.kernelWidth - 1) *
    (s.filters + 2) * 2;
  const lists = s.filters * (s.outHeight * s.outWidth + 1) * 2;
  const start = align(packed);
  const spare = start + align(widest);
  const kernel = spare + align(4 * widest);
  const frame = kernel + align(taps * s.inChannels * s.filters);
  const list = frame + align(below);
  const bytes = Math.max(list + align(lists), frame + align(above));
  return { start, spare, kernel, frame, list, bytes };
}

/**
 * Operations on a memory made by `createMemory`.
 *
 * A module is linked when an operation of its family is first called.
 * @throws Error from an operation whose family is not among the modules.
 */
export function createOps(modules: KernelModules, memory: WebAssembly.Memory): Ops {
  const kernels = new Map<string, Kernel>();

  /** Calls the export `name` of the family that holds `op`. */
  function call(op: OpName, name: string, ...args: number[]): number {
    const family = FAMILY_OF[op];
    const key = `${family}.${name}`;
    const known = kernels.get(key);
    if (known !== undefined) return known(...args);
    const module = modules[family];
    if (module === undefined) {
      throw new Error(
        `Cannot call "${op}": the kernels of family "${family}" were not given to createOps`,
      );
    }
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    for (const [export_, value] of Object.entries(exports)) {
      // Kernels export functions of numbers only.
      if (typeof value === "function") kernels.set(`${family}.${export_}`, value as Kernel);
    }
    const kernel = kernels.get(key);
    if (kernel === undefined) {
      throw new Error(`Cannot call "${op}": the module "${family}" has no export "${name}"`);
    }
    return kernel(...args);
  }

  return {
    memory,
    conv2dForward(s, x, w, bias, y, scratch) {
      const { start, spare, frame } = convScratch(s);
      const room = [scratch, scratch + start, scratch + spare, scratch + frame];
      call("conv2dForward", "forward", ...convSizes(s), x, w, bias, y, ...room);
    },
    conv2dInputGradient(s, dy, w, dx, scratch) {
      const { start, spare, kernel, frame } = convScratch(s);
      const room = [
        scratch,
        scratch + start,
        scratch + spare,
        scratch + kernel,
        scratch + frame,
      ];
      call("conv2dInputGradient", "inputGradient", ...convSizes(s), dy, w, dx, ...room);
    },
    conv2dWeightGradient(s, x, dy, dw, scratch) {
      const { start, kernel, frame, list } = convScratch(s);
      const room = [
        scratch,
        scratch + kernel,
        scratch + start,
        scratch + frame,
        scratch + list,
      ];
      call("conv2dWeightGradient", "weightGradient", ...convSizes(s), x, dy, dw, ...room);
    },
    conv2dScratch: (s) => convScratch(s).bytes,

    denseForward(...args) {
      call("denseForward", "forward", ...args);
    },
    denseInputGradient(...args) {
      call("denseInputGradient", "inputGradient", ...args);
    },
    denseWeightGradient(...args) {
      call("denseWeightGradient", "weightGradient", ...args);
    },
    biasGradient(...args) {
      call("biasGradient", "biasGradient", ...args);
    },

    activationForward(kind, n, x, y) {
      call("activationForward", `${kind}Forward`, n, x, y);
    },
    activationBackward(kind, n, x, y, dy, dx) {
      const needed = kind === "relu" || kind === "sigmoid" || kind === "tanh"
        ? [y]
        : kind === "softplus" || kind === "leakyRelu"
        ? [x]
        : [x, y];
      call("activationBackward", `${kind}Backward`, n, ...needed, dy, dx);
    },
    softmaxForward(...args) {
      call("softmaxForward", "softmaxForward", ...args);
    },
    softmaxBackward(...args) {
      call("softmaxBackward", "softmaxBackward", ...args);
    },

    maxPoolForward(s, x, y, argmax) {
      call("maxPoolForward", "maxForward", ...poolSizes(s), x, y, argmax);
    },
    maxPoolBackward(s, dy, argmax, dx) {
      const tiled = s.channels % 4 === 0 && s.padTop === 0 && s.padLeft === 0 &&
        s.strideY === s.poolHeight && s.outHeight * s.poolHeight === s.inHeight &&
        s.strideX === s.poolWidth && s.outWidth * s.poolWidth === s.inWidth;
      if (tiled) {
        const sizes = [s.batch, s.inWidth, s.channels, s.poolHeight, s.poolWidth];
        const places = [s.outHeight, s.outWidth, dy, argmax, dx];
        call("maxPoolBackward", "maxBackwardTiled", ...sizes, ...places);
        return;
      }
      const outputs = s.batch * s.outHeight * s.outWidth * s.channels;
      const inputs = s.batch * s.inHeight * s.inWidth * s.channels;
      call("maxPoolBackward", "maxBackward", outputs, inputs, dy, argmax, dx);
    },
    averagePoolForward(s, x, y) {
      call("averagePoolForward", "averageForward", ...poolSizes(s), x, y);
    },
    averagePoolBackward(s, dy, dx) {
      call("averagePoolBackward", "averageBackward", ...poolSizes(s), dy, dx);
    },

    dropout(n, rate, stream, x, y) {
      const { key0, key1, threshold, scale } = dropoutSettings(rate, stream);
      call("dropout", "dropout", n, key0, key1, threshold, scale, x, y);
    },

    batchNormForward(rows, channels, epsilon, momentum, ...addresses) {
      const renew = 1 - momentum;
      call("batchNormForward", "forward", rows, channels, epsilon, momentum, renew, ...addresses);
    },
    batchNormInference(...args) {
      call("batchNormInference", "inference", ...args);
    },
    batchNormBackward(...args) {
      call("batchNormBackward", "backward", ...args);
    },

    categoricalCrossEntropy({ rows, classes, fromLogits, clip }, ...addresses) {
      const op = "categoricalCrossEntropy";
      call(op, op, rows, classes, fromLogits ? 1 : clip === "each" ? 2 : 0, ...addresses);
    },
    binaryCrossEntropy({ rows, fromLogits }, ...addresses) {
      call("binaryCrossEntropy", "binaryCrossEntropy", rows, fromLogits ? 1 : 0, ...addresses);
    },
    correct(...args) {
      call("correct", "correct", ...args);
    },

    regularizerGradient(...args) {
      call("regularizerGradient", "regularizerGradient", ...args);
    },
    regularizerLoss(...args) {
      return call("regularizerLoss", "regularizerLoss", ...args);
    },
    rmsprop(n, rate, rho, ...rest) {
      call("rmsprop", "rmsprop", n, rate, rho, 1 - rho, ...rest);
    },
    adam(n, rateAtStep, beta1, beta2, ...rest) {
      call("adam", "adam", n, rateAtStep, 1 - beta1, 1 - beta2, ...rest);
    },
    sgd(n, rate, momentum, nesterov, ...addresses) {
      call("sgd", "sgd", n, rate, momentum, nesterov ? 1 : 0, ...addresses);
    },

    lookUp(...args) {
      call("lookUp", "lookUp", ...args);
    },
    add(...args) {
      call("add", "add", ...args);
    },
  };
}
