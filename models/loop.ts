/**
 * The training loop: epochs of shuffled batches, validation, callbacks. It knows no clock; how long
 * things take is for the host to say.
 */
import { setImmediate } from "node:timers";
import { Best, EarlyStopping, type EpochValues, ReduceOnPlateau } from "./callbacks.ts";
import { inOrder, type Source } from "./examples.ts";
import { Feed } from "./feed.ts";
import { sizeOf } from "./layers.ts";
import { learningRateAt } from "./schedule.ts";
import type { TrainParams } from "./schema.ts";
import type { BatchSums, NamedTensor, Trainer } from "./trainer.ts";

export interface StepProgress {
  /** Steps done in all, and how many there are to be. */
  readonly step: number;
  readonly steps: number;
  /** From 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Means over the epoch so far, as Keras shows them. */
  readonly loss: number;
  readonly accuracy: number;
}

export interface Training {
  readonly trainer: Trainer;
  /** Epoch e trains on `passes[e mod n]`. */
  readonly passes: readonly Source[];
  readonly validation?: Source | undefined;
  readonly settings: Pick<
    TrainParams,
    | "epochs"
    | "batchSize"
    | "shuffle"
    | "steps"
    | "optimizer"
    | "learningRateSchedule"
    | "reduceOnPlateau"
    | "earlyStopping"
    | "checkpoint"
  >;
  readonly seed: number;
  readonly signal?: AbortSignal;
  progress?(progress: StepProgress): void;
}

/** One value an epoch. Loss includes the regularisers' penalty; `learning_rate` is that of the last step. */
export interface History {
  readonly loss: number[];
  readonly accuracy: number[];
  readonly val_loss: number[];
  readonly val_accuracy: number[];
  readonly learning_rate: number[];
}

export interface Trained {
  readonly history: History;
  /** The weights to keep: those of the best epoch where a callback says so, else the last. */
  readonly weights: readonly NamedTensor[];
  /** The epoch that they are from, counted from 1. */
  readonly epoch: number;
  /** Steps done. */
  readonly steps: number;
  /** True if early stopping ended it. */
  readonly stoppedEarly: boolean;
}

/** Running means over batches of unequal size. */
class Means {
  #loss = 0;
  #correct = 0;
  #count = 0;

  /** Keras weighs each batch's mean loss, penalty included, by the batch's size. */
  add({ loss, penalty, correct, count }: BatchSums): void {
    this.#loss += loss + penalty * count;
    this.#correct += correct;
    this.#count += count;
  }
  get loss(): number {
    return this.#loss / this.#count;
  }
  get accuracy(): number {
    return this.#correct / this.#count;
  }
}

/** Lets messages in, such as the one that aborts. */
function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Bytes of pixels that are evaluated between two readings. */
const PIECE = 8 * 1024 * 1024;

/** Loss and accuracy over all examples, in batches; `outputs` takes what the last layer gives, row by row. */
export async function evaluateAll(
  trainer: Trainer,
  source: Source,
  batchSize: number,
  signal?: AbortSignal,
  outputs?: Float32Array,
): Promise<{ readonly loss: number; readonly accuracy: number }> {
  const means = new Means();
  const batches = Math.max(1, Math.floor(PIECE / (sizeOf(source.shape) * batchSize)));
  const units = (outputs?.length ?? 0) / source.count;
  let done = 0;
  for await (const examples of inOrder(source, batches * batchSize)) {
    const order = Uint32Array.from(examples.labels, (_, i) => i);
    for (let start = 0; start < order.length; start += batchSize) {
      const indices = order.subarray(start, start + batchSize);
      means.add(trainer.evaluate({ examples, indices }, outputs?.subarray(done * units)));
      done += indices.length;
      await breathe();
      signal?.throwIfAborted();
    }
  }
  return { loss: means.loss, accuracy: means.accuracy };
}

/** Trains. @throws Error at the first loss that is not finite, naming step and learning rate */
export async function train(training: Training): Promise<Trained> {
  const { trainer, passes, validation, settings, seed, signal } = training;
  const { batchSize, epochs } = settings;
  const feed = new Feed(passes, settings, seed);
  const { steps } = feed;

  const history: History = {
    loss: [],
    accuracy: [],
    val_loss: [],
    val_accuracy: [],
    learning_rate: [],
  };
  const stopping = settings.earlyStopping && new EarlyStopping(settings.earlyStopping);
  const checkpoint = settings.checkpoint && new Best(settings.checkpoint);
  const plateau = settings.reduceOnPlateau && new ReduceOnPlateau(settings.reduceOnPlateau);
  let kept: { weights: readonly NamedTensor[]; epoch: number } | undefined;
  let reduced = 1, step = 0, epoch = 0, stoppedEarly = false;

  const rateNow = () => {
    const rate = learningRateAt(
      settings.learningRateSchedule,
      settings.optimizer.learningRate,
      step,
      epoch,
      steps,
    );
    const least = settings.reduceOnPlateau?.minLearningRate ?? 0;
    // A schedule may go below the least on its own; only a reduction may not.
    return reduced === 1 ? rate : Math.fround(Math.max(rate * reduced, Math.min(rate, least)));
  };

  for (; epoch < epochs && step < steps && !stoppedEarly; epoch++) {
    const means = new Means();
    let rate = rateNow();
    for await (const batch of feed.from(epoch)) {
      rate = rateNow();
      const sums = trainer.step(batch, rate);
      const loss = sums.loss / sums.count + sums.penalty;
      if (!Number.isFinite(loss)) {
        throw new Error(
          `Cannot go on training: the loss is ${loss} at step ${step + 1} (epoch ${epoch + 1}) ` +
            `with learning rate ${shortest(rate)}; try a lower learning rate, and look at the data`,
        );
      }
      means.add(sums);
      step++;
      training.progress?.({
        step,
        steps,
        epoch: epoch + 1,
        epochs,
        loss: means.loss,
        accuracy: means.accuracy,
      });
      await breathe();
      signal?.throwIfAborted();
    }
    const values: { -readonly [K in keyof EpochValues]: EpochValues[K] } = {
      loss: means.loss,
      accuracy: means.accuracy,
    };
    history.loss.push(values.loss);
    history.accuracy.push(values.accuracy);
    history.learning_rate.push(rate);
    if (validation !== undefined) {
      const { loss, accuracy } = await evaluateAll(trainer, validation, batchSize, signal);
      values.val_loss = loss;
      values.val_accuracy = accuracy;
      history.val_loss.push(loss);
      history.val_accuracy.push(accuracy);
    }
    let keep = checkpoint?.improved(values) === true;
    if (stopping !== undefined) {
      const { improved, stop } = stopping.next(values);
      stoppedEarly = stop;
      // A checkpoint, where there is one, decides what is kept.
      keep ||= checkpoint === undefined && improved && settings.earlyStopping?.restoreBest === true;
    }
    if (keep) kept = { weights: trainer.readState().weights, epoch: epoch + 1 };
    if (plateau?.next(values) === true) reduced *= settings.reduceOnPlateau?.factor ?? 1;
  }
  const { weights, epoch: from } = kept ?? { weights: trainer.readState().weights, epoch };
  return { history, weights, epoch: from, steps: step, stoppedEarly };
}

/** An f32 with as few digits as tell it apart: 0.001, not 0.0010000000474974513. */
function shortest(value: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === Math.fround(value)) return String(Number(text));
  }
  return String(value);
}
