/** `sweep FILE --dry-run`: what would be tried, as far as that is decided. */
import type { SweepTrial } from "../report/sweep_data.ts";
import type { OpenedSweep } from "./engine.ts";
import { processTerminal } from "./terminal.ts";
import { cut, visibleLine } from "./text.ts";

export async function planSweep(opened: OpenedSweep): Promise<number> {
  const terminal = processTerminal();
  const data = await opened.data();
  const columns = terminal.live ? terminal.size().columns : Infinity;
  terminal.write(
    `${visibleLine(`${data.strategy}, to ${data.goal} ${data.metric}`)}${
      data.on === "" ? "" : ` on ${visibleLine(data.on)}`
    }\n`,
  );
  for (const text of data.limits ?? []) terminal.write(`note       ${visibleLine(text)}\n`);
  for (const trial of data.trials) terminal.write(`${cut(lineOf(trial), columns)}\n`);
  const count = (state: SweepTrial["state"]) =>
    data.trials.filter((one) => one.state === state).length;
  const open = count("running");
  const later = data.left > 0 && data.trials.length > open
    ? `, and up to ${data.left} that are decided later`
    : "";
  terminal.write(
    `${data.trials.length - open} trials are there, ${open} would be run${later}; ` +
      `${count("failed")} failed\n`,
  );
  return 0;
}

function lineOf(trial: SweepTrial): string {
  const values = Object.entries(trial.values).map(([path, value]) =>
    `${visibleLine(path.split(".").slice(1).join("."))}=${visibleLine(String(value))}`
  );
  const what = trial.state === "running" ? "to run" : trial.state;
  return `${String(trial.trial).padStart(5)}  ${what.padEnd(7)}  ${values.join("  ")}`;
}
