/**
 * Who holds the lock of a key, as a line in its file. The lock itself is the system's, and is gone with the process;
 * the line is for those who wait, and for file systems that keep the locks of other hosts to themselves. It is
 * emptied when the run has ended well.
 */

export interface Holder {
  /** Id of the run. */
  readonly run: string;
  /** Name of the node of a cluster; null on a machine by itself. */
  readonly host: string | null;
  /** Slurm's id of the job; null: it is none. */
  readonly slurm: string | null;
  readonly pid: number;
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
  const { run, host, slurm, pid } = value as Record<string, unknown>; // each is looked at below
  const fits = typeof run === "string" && /^[\w-]{1,80}$/.test(run) &&
    (host === null || (typeof host === "string" && /^[\w.-]{1,255}$/.test(host))) &&
    (slurm === null || (typeof slurm === "string" && /^\d{1,12}(?:_\d{1,12})?$/.test(slurm))) &&
    Number.isSafeInteger(pid);
  return fits ? value as Holder : null; // as was just seen
}

/** "job 12_3 on n2", "run 20261125-210222-ab12". */
export function holderName({ run, host, slurm }: Holder): string {
  const place = host === null ? "" : ` on ${host}`;
  return slurm === null ? `run ${run}${place}` : `job ${slurm}${place}`;
}
