/** What Slurm says of the job that this process belongs to. */

/** Null for both outside of Slurm. */
export function ownJob(): { readonly host: string | null; readonly slurm: string | null } {
  const [array, task] = [
    Deno.env.get("SLURM_ARRAY_JOB_ID"),
    Deno.env.get("SLURM_ARRAY_TASK_ID"),
  ];
  return {
    host: Deno.env.get("SLURMD_NODENAME") ?? null,
    slurm: array !== undefined && task !== undefined
      ? `${array}_${task}`
      : Deno.env.get("SLURM_JOB_ID") ?? null,
  };
}
