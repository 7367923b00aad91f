/** What each thread of a team does, the main one included. */

/** What a thread is given; all buffers are shared. */
export interface ThreadSetup {
  /** 0 is the main thread. */
  readonly index: number;
  /** By family. */
  readonly modules: Readonly<Record<string, WebAssembly.Module>>;
  readonly memory: WebAssembly.Memory;
  /** Int32: see the first lines of `createThread`. */
  readonly control: SharedArrayBuffer;
  /** Float64, programs one after another: tasks, the first task of each task's phase, then the tasks. */
  readonly programs: SharedArrayBuffer;
  /** From here on an argument is an address in the thread's own scratch. */
  readonly own: number;
  readonly scratch: number;
}

export interface Thread {
  /** Takes tasks of the program at this place until none is left; the first has the ticket `base`. */
  join(program: number, base: number): void;
  /** Runs all of it, with no other thread. */
  alone(program: number): void;
  /** Waits until so many tasks have been done since the start. */
  waitFor(done: number): void;
  /** A worker's life: joins program after program. */
  serve(): void;
}

/**
 * A worker is made of this function's text, so that its code is part of what calls it, and is hashed with
 * it: it refers to nothing outside itself.
 */
export function createThread(setup: ThreadSetup): Thread {
  // Words of the control block, as in team.ts; a worker has two of its own from WORKERS on.
  const SEQUENCE = 0, TICKET = 1, DONE = 2, SLEEPERS = 3, FAILED = 4, THREADS = 5, BASE = 6;
  const PROGRAM = 7, WORKERS = 16;
  /** Looks at a word before a thread sleeps: some 50 microseconds, which a wake-up costs too. */
  const SPINS = 20000;
  const control = new Int32Array(setup.control);
  const programs = new Float64Array(setup.programs);

  type Kernel = (...args: readonly number[]) => void;
  const kernels: Kernel[] = [];
  for (const family of Object.keys(setup.modules).sort()) {
    const module = setup.modules[family];
    if (module === undefined) continue;
    const { exports } = new WebAssembly.Instance(module, { env: { memory: setup.memory } });
    for (const { name, kind } of WebAssembly.Module.exports(module)) {
      // Kernels export functions of numbers only.
      if (kind === "function") kernels.push(exports[name] as Kernel);
    }
  }

  interface Decoded {
    readonly tasks: readonly (() => void)[];
    /** For each task, how many are before its phase. */
    readonly before: readonly number[];
  }
  const known = new Map<number, Decoded>();
  function decode(program: number): Decoded {
    const found = known.get(program);
    if (found !== undefined) return found;
    let at = program;
    const next = () => programs[at++] ?? 0;
    const count = next();
    const before = Array.from({ length: count }, next);
    const tasks = Array.from({ length: count }, () => {
      const calls = Array.from({ length: next() }, () => {
        const kernel = kernels[next()];
        const args = Array.from({ length: next() }, () => {
          const given = next();
          return given >= setup.own ? given - setup.own + setup.scratch : given;
        });
        return () => kernel?.(...args);
      });
      return () => {
        for (const call of calls) call();
      };
    });
    const decoded = { tasks, before };
    known.set(program, decoded);
    return decoded;
  }

  function waitFor(done: number): void {
    for (let spins = 0;; spins++) {
      const seen = Atomics.load(control, DONE);
      if (((seen - done) | 0) >= 0) return;
      if (spins < SPINS) continue;
      Atomics.add(control, SLEEPERS, 1);
      Atomics.wait(control, DONE, seen);
      Atomics.sub(control, SLEEPERS, 1);
    }
  }

  function join(program: number, base: number): void {
    const { tasks, before } = decode(program);
    for (;;) {
      const ticket = Atomics.load(control, TICKET);
      const task = tasks[(ticket - base) | 0];
      if (task === undefined) return;
      const after = (ticket + 1) | 0;
      if (Atomics.compareExchange(control, TICKET, ticket, after) !== ticket) continue;
      waitFor((base + (before[(ticket - base) | 0] ?? 0)) | 0);
      try {
        task();
      } catch {
        Atomics.store(control, FAILED, 1);
      }
      Atomics.add(control, DONE, 1);
      if (Atomics.load(control, SLEEPERS) > 0) Atomics.notify(control, DONE);
    }
  }

  function serve(): void {
    const wake = WORKERS + 2 * setup.index, asleep = wake + 1;
    let last = 0;
    for (let spins = 0;; spins++) {
      const sequence = Atomics.load(control, SEQUENCE);
      if (sequence < 0) return;
      // Odd: the next program is being written down.
      if (sequence !== last && (sequence & 1) === 0) {
        const program = Atomics.load(control, PROGRAM), base = Atomics.load(control, BASE);
        const threads = Atomics.load(control, THREADS);
        if (Atomics.load(control, SEQUENCE) !== sequence) continue;
        last = sequence;
        spins = 0;
        if (setup.index < threads) join(program, base);
      } else if (spins > SPINS) {
        const word = Atomics.load(control, wake);
        Atomics.store(control, asleep, 1);
        if (Atomics.load(control, SEQUENCE) === sequence) Atomics.wait(control, wake, word);
        Atomics.store(control, asleep, 0);
        spins = 0;
      }
    }
  }

  return {
    join,
    waitFor,
    serve,
    alone(program) {
      for (const task of decode(program).tasks) task();
    },
  };
}

/** The name of a team's workers. A stage process starts no others, and makes them of this file's code (`pipelines/host/guard.ts`). */
export const THREAD = "kernels";

/** What a worker is made of. */
export const THREAD_URL = "data:text/javascript," +
  encodeURIComponent(
    `const create = ${createThread};\nonmessage = ({ data }) => create(data).serve();\n`,
  );
