/** Where a training stands: all that its next step depends on, as arrays to be kept, and which are kept. */
import type { NamedTensor, TrainerState } from "./trainer.ts";

/** One value an epoch. Loss includes the regularisers' penalty; `learning_rate` is that of the last step. */
export interface History {
  readonly loss: number[];
  readonly accuracy: number[];
  readonly val_loss: number[];
  readonly val_accuracy: number[];
  readonly learning_rate: number[];
}

export interface Standing {
  readonly state: TrainerState;
  /** Steps done in this training. */
  readonly step: number;
  /** Epochs done, validation and callbacks included. */
  readonly epoch: number;
  /** Examples taken of the epoch under way. */
  readonly taken: number;
  /** The sums of that epoch so far: losses, right answers, examples. */
  readonly sums: readonly [number, number, number];
  /** The learning rate of the last step. */
  readonly rate: number;
  readonly history: History;
  /** The state that a callback keeps, unless it is `state` itself. */
  readonly kept: TrainerState | null;
}

/** Where checkpoints are kept; places are steps done. They change no result. */
export interface Checkpoints {
  list(): Promise<readonly number[]>;
  /** Null where there is none that can be trusted. */
  read(at: number): Promise<Readonly<Record<string, ArrayBufferView>> | null>;
  write(at: number, arrays: Arrays): Promise<void>;
  remove(at: number): Promise<void>;
}

type Arrays = Readonly<Record<string, Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>>>;

export function emptyHistory(): History {
  return { loss: [], accuracy: [], val_loss: [], val_accuracy: [], learning_rate: [] };
}

const prefixed = (prefix: string, tensors: readonly NamedTensor[]) =>
  tensors.map(({ name, values }) => [`${prefix}/${name}`, values.slice()] as const);

export function toArrays(standing: Standing): Arrays {
  const { state, step, epoch, taken, sums, rate, history, kept } = standing;
  return {
    place: Float64Array.of(state.step, step, epoch, taken, ...sums, rate, kept?.step ?? NaN),
    ...Object.fromEntries(
      Object.entries(history).map(([name, values]) => [
        `history/${name}`,
        Float64Array.from(values as number[]), // each of a history's members is such a list
      ]),
    ),
    ...Object.fromEntries(prefixed("weights", state.weights)),
    ...Object.fromEntries(prefixed("slots", state.slots)),
    ...Object.fromEntries(prefixed("kept/weights", kept?.weights ?? [])),
    ...Object.fromEntries(prefixed("kept/slots", kept?.slots ?? [])),
  };
}

/** `like`: the trainer's present state, for names, shapes and order. Null if the arrays do not fit it. */
export function fromArrays(
  arrays: Readonly<Record<string, ArrayBufferView>>,
  like: TrainerState,
): Standing | null {
  const tensors = (prefix: string, wanted: readonly NamedTensor[]): NamedTensor[] | null => {
    const found = wanted.flatMap(({ name, shape, values: { length } }) => {
      const values = arrays[`${prefix}/${name}`];
      const fits = values instanceof Float32Array && values.length === length;
      return fits ? [{ name, shape, values }] : [];
    });
    return found.length === wanted.length ? found : null;
  };
  const numbers = (name: string) => {
    const values = arrays[name];
    return values instanceof Float64Array ? [...values] : [];
  };
  const stateOf = (prefix: string, step: number | undefined): TrainerState | null => {
    const weights = tensors(`${prefix}weights`, like.weights);
    const slots = tensors(`${prefix}slots`, like.slots);
    return weights === null || slots === null || step === undefined
      ? null
      : { weights, slots, step };
  };
  const [steps, step, epoch, taken, loss, correct, count, rate, keptStep = NaN] = numbers("place");
  const state = stateOf("", steps);
  if (
    state === null || step === undefined ||
    epoch === undefined || taken === undefined || loss === undefined || correct === undefined ||
    count === undefined || rate === undefined
  ) return null;
  return {
    state,
    step,
    epoch,
    taken,
    sums: [loss, correct, count],
    rate,
    history: {
      loss: numbers("history/loss"),
      accuracy: numbers("history/accuracy"),
      val_loss: numbers("history/val_loss"),
      val_accuracy: numbers("history/val_accuracy"),
      learning_rate: numbers("history/learning_rate"),
    },
    kept: Number.isNaN(keptStep) ? null : stateOf("kept/", keptStep),
  };
}

/** The furthest place that a training of `steps` steps can go on from; null: it starts from nothing. */
export async function furthest(
  checkpoints: Checkpoints,
  steps: number,
  like: TrainerState,
): Promise<Standing | null> {
  for (const at of (await checkpoints.list()).toReversed()) {
    // Beyond its own end another training went, that was to take longer.
    const arrays = at <= steps ? await checkpoints.read(at) : null;
    const standing = arrays && fromArrays(arrays, like);
    if (standing !== null) return standing;
  }
  return null;
}

/** Of one training, so many checkpoints are kept at most beside its last. */
const KEPT = 4;

/**
 * The places that need be kept no longer: all but the furthest, those in `recent`, and the ends of every
 * k-th epoch, where k is the least power of two of which there are no more than four.
 * `perEpoch`: steps of each epoch, taken in turn.
 */
export function stale(
  places: readonly number[],
  perEpoch: readonly number[],
  recent: readonly number[],
): number[] {
  const last = places.at(-1) ?? 0;
  let every = 1;
  while (epochsIn(last, perEpoch).epochs / every >= KEPT + 1) every *= 2;
  return places.filter((at) => {
    if (at === last || recent.includes(at)) return false;
    const { epochs, isWhole } = epochsIn(at, perEpoch);
    return !isWhole || epochs % every !== 0;
  });
}

/** Epochs that are over after so many steps, and whether no other has begun. */
function epochsIn(
  steps: number,
  perEpoch: readonly number[],
): { readonly epochs: number; readonly isWhole: boolean } {
  const round = Math.max(1, perEpoch.reduce((sum, count) => sum + count, 0));
  let epochs = Math.floor(steps / round) * perEpoch.length, rest = steps % round;
  for (const count of perEpoch) {
    if (rest < count) break;
    rest -= count;
    epochs++;
  }
  return { epochs, isWhole: rest === 0 };
}
