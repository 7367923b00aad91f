/**
 * A program as data: what a thread needs to run it are numbers. An operation becomes phases, one after
 * another; a phase's tasks may run at once and in any order. No sum is cut by where tasks are cut, so that
 * the bits depend neither on the cuts nor on who runs what.
 */
import type { Address } from "./ops.ts";
import type { Family } from "./families.ts";

/** One call of a kernel's export. */
export interface KernelCall {
  readonly family: Family;
  readonly name: string;
  readonly args: readonly number[];
}

/** A call, and those that the same thread does behind it, on what it has just made. */
export interface Task extends KernelCall {
  readonly then?: readonly KernelCall[];
}

/** All calls of these tasks, in order. */
export function callsOf(...tasks: readonly Task[]): readonly KernelCall[] {
  return tasks.flatMap((task) => [task, ...task.then ?? []]);
}

export type Phase = readonly Task[];

/** Takes an operation's next phase. */
export type Emit = (phase: Phase) => void;

/** Addresses from here on lie in the scratch of whichever thread runs the task: no memory reaches it. */
export const OWN = 1099511627776;

/** The start of the running thread's own scratch, as an operation's `own` room. */
// The brand stands for what the thread makes of it.
export const THREAD_SCRATCH = OWN as Address;

/** At most so many tasks are made of an operation. */
export const MOST_TASKS = 16;

/**
 * [first, count] of the pieces that `n` things are cut into: multiples of `unit` but for the last, at most
 * `most`. A function of its arguments alone.
 */
export function pieces(n: number, unit = 1, most = MOST_TASKS): readonly [number, number][] {
  const size = Math.ceil(Math.ceil(n / unit) / most) * unit;
  const cut: [number, number][] = [];
  for (let first = 0; first < n; first += size) cut.push([first, Math.min(size, n - first)]);
  return cut;
}

export function exportOf({ family, name }: KernelCall): string {
  return `${family}.${name}`;
}
