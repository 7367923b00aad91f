/** The learning rate as a function of the step, as Keras' schedules have it. */
import { cos, pow } from "../numerics/functions.ts";
import type { TrainParams } from "./schema.ts";

export type Schedule = TrainParams["learningRateSchedule"];

/** The rate of a step (from 0) in an epoch (from 0), rounded to f32 as it is used; `total`: steps of the training. */
export function learningRateAt(
  schedule: Schedule,
  initial: number,
  step: number,
  epoch: number,
  total: number,
): number {
  return Math.fround(initial * factorAt(schedule, step, epoch, total));
}

function factorAt(schedule: Schedule, step: number, epoch: number, total: number): number {
  switch (schedule.type) {
    case "constant":
      return 1;
    case "step":
      return pow(schedule.factor, Math.floor(epoch / schedule.every));
    case "exponential": {
      const parts = step / schedule.decaySteps;
      return pow(schedule.decayRate, schedule.staircase ? Math.floor(parts) : parts);
    }
    case "cosine": {
      const steps = schedule.decaySteps ?? total;
      const part = 0.5 * (1 + cos(Math.PI * Math.min(step, steps) / steps));
      return (1 - schedule.alpha) * part + schedule.alpha;
    }
  }
}
