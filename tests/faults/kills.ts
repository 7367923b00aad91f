/** SIGKILL of the engine, of a stage, of both, at random moments; and several engines at once. */
import { Store } from "../../pipelines/store/local.ts";
import type { Workplace } from "../rig.ts";
import type { Lab, Row } from "./lab.ts";

const VICTIMS = ["the engine", "a stage", "both"] as const;

export function kills(lab: Lab, count: number): Promise<Row> {
  return lab.tries("SIGKILL at a random moment", count, async (dice, index) => {
    const victim = VICTIMS[index % VICTIMS.length] ?? "both";
    // A run may be over before its moment comes: then another moment is drawn.
    for (let turn = 0; turn < 20; turn++) {
      const place = await lab.place();
      try {
        if (!await runAndKill(lab, place, victim, dice.share() * lab.usual * 1.3)) continue;
        const problem = await lab.problem(place);
        return problem === null ? null : `${victim} was killed: ${problem}`;
      } finally {
        await place[Symbol.asyncDispose]();
      }
    }
    return "no run lived long enough to be killed";
  });
}

/** True if somebody was killed. */
async function runAndKill(
  lab: Lab,
  place: Workplace,
  victim: typeof VICTIMS[number],
  after: number,
): Promise<boolean> {
  let killed = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  await lab.run(place, [], {
    onStart: (engine) => {
      // The moment is what is tried, so that a clock has to say it.
      timer = setTimeout(async () => {
        const stages = victim === "the engine" ? [] : await children(engine.pid);
        const isAsked = victim === "the engine" || stages.length > 0;
        if (!isAsked) return;
        killed = victim === "a stage" || kill(engine.pid);
        if (victim !== "the engine") killed = stages.map(kill).some(Boolean) && killed;
      }, after);
    },
  });
  clearTimeout(timer);
  return killed;
}

/** Ids of a process' own processes; none where the system does not tell. */
async function children(pid: number): Promise<number[]> {
  // Deno itself reads these files only with the right to everything.
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", `cat /proc/${pid}/task/*/children`],
    stderr: "null",
  }).output();
  return new TextDecoder().decode(stdout).split(/\s+/).filter((text) => text !== "").map(Number);
}

function kill(pid: number): boolean {
  try {
    Deno.kill(pid, "SIGKILL");
    return true;
  } catch {
    return false; // it has just ended
  }
}

/** Two, four, eight engines on one store; in each third round one of them is killed. */
export function engines(lab: Lab, rounds: number): Promise<Row> {
  return lab.tries("2, 4 or 8 engines at once", rounds, async (dice, round) => {
    const count = [2, 4, 8][round % 3] ?? 2;
    const place = await lab.place();
    try {
      const doomed = Math.floor(round / 3) % 3 === 2 ? dice.below(count) : -1;
      const after = dice.share() * lab.usual * count;
      const runs = await Promise.all(
        Array.from(
          { length: count },
          (_, index) => lab.run(place, [], dying(index === doomed, after)),
        ),
      );
      for (const [index, { code, stderr, stdout }] of runs.entries()) {
        const mayEnd = index === doomed ? [0, 137] : [0];
        if (!mayEnd.includes(code)) {
          return `one ended with ${code}: ${(stdout + stderr).slice(-300)}`;
        }
      }
      const made = new Map<string, number>();
      for (const { nodes } of new Store(place.store).readRuns()) {
        for (const { node, outcome } of nodes) {
          if (outcome === "ran") made.set(node, (made.get(node) ?? 0) + 1);
        }
      }
      const twice = [...made].filter(([, times]) => times > 1).map(([node]) => node);
      if (twice.length > 0) return `${count} engines made ${twice.join(", ")} more than once`;
      return await lab.problem(place);
    } finally {
      await place[Symbol.asyncDispose]();
    }
  }, 1);
}

function dying(isDoomed: boolean, after: number) {
  if (!isDoomed) return {};
  return {
    onStart: (engine: Deno.ChildProcess) => {
      const timer = setTimeout(() => kill(engine.pid), after);
      engine.status.then(() => clearTimeout(timer));
    },
  };
}
