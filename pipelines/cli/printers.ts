/** What a run prints, by kind of output: a live table, plain lines, only the end, or JSON. */
import type { Event, Listener } from "../run/event.ts";
import { failureLines, figureLines, lastLine } from "./end_rows.ts";
import { progressLine, table } from "./live_rows.ts";
import {
  type Describe,
  endedLines,
  hitsLine,
  logLines,
  neverBegan,
  neverLine,
  noticeLine,
  plainLine,
  retriedLine,
  trialLine,
} from "./rows.ts";
import { Screen } from "./screen.ts";
import type { Terminal } from "./terminal.ts";
import { PLAIN } from "./text.ts";
import { type Ended, Watch } from "./watch.ts";

export interface Printer {
  readonly on: Listener;
  /** Puts the terminal back; called whatever happened. */
  close(): void;
}

export interface Printing {
  readonly terminal: Terminal;
  readonly describe: Describe;
  /** A path as the user would write it. */
  readonly shorten: (path: string) => string;
  readonly debug: boolean;
  /** Milliseconds from any fixed start. */
  readonly now: () => number;
  /** Its nodes are of trials: these are told, and of their nodes only what failed. */
  readonly isSweep?: boolean;
}

/** How often plain output says how far a stage is. */
const EVERY = 30_000;
/** At most ten frames a second. */
const FRAME = 100;

/** The end of a run in text: failures, what it came to, and how to go on; a sweep says the last itself. */
function end(watch: Watch, printing: Printing): string {
  const { terminal, shorten, debug } = printing;
  const failures = watch.ended.flatMap((one) => failureLines(one, shorten, debug, terminal.paint));
  const isOpen = watch.end?.interrupted === true && printing.isSweep !== true;
  const more = isOpen ? ["the same command goes on"] : [];
  return [...failures, lastLine(watch, shorten), ...more].map((line) => `${line}\n`).join("");
}

/** Lines for what it came to; a reader of no terminal has room. */
function figures(watch: Watch, { terminal }: Printing): string {
  const lines = figureLines(watch, terminal.live ? terminal.size().columns - 1 : Infinity);
  return lines.map((line) => `${line}\n`).join("");
}

/** Only warnings, failures and the last line. */
export function quietPrinter(printing: Printing): Printer {
  const watch = new Watch();
  return {
    on(event) {
      watch.on(event, printing.now());
      if (event.type === "warning" || event.type === "diverged") {
        printing.terminal.write(`${noticeLine(event, PLAIN)}\n`);
      }
      if (event.type === "run-ended") printing.terminal.write(end(watch, printing));
    },
    close() {},
  };
}

/** Each event as a line of JSON. */
export function jsonPrinter(printing: Printing): Printer {
  return {
    on(event) {
      printing.terminal.write(`${JSON.stringify(event)}\n`);
    },
    close() {},
  };
}

/** Of a night's thousands of stage runs nobody reads these; logs have them. */
function isDetail(event: Event): boolean {
  return event.type === "node-started" || event.type === "node-log" ||
    (event.type === "node-ended" && event.outcome !== "failed");
}

/** One line for each start and end, and progress now and then. */
export function linesPrinter(printing: Printing): Printer {
  const watch = new Watch();
  const said = new Map<string, number>();
  return {
    on(event) {
      const now = printing.now();
      watch.on(event, now);
      const isTold = printing.isSweep !== true || !isDetail(event);
      const line = isTold ? plainLine(event, watch, printing.describe) : null;
      if (line !== null) printing.terminal.write(`${line}\n`);
      if (event.type === "node-started") said.set(event.node, now);
      if (event.type === "node-progress" && now - (said.get(event.node) ?? now) >= EVERY) {
        said.set(event.node, now);
        const running = watch.running.get(event.node);
        const progress = running === undefined ? null : progressLine(running);
        if (progress !== null) printing.terminal.write(`${progress}\n`);
      }
      if (event.type === "run-ended") {
        const never = watch.ended.filter(neverBegan);
        if (never.length > 0) printing.terminal.write(`${neverLine(never, PLAIN)}\n`);
        printing.terminal.write(figures(watch, printing) + end(watch, printing));
      }
    },
    close() {},
  };
}

/** A table that is redrawn in place; what has ended stands above it. */
export function livePrinter(printing: Printing): Printer {
  const { terminal, describe, now } = printing;
  const watch = new Watch();
  const screen = new Screen(terminal);
  const logs: string[] = [];
  const never: Ended[] = [];
  let told = 0;
  let timer: ReturnType<typeof setInterval> | undefined;

  function above(): string[] {
    const { columns } = terminal.size();
    const lines: string[] = logs.splice(0);
    let hits: Ended[] = [];
    const flush = () => {
      if (hits.length > 0) lines.push(hitsLine(hits, terminal.paint, columns - 1));
      hits = [];
    };
    for (const one of watch.ended.slice(told)) {
      if (neverBegan(one)) never.push(one);
      else if (printing.isSweep === true && one.outcome !== "failed") continue;
      else if (one.outcome === "hit") hits.push(one);
      else {
        flush();
        lines.push(...endedLines(one, describe, terminal.paint, columns - 1));
      }
    }
    flush();
    told = watch.ended.length;
    return lines;
  }
  function frame(): void {
    const { columns, rows } = terminal.size();
    screen.draw(above(), table(watch, now(), columns - 1, rows, terminal.paint));
  }
  function stop(): void {
    clearInterval(timer);
    timer = undefined;
    screen.close();
  }
  return {
    on(event: Event) {
      watch.on(event, now());
      if (event.type === "node-log" && printing.isSweep !== true) {
        logs.push(...logLines(event, watch, terminal.size().columns - 1));
      }
      if (event.type === "warning" || event.type === "note" || event.type === "diverged") {
        const line = noticeLine(event, terminal.paint);
        // What is found after the end has no table to stand above.
        if (watch.end === null) logs.push(line);
        else terminal.write(`${line}\n`);
      }
      if (event.type === "node-retried") {
        logs.push(retriedLine(event.node, event.attempt, event.failure.message));
      }
      if (event.type === "trial-ended" && !event.isHit) logs.push(trialLine(event));
      // A run of hits alone draws nothing: the timer starts with the first stage.
      if (event.type === "node-started") timer ??= setInterval(frame, FRAME);
      if (event.type === "run-ended") {
        stop();
        const lines = above();
        if (never.length > 0) {
          lines.push(neverLine(never, terminal.paint, terminal.size().columns - 1));
        }
        const told = lines.map((line) => `${line}\n`).join("");
        terminal.write(told + figures(watch, printing) + end(watch, printing));
      }
    },
    close: stop,
  };
}

/** The printer for what was asked and for where the output goes. */
export function choosePrinter(
  printing: Printing,
  asked: { readonly json: boolean; readonly quiet: boolean },
): Printer {
  if (asked.json) return jsonPrinter(printing);
  if (asked.quiet) return quietPrinter(printing);
  return printing.terminal.live ? livePrinter(printing) : linesPrinter(printing);
}
