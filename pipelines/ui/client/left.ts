/** How long a run will still take, by what its nodes have taken so far. */
import type { NodeView } from "../views.ts";

export interface Left {
  readonly milliseconds: number;
  /** False: of some stages nothing is known yet, and they are left out. */
  readonly isAll: boolean;
}

/**
 * Null where nothing is left, or nothing is known. `trials`: those of a sweep that have no nodes yet. `now`:
 * milliseconds since 1970.
 */
export function timeLeft(nodes: readonly NodeView[], trials: number, now: number): Left | null {
  const known = new Map<string, { sum: number; count: number }>();
  const learn = (stage: string, milliseconds: number) => {
    const { sum, count } = known.get(stage) ?? { sum: 0, count: 0 };
    known.set(stage, { sum: sum + milliseconds, count: count + 1 });
  };
  let first = Infinity, last = 0, spent = 0, ofTrials = 0;
  const tried = new Set<string>();
  for (const { id, state, stage, started, milliseconds } of nodes) {
    if (state !== "ran" || milliseconds === null || started === null) continue;
    learn(stage, milliseconds);
    first = Math.min(first, started);
    last = Math.max(last, started + milliseconds);
    spent += milliseconds;
    const trial = /[@,]trial=([^,]+)/.exec(id)?.[1];
    if (trial === undefined) continue;
    tried.add(trial);
    ofTrials += milliseconds;
  }
  const running = nodes.filter(({ state }) => state === "running");
  // Of a stage that has not ended once: what its running nodes have done says how long they take.
  for (const node of running) {
    const whole = wholeOf(node, now);
    if (whole !== null && !known.has(node.stage)) learn(node.stage, whole);
  }
  let left = 0, isAll = true, isKnown = false;
  for (const node of nodes) {
    if (node.state !== "waiting" && node.state !== "running") continue;
    const mean = known.get(node.stage);
    const usual = mean === undefined ? null : mean.sum / mean.count;
    const whole = wholeOf(node, now) ?? usual;
    if (whole === null) {
      isAll = false;
      continue;
    }
    isKnown = true;
    const gone = node.state === "running" && node.started !== null ? now - node.started : 0;
    left += Math.max(0, whole - gone);
  }
  if (trials > 0) {
    isKnown ||= tried.size > 0;
    isAll &&= tried.size > 0;
    left += tried.size > 0 ? trials * ofTrials / tried.size : 0;
  }
  if (!isKnown) return null;
  const atOnce = Math.max(1, running.length, last > first ? spent / (last - first) : 1);
  return { milliseconds: left / atOnce, isAll };
}

/** How long a running node will have taken, by its progress; null where too little is known. */
function wholeOf({ state, progress, started }: NodeView, now: number): number | null {
  if (state !== "running" || progress === null || started === null) return null;
  const part = progress.done / progress.total;
  return part > 0.005 && part <= 1 && now > started ? (now - started) / part : null;
}
