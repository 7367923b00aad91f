/** Trainings whose numbers leave what can be gone on with. */
import type { TrainerState } from "./trainer.ts";

/** Where a training ran away. */
export interface RanAway {
  /** In words: `the loss is NaN at`. */
  readonly what: string;
  /** Counted from 1, as the epoch is. */
  readonly step: number;
  readonly epoch: number;
  readonly learningRate: number;
}

/** Thrown where no number follows; caught where a callback has kept an epoch before. */
export class RunAwayError extends Error {
  override readonly name = "RunAwayError";
  constructor(readonly ranAway: RanAway) {
    super(
      `Cannot go on training: ${describeRunAway(ranAway)}; ` +
        "try a lower learning rate, and look at the data",
    );
  }
}

export function describeRunAway({ what, step, epoch, learningRate }: RanAway): string {
  return `${what} step ${step} (epoch ${epoch}) with learning rate ${shortest(learningRate)}`;
}

/** The first value of a state that is no number to go on with, in words; null: there is none. */
export function runAway({ weights, slots }: TrainerState): string | null {
  for (const [what, tensors] of [["weight", weights], ["optimizer's", slots]] as const) {
    for (const { name, values } of tensors) {
      const bad = values.find((value) => !Number.isFinite(value));
      if (bad !== undefined) return `the ${what} "${name}" holds ${bad}`;
    }
  }
  return null;
}

/** An f32 with as few digits as tell it apart: 0.001, not 0.0010000000474974513. */
export function shortest(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const found = Number(value.toPrecision(digits));
    if (Math.fround(found) === Math.fround(value)) return found;
  }
  return value;
}
