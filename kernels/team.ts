/**
 * Runs programs by the compiled kernels on one or more threads, which share the memory. Threads take tasks in
 * the program's order from one counter, and wait before a phase until all tasks of the phases before are
 * done. Which thread runs a task varies; the bits do not, because no sum is cut (see `tasks.ts`).
 *
 * Both counters only ever grow, and a ticket is taken by exchange against the value that was looked at: a
 * thread that the system has held back finds its program ended, and takes nothing of the next one.
 */
import { record } from "./record.ts";
import type { Runner } from "./runner.ts";
import { callsOf, exportOf, MOST_TASKS, OWN, type Phase } from "./tasks.ts";
import { createThread, THREAD, THREAD_URL, type ThreadSetup } from "./thread.ts";
import type { KernelModules } from "./wasm.ts";

/** More threads than an operation has tasks would find nothing to do. */
export const MOST_THREADS = MOST_TASKS;

export interface TeamSettings {
  /** The families that the programs use. */
  readonly modules: KernelModules;
  readonly memory: WebAssembly.Memory;
  /** `bytes` for each of `MOST_THREADS` threads, one after another. */
  readonly scratch: { readonly at: number; readonly bytes: number };
  /** How many threads may be used now: asked before each program. */
  threads(): number;
}

// Words of the control block, as in thread.ts.
const SEQUENCE = 0, TICKET = 1, FAILED = 4, THREADS = 5, BASE = 6, PROGRAM = 7, WORKERS = 16;
/** Address space for programs: what is not written takes no memory. */
const PROGRAM_BYTES = 64 * 1024 * 1024;

/** Threads are started when they are first asked for, and the work goes on meanwhile. */
export function createTeam(settings: TeamSettings): Runner {
  const { memory, scratch } = settings;
  const modules: Record<string, WebAssembly.Module> = {};
  const indices = new Map<string, number>();
  for (
    const [family, module] of Object.entries(settings.modules).sort(([a], [b]) => a < b ? -1 : 1)
  ) {
    modules[family] = module;
    for (const { name, kind } of WebAssembly.Module.exports(module)) {
      if (kind === "function") indices.set(`${family}.${name}`, indices.size);
    }
  }
  const setupOf = (index: number): ThreadSetup => ({
    index,
    modules,
    memory,
    control: control.buffer,
    programs: programs.buffer,
    own: OWN,
    scratch: scratch.at + index * scratch.bytes,
  });
  const control = new Int32Array(new SharedArrayBuffer((WORKERS + 2 * MOST_THREADS) * 4));
  const programs = new Float64Array(new SharedArrayBuffer(PROGRAM_BYTES));
  const main = createThread(setupOf(0));
  const workers: Worker[] = [];
  let used = 0;

  /** Writes a program down; returns its place and how many tasks it has. */
  function write(phases: readonly Phase[]) {
    const tasks = phases.flat();
    const before: number[] = [];
    for (const phase of phases) {
      const done = before.length;
      for (const _ of phase) before.push(done);
    }
    const words = [tasks.length, ...before];
    for (const task of tasks) {
      const calls = callsOf(task);
      words.push(calls.length);
      for (const call of calls) {
        const index = indices.get(exportOf(call));
        if (index === undefined) {
          throw new Error(`Cannot call "${exportOf(call)}": its family was not given`);
        }
        words.push(index, call.args.length, ...call.args);
      }
    }
    const place = used;
    if (place + words.length > programs.length) {
      throw new RangeError(`Cannot hold another program: ${PROGRAM_BYTES} bytes are full`);
    }
    programs.set(words, place);
    used += words.length;
    return { place, tasks: tasks.length };
  }

  function grow(threads: number): void {
    while (workers.length + 1 < threads) {
      const worker = new Worker(THREAD_URL, { type: "module", name: THREAD });
      workers.push(worker);
      worker.postMessage(setupOf(workers.length));
    }
  }

  return {
    memory,
    prepare(groups) {
      const { place, tasks } = write(record(groups));
      return () => {
        const threads = Math.max(1, Math.min(Math.floor(settings.threads()), MOST_THREADS));
        if (threads === 1) return main.alone(place);
        grow(threads);
        const base = Atomics.load(control, TICKET);
        Atomics.add(control, SEQUENCE, 1);
        Atomics.store(control, PROGRAM, place);
        Atomics.store(control, BASE, base);
        Atomics.store(control, THREADS, threads);
        Atomics.add(control, SEQUENCE, 1);
        for (let index = 1; index < threads; index++) wake(index);
        main.join(place, base);
        main.waitFor((base + tasks) | 0);
        if (Atomics.exchange(control, FAILED, 0) !== 0) {
          throw new Error("A kernel failed: its program is wrong, or its memory too small");
        }
      };
    },
    dispose() {
      Atomics.store(control, SEQUENCE, -1);
      for (const [i, worker] of workers.entries()) {
        wake(i + 1);
        worker.terminate();
      }
    },
  };

  function wake(index: number): void {
    const word = WORKERS + 2 * index;
    if (Atomics.load(control, word + 1) === 0) return;
    Atomics.add(control, word, 1);
    Atomics.notify(control, word);
  }
}
