/** Slurm's own commands: what they print, or why they cannot be had and what to do about it. */

export class SlurmError extends Error {
  override readonly name = "SlurmError";
  /** `isTooMany`: fewer tasks might be taken. */
  constructor(message: string, readonly help: string, readonly isTooMany = false) {
    super(message);
  }
}

type Program = "sbatch" | "squeue" | "sacct" | "scontrol" | "scancel";

/** What Slurm says, what it means, what to do. The first that fits is told. */
const MEANINGS: readonly (readonly [says: RegExp, message: string, help: string])[] = [
  [
    /nable to contact slurm controller|ocket timed out|onnection refused|configuration source/,
    "Slurm's controller does not answer",
    "try again when `sinfo` does; what was submitted before goes on by itself",
  ],
  [
    /nvalid partition/,
    "The cluster has no such partition",
    "`sinfo -s` lists them; name one by `resources: { partition }`",
  ],
  [
    /nvalid account/,
    "You may not submit under this account",
    "`sacctmgr show associations user=$USER` lists yours; name one by `resources: { account }`",
  ],
  [
    /nvalid qos/i,
    "The cluster has no such quality of service, or it is not yours",
    "`sacctmgr show qos` lists them; it stands in `resources: { sbatch: [--qos=...] }`",
  ],
  [
    /nvalid generic resource|nvalid GRES|node configuration is not available|emory specification can|artition configuration not available|ore processors requested/i,
    "No node of the cluster has what is asked for",
    "`sinfo -o '%P %c %m %G'` shows processors, megabytes and GPUs of nodes; ask for less by `resources`",
  ],
  [
    /olicy|SubmitJobLimit|QOSMax|AssocMax/,
    "The cluster does not take so many jobs, or so much at once, from you",
    "wait until some have ended, or submit less: `submit CONFIG NODE`",
  ],
  [
    /ime limit|--time/,
    "The partition does not allow so much time",
    "`sinfo -o '%P %l'` shows how much; a training goes on in a new job where its time ends",
  ],
  [
    /rray specification/,
    "The cluster takes no arrays of so many tasks",
    "`scontrol show config` says how many: MaxArraySize",
  ],
  [
    /nrecognized option|nvalid option/,
    "sbatch does not know an option",
    "`resources: { sbatch }` holds those that are yours; `sbatch --help` lists them",
  ],
];

/** Answers its standard output. @throws {SlurmError} where it fails, or is not there */
export async function call(program: Program, args: readonly string[]): Promise<string> {
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command(program, {
      args: [...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).output();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new SlurmError(
      `There is no program "${program}" here`,
      "submit on a login node of a cluster with Slurm, or load its module; " +
        "`deno task run` needs none of it",
    );
  }
  const text = new TextDecoder().decode(output.stdout);
  if (output.success) return text;
  throw refusal(program, new TextDecoder().decode(output.stderr) || text);
}

function refusal(program: Program, said: string): SlurmError {
  const lines = said.split("\n").map((line) => line.trim().replace(/^\w+: (?:error|fatal): /, ""))
    .filter((line) => line !== "");
  const words = lines.slice(0, 3).join("; ").slice(0, 400);
  const meaning = MEANINGS.find(([says]) => says.test(said));
  return meaning === undefined
    ? new SlurmError(`${program} failed: ${words || "it said nothing"}`, "see what it says")
    : new SlurmError(
      `${meaning[1]}: ${program} said "${words}"`,
      meaning[2],
      /SubmitJob|job submit limit|rray specification/.test(said),
    );
}
