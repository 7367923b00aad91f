/**
 * What a trainer is: the one interface that the training loop drives. `compiled/` implements it with
 * our own kernels (the default), `tape.ts` with TensorFlow.js' autodiff on a tfjs backend.
 */

import type { Loss, Model, Optimizer } from "./model.ts";

/** What a trainer is made from. */
export interface TrainerSettings {
  readonly model: Model;
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  /** The largest batch that will come. */
  readonly batchSize: number;
  readonly seed: number;
}

/** Labelled images as they lie in memory; pixels stay bytes and are scaled by a table when read. */
export interface Examples {
  /** u8, [count, ...shape] row-major. */
  readonly pixels: Uint8Array;
  /** Shape of one example, [height, width, channels]. */
  readonly shape: readonly number[];
  /** 256 f32: the value of each byte. */
  readonly table: Float32Array;
  /** One class per example (0 or 1 where the model has one output unit). */
  readonly labels: Int32Array;
  /** One affine transform and brightness per example, applied while gathering; absent: none. */
  readonly transforms?: Transforms;
}

/** Stored augmentation (see numerics/resample.ts): f32 [count, 8], and how borders are filled. */
export interface Transforms {
  readonly rows: Float32Array;
  readonly fill: "nearest" | "reflect" | "wrap" | "constant";
  readonly constant: number;
}

/** One gathered batch: indices into the examples, in order. */
export interface Batch {
  readonly examples: Examples;
  readonly indices: Uint32Array;
}

/** Sums over a batch, so that batches of unequal size add up right. */
export interface BatchSums {
  /** Sum of the examples' losses (without regularisation), f64. */
  readonly loss: number;
  /** Examples whose class was right. */
  readonly correct: number;
  readonly count: number;
  /** The regularisers' part of the loss; Keras adds it to the loss it shows. */
  readonly penalty: number;
}

/** A named tensor of the model or of its optimizer, f32, C order. */
export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Everything that the next step depends on. */
export interface TrainerState {
  /** Weights in Keras' order: layer by layer, trainable first, then moving statistics. */
  readonly weights: readonly NamedTensor[];
  /** The optimizer's slots in the order of the weights. */
  readonly slots: readonly NamedTensor[];
  /** Steps done. */
  readonly step: number;
}

export interface Trainer {
  /** One step of the optimizer at this learning rate. */
  step(batch: Batch, learningRate: number): BatchSums;
  /**
   * Loss and hits without training (dropout off, moving statistics). `outputs` takes what the last layer gives,
   * [count, units] row-major, from its beginning.
   */
  evaluate(batch: Batch, outputs?: Float32Array): BatchSums;
  /** The last layer's output, [count, units] row-major. */
  predict(batch: Batch): Float32Array;
  /** The gradients that `step` would use, regularisers included; nothing is updated. */
  gradients(batch: Batch): readonly NamedTensor[];
  /** One update of the optimizer from given gradients (same names and order as `gradients`). */
  applyGradients(gradients: readonly NamedTensor[], learningRate: number): void;
  readState(): TrainerState;
  writeState(state: TrainerState): void;
  dispose(): void;
}
