/**
 * Who holds the lock of a key, as a line in its file. The lock itself is the system's, and is gone with the engine;
 * the line is for those who wait, and for file systems that keep the locks of other hosts to themselves.
 */

export interface Holder {
  /** Id of the run. */
  readonly run: string;
  /** Name of the machine; null where it cannot be asked. */
  readonly host: string | null;
  /** Slurm's id of the job; null: it is none. */
  readonly slurm: string | null;
  /** The engine's process. */
  readonly engine: number | null;
  /** The stage's process; null: it has not begun. */
  readonly pid: number | null;
}

/** Bytes of a line, at most. */
export const MOST_HOLDER = 512;

export function holderLine(holder: Holder): string {
  return `${JSON.stringify(holder)}\n`;
}

/** Null where the text says nobody. */
export function parseHolder(text: string): Holder | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null; // empty, or of an engine that wrote less
  }
  if (typeof value !== "object" || value === null) return null;
  const { run, host, slurm, engine, pid } = value as Record<string, unknown>; // each is looked at below
  const fits = typeof run === "string" && /^[\w-]{1,80}$/.test(run) &&
    (host === null || (typeof host === "string" && /^[\w.-]{1,255}$/.test(host))) &&
    (slurm === null || (typeof slurm === "string" && /^\d{1,12}(?:_\d{1,12})?$/.test(slurm))) &&
    [engine, pid].every((id) => id === undefined || id === null || Number.isSafeInteger(id));
  // As was just seen; what a line lacks is not known.
  return fits ? { engine: null, pid: null, ...value as Omit<Holder, "engine" | "pid"> } : null;
}

/** "job 12_3 on n2", "run 20261125-210222-ab12 (process 4711 on desk)". */
export function holderName({ run, host, slurm, engine }: Holder): string {
  if (slurm !== null) return `job ${slurm}${host === null ? "" : ` on ${host}`}`;
  const facts = [
    ...engine === null ? [] : [`process ${engine}`],
    ...host === null ? [] : [`on ${host}`],
  ];
  return facts.length === 0 ? `run ${run}` : `run ${run} (${facts.join(" ")})`;
}
