/** Keras' callbacks as small state machines: fed with an epoch's values, asked what to do. */
import type { TrainParams } from "./schema.ts";

/** What is known at the end of an epoch; the validation's values only where there is validation. */
export interface EpochValues {
  readonly loss: number;
  readonly accuracy: number;
  readonly val_loss?: number;
  readonly val_accuracy?: number;
}

interface Monitored {
  readonly monitor: keyof EpochValues;
  readonly mode: "auto" | "min" | "max";
  readonly minDelta: number;
}

/** Says whether a value beats the best so far by more than minDelta. A NaN never does. */
function comparison(
  { monitor, mode, minDelta }: Monitored,
): (value: number, best: number) => boolean {
  const most = mode === "max" || (mode === "auto" && monitor.endsWith("accuracy"));
  return most ? (value, best) => value - minDelta > best : (value, best) => value + minDelta < best;
}

/** The settings of all callbacks. */
type Watched = Pick<TrainParams, "earlyStopping" | "checkpoint" | "reduceOnPlateau">;

/** The best value so far, and whether this one is. */
export class Best {
  readonly #monitored: Monitored;
  readonly #beats: (value: number, best: number) => boolean;
  #best: number | undefined;

  constructor(monitored: Monitored) {
    this.#monitored = monitored;
    this.#beats = comparison(monitored);
  }

  /** Takes the value if it is the best. @throws Error if the epoch has no such value */
  improved(values: EpochValues): boolean {
    const { monitor } = this.#monitored;
    const value = values[monitor];
    if (value === undefined) {
      throw new Error(
        `Cannot monitor "${monitor}": there is no validation data; connect "validation"`,
      );
    }
    if (Number.isNaN(value)) return false;
    if (this.#best !== undefined && !this.#beats(value, this.#best)) return false;
    this.#best = value;
    return true;
  }
}

/** Stops after `patience` epochs without improvement; at the earliest after the second epoch. */
export class EarlyStopping {
  readonly #best: Best;
  readonly #patience: number;
  #waited = 0;
  #epochs = 0;

  constructor(settings: NonNullable<TrainParams["earlyStopping"]>) {
    this.#best = new Best(settings);
    this.#patience = settings.patience;
  }

  next(values: EpochValues): { readonly improved: boolean; readonly stop: boolean } {
    this.#epochs++;
    this.#waited++;
    const improved = this.#best.improved(values);
    if (improved) this.#waited = 0;
    return { improved, stop: !improved && this.#waited >= this.#patience && this.#epochs > 1 };
  }
}

/** Lowers the learning rate after `patience` epochs without improvement. */
export class ReduceOnPlateau {
  readonly #settings: NonNullable<TrainParams["reduceOnPlateau"]>;
  readonly #best: Best;
  #waited = 0;
  #cooldown = 0;

  constructor(settings: NonNullable<TrainParams["reduceOnPlateau"]>) {
    this.#settings = settings;
    this.#best = new Best(settings);
  }

  /** True if the rate should fall by `factor` now. */
  next(values: EpochValues): boolean {
    if (this.#cooldown > 0) {
      this.#cooldown--;
      this.#waited = 0;
    }
    if (this.#best.improved(values)) {
      this.#waited = 0;
      return false;
    }
    if (this.#cooldown > 0) return false;
    this.#waited++;
    if (this.#waited < this.#settings.patience) return false;
    this.#cooldown = this.#settings.cooldown;
    this.#waited = 0;
    return true;
  }
}

/**
 * All callbacks of a training, fed epoch by epoch. What they say follows from the epochs' values alone: a
 * training that goes on from a checkpoint feeds them its history.
 */
export class Callbacks {
  readonly #settings: Watched;
  readonly #stopping: EarlyStopping | undefined;
  readonly #checkpoint: Best | undefined;
  readonly #plateau: ReduceOnPlateau | undefined;
  #epochs = 0;
  #keptEpoch: number | null = null;
  #reduced = 1;
  #stopped = false;

  constructor(settings: Watched) {
    const { earlyStopping, checkpoint, reduceOnPlateau } = settings;
    this.#settings = settings;
    this.#stopping = earlyStopping && new EarlyStopping(earlyStopping);
    this.#checkpoint = checkpoint && new Best(checkpoint);
    this.#plateau = reduceOnPlateau && new ReduceOnPlateau(reduceOnPlateau);
  }

  /** Takes the values of the next epoch. @throws Error if a monitored one is missing */
  next(values: EpochValues): void {
    this.#epochs++;
    let keep = this.#checkpoint?.improved(values) === true;
    if (this.#stopping !== undefined) {
      const { improved, stop } = this.#stopping.next(values);
      this.#stopped = stop;
      // A checkpoint, where there is one, decides what is kept.
      const restores = this.#settings.earlyStopping?.restoreBest === true;
      keep ||= this.#checkpoint === undefined && improved && restores;
    }
    if (keep) this.#keptEpoch = this.#epochs;
    if (this.#plateau?.next(values) === true) {
      this.#reduced *= this.#settings.reduceOnPlateau?.factor ?? 1;
    }
  }

  /** The epoch (from 1) whose weights are to be kept; null: those of the last. */
  get keptEpoch(): number | null {
    return this.#keptEpoch;
  }
  /** What the learning rate is multiplied by. */
  get reduced(): number {
    return this.#reduced;
  }
  /** True once training is to stop. */
  get stopped(): boolean {
    return this.#stopped;
  }
}
