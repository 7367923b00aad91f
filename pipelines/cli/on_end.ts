/** `--on-end COMMAND`: tells a program of the user's that the night is over. */
import type { SweepData } from "../report/sweep_data.ts";
import { CommandError } from "./command.ts";

/** The summary that it reads: JSON, in one line. */
export function summaryOf(data: SweepData, isOver: boolean): Record<string, unknown> {
  const count = (state: string) => data.trials.filter((one) => one.state === state).length;
  const winner = data.trials.find(({ trial }) => trial === data.winner?.trial);
  return {
    sweep: data.name,
    over: isOver,
    metric: data.metric,
    on: data.on,
    goal: data.goal,
    trials: data.trials.length,
    done: count("done"),
    pruned: count("pruned"),
    failed: count("failed"),
    left: data.left,
    winner: winner === undefined ? null : {
      trial: winner.trial,
      settings: winner.settings,
      metrics: winner.metrics,
      test: data.winner?.test ?? null,
    },
    baseline: data.baseline?.metrics ?? null,
    cost: data.cost,
  };
}

/** Runs it by the system's shell and waits for it. @throws {CommandError} where it fails */
export async function runAtEnd(
  command: string,
  summary: Readonly<Record<string, unknown>>,
): Promise<void> {
  const isWindows = Deno.build.os === "windows";
  const [shell, flag] = isWindows ? ["cmd", "/c"] : ["sh", "-c"];
  let code: number;
  try {
    const process = new Deno.Command(shell, { args: [flag, command], stdin: "piped" }).spawn();
    const writer = process.stdin.getWriter();
    const text = `${JSON.stringify(summary)}\n`;
    // A program that reads nothing is none of our business.
    await writer.write(new TextEncoder().encode(text)).catch(() => {});
    await writer.close().catch(() => {});
    code = (await process.status).code;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandError(
      `Cannot start --on-end "${command}": ${why}`,
      "what the sweep has done is kept",
    );
  }
  if (code !== 0) {
    throw new CommandError(
      `--on-end "${command}" ended with code ${code}`,
      "what the sweep has done is kept",
    );
  }
}
