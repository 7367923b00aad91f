/**
 * The training loop: epochs of shuffled batches, validation, callbacks. It knows no clock; how long
 * things take is for the host to say.
 */
import { Callbacks, type EpochValues } from "./callbacks.ts";
import { inOrder, type Source } from "./examples.ts";
import { Feed } from "./feed.ts";
import { sizeOf } from "./layers.ts";
import { type RanAway, runAway, RunAwayError } from "./runaway.ts";
import { learningRateAt } from "./schedule.ts";
import type { TrainParams } from "./schema.ts";
import {
  type Checkpoints,
  emptyHistory,
  furthest,
  type History,
  stale,
  toArrays,
} from "./standing.ts";
import type { BatchSums, Trainer, TrainerState } from "./trainer.ts";

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
  /** Of the last epoch that was validated. */
  readonly validation: { readonly loss: number; readonly accuracy: number } | null;
}

export interface Resumed {
  /** Steps done, and how many there are to be. */
  readonly step: number;
  readonly steps: number;
  /** That of the next step, from 1. */
  readonly epoch: number;
  /** True if no step is left. */
  readonly isOver: boolean;
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
  /** Where it saves how it stands, after each epoch and when `checkpointDue` says so, and goes on from. */
  readonly checkpoints?: Checkpoints;
  checkpointDue?(): boolean;
  progress?(progress: StepProgress): void;
  /** Called before the first step where it goes on from a checkpoint. */
  resumed?(from: Resumed): void;
}

export interface Trained {
  readonly history: History;
  /** The state to keep: that of the best epoch where a callback says so, else the last. */
  readonly state: TrainerState;
  /** The epoch that it is from, counted from 1. */
  readonly epoch: number;
  /** Steps done. */
  readonly steps: number;
  /** True if early stopping ended it. */
  readonly stoppedEarly: boolean;
  /** Where it ran away after an epoch that a callback keeps; history ends with the epoch before. */
  readonly ranAway: RanAway | null;
}

/** Running means over batches of unequal size. */
class Means {
  #loss: number;
  #correct: number;
  #count: number;

  constructor([loss, correct, count]: readonly [number, number, number] = [0, 0, 0]) {
    this.#loss = loss;
    this.#correct = correct;
    this.#count = count;
  }

  /** Keras weighs each batch's mean loss, penalty included, by the batch's size. */
  add({ loss, penalty, correct, count }: BatchSums): void {
    this.#loss += loss + penalty * count;
    this.#correct += correct;
    this.#count += count;
  }
  get sums(): readonly [number, number, number] {
    return [this.#loss, this.#correct, this.#count];
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
  /** Called between batches. */
  pause: () => Promise<void> = breathe,
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
      await pause();
    }
  }
  return { loss: means.loss, accuracy: means.accuracy };
}

/**
 * Trains, from the furthest checkpoint where there are any: with the same bits as from nothing.
 * @throws {RunAwayError} at the first loss, weight or validation loss that is not finite, unless a callback has kept
 * an epoch: then it ends with that
 */
export async function train(training: Training): Promise<Trained> {
  const { trainer, passes, validation, settings, seed, signal, checkpoints } = training;
  const { batchSize, epochs } = settings;
  const feed = new Feed(passes, settings, seed);
  const { steps } = feed;

  const from = checkpoints === undefined
    ? null
    : await furthest(checkpoints, steps, trainer.readState());
  const history = from?.history ?? emptyHistory();
  const callbacks = new Callbacks(settings);
  for (const values of valuesOf(history)) callbacks.next(values);
  let { step, epoch, taken, rate } = from ?? { step: 0, epoch: 0, taken: 0, rate: 0 };
  let means = new Means(from?.sums);
  let kept: TrainerState | null = null;
  if (from !== null) {
    trainer.writeState(from.state);
    if (callbacks.keptEpoch !== null) kept = from.kept ?? from.state;
    const isOver = callbacks.stopped || step === steps;
    training.resumed?.({ step, steps, epoch: epoch + 1, isOver });
  }

  const rateNow = () => {
    const rate = learningRateAt(
      settings.learningRateSchedule,
      settings.optimizer.learningRate,
      step,
      epoch,
      steps,
    );
    const { reduced } = callbacks;
    const least = settings.reduceOnPlateau?.minLearningRate ?? 0;
    // A schedule may go below the least on its own; only a reduction may not.
    return reduced === 1 ? rate : Math.fround(Math.max(rate * reduced, Math.min(rate, least)));
  };

  const stopped = (what: string, step: number) =>
    new RunAwayError({ what, step, epoch: epoch + 1, learningRate: rate });

  const tell = () => {
    const loss = history.val_loss.at(-1), accuracy = history.val_accuracy.at(-1);
    training.progress?.({
      step,
      steps,
      epoch: epoch + 1,
      epochs,
      loss: means.loss,
      accuracy: means.accuracy,
      validation: loss === undefined || accuracy === undefined ? null : { loss, accuracy },
    });
  };

  let recent: readonly number[] = [];
  const tidy = async () => {
    for (const at of stale(await checkpoints?.list() ?? [], feed.perEpoch, recent)) {
      await checkpoints?.remove(at);
    }
  };
  const save = async () => {
    if (checkpoints === undefined) return;
    const state = trainer.readState();
    // Right after the epoch whose state is kept it is the present one.
    const others = callbacks.keptEpoch === epoch && taken === 0 ? null : kept;
    const standing = { state, step, epoch, taken, sums: means.sums, rate, history, kept: others };
    await checkpoints.write(step, toArrays(standing));
    // The one before stays for a while: the newest may be lost with the power.
    recent = [step, ...recent.filter((at) => at !== step)].slice(0, 2);
    await tidy();
  };
  const pause = async () => {
    await breathe();
    if (training.checkpointDue?.() === true) await save();
    signal?.throwIfAborted();
  };

  const nextEpoch = async () => {
    if (taken === 0) rate = rateNow();
    for await (const batch of feed.from(epoch, step - feed.before(epoch))) {
      rate = rateNow();
      const sums = trainer.step(batch, rate);
      const loss = sums.loss / sums.count + sums.penalty;
      if (!Number.isFinite(loss)) throw stopped(`the loss is ${loss} at`, step + 1);
      means.add(sums);
      step++;
      taken += batch.indices.length;
      tell();
      await pause();
    }
    // A step's loss is that of the weights before it: the last one's would be looked at by nobody.
    const bad = runAway(trainer.readState());
    if (bad !== null) throw stopped(`${bad} after`, step);
    const values: { -readonly [K in keyof EpochValues]: EpochValues[K] } = {
      loss: means.loss,
      accuracy: means.accuracy,
    };
    if (validation !== undefined) {
      const { loss, accuracy } = await evaluateAll(trainer, validation, batchSize, pause);
      if (!Number.isFinite(loss)) throw stopped(`the validation loss is ${loss} after`, step);
      values.val_loss = loss;
      values.val_accuracy = accuracy;
      history.val_loss.push(loss);
      history.val_accuracy.push(accuracy);
      tell();
    }
    history.loss.push(values.loss);
    history.accuracy.push(values.accuracy);
    history.learning_rate.push(rate);
    callbacks.next(values);
    epoch++;
    taken = 0;
    means = new Means();
    if (callbacks.keptEpoch === epoch) kept = trainer.readState();
    await save();
  };

  let ranAway: RanAway | null = null;
  while (
    epoch < epochs && (step < steps || taken > 0) && !callbacks.stopped && ranAway === null
  ) {
    try {
      await nextEpoch();
    } catch (error) {
      // What a callback has kept is a result, whatever became of the epochs after it.
      if (!(error instanceof RunAwayError) || kept === null) throw error;
      ranAway = error.ranAway;
    }
  }
  recent = [step];
  await tidy();
  return {
    history,
    state: kept ?? trainer.readState(),
    epoch: callbacks.keptEpoch ?? epoch,
    steps: step,
    stoppedEarly: callbacks.stopped,
    ranAway,
  };
}

/** The values of each epoch that is over. */
function valuesOf(history: History): EpochValues[] {
  const { loss, accuracy, val_loss, val_accuracy } = history;
  return loss.map((value, epoch) => {
    const lossThen = val_loss[epoch], accuracyThen = val_accuracy[epoch];
    return {
      loss: value,
      accuracy: accuracy[epoch] ?? NaN,
      ...(lossThen === undefined ? {} : { val_loss: lossThen }),
      ...(accuracyThen === undefined ? {} : { val_accuracy: accuracyThen }),
    };
  });
}
