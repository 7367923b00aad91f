/** The table of all commands. It imports none of them, so that each costs only those who call it. */
import type { Argument, CommandTable, Flag } from "./command.ts";

function required(name: string, description: string): Argument {
  return { name, description, required: true, many: false };
}
function optional(name: string, description: string): Argument {
  return { name, description, required: false, many: false };
}

const CONFIG = required("config", "the YAML file that declares the stages");
const NODES: Argument = {
  name: "node",
  description: "only these and what they need: `train`, or one cell of it, `train@sparse`",
  required: false,
  many: true,
};

const STORE: Flag = {
  flags: "--store <folder>",
  description: "where results are kept (artifacts)",
};
const REPORTS: Flag = {
  flags: "--reports <folder>",
  description: "where the page is published (reports)",
};
const SET: Flag = {
  flags: "--set <path=value>",
  description: "override a param: `train.epochs=3`, `train@sparse.epochs=3`, `seed=7`; repeatable",
  repeatable: true,
};
const DEBUG: Flag = { flags: "--debug", description: "show stack traces" };
const FORCE: Flag = {
  flags: "-f, --force <node>",
  description: "run this node even if its result is there; repeatable",
  repeatable: true,
};
const JSON_LINES: Flag = {
  flags: "--json",
  description: "print JSON, an object a line (docs/json.md)",
};

const JOBS: Flag = {
  flags: "-j, --jobs <number>",
  description: "CPU threads to use at most (all cores)",
};
const EXECUTOR: Flag = {
  flags: "--executor <name>",
  description: "where stages run: `local`, or `slurm`, a cluster that shares the store's folder",
};
const QUIET: Flag = {
  flags: "--quiet",
  description: "print only warnings, failures and the last line",
};
const SUBMISSION = optional("submission", "its id or the beginning of it (the newest)");

const COMMON = [SET, STORE, DEBUG];

export const COMMANDS: readonly CommandTable[] = [
  {
    name: "run",
    summary: "Run what has changed, and publish the report",
    arguments: [CONFIG, NODES],
    flags: [
      { flags: "-n, --dry-run", description: "only say what would run, and why" },
      FORCE,
      JOBS,
      EXECUTOR,
      {
        flags: "--frozen",
        description: "fail (exit code 3) where it comes to other bits than the lock",
      },
      {
        flags: "--against <store>",
        description:
          "with --frozen: another store that may have the lock's bits, to compare values",
      },
      { flags: "--update-lock", description: "accept what this run comes to as the lock" },
      { flags: "-k, --keep-going", description: "after a failure run what can do without it" },
      { flags: "--no-space-check", description: "start even if what it will write may not fit" },
      { flags: "--json", description: "print events as JSON, one a line" },
      QUIET,
      REPORTS,
      ...COMMON,
    ],
    examples: [
      ["run configs/quickstart.yaml", "everything, on a small data set that needs no network"],
      ["run configs/fashion.yaml train@sparse", "one cell, and what it needs"],
      [
        "run configs/fashion.yaml --set train.epochs=2 -j 4",
        "with a param changed, on four threads",
      ],
      ["run configs/fashion.yaml -f train@sparse", "one cell once more"],
      ["run configs/quickstart.yaml --frozen", "hold it against configs/quickstart.lock.yaml"],
    ],
    load: async () => (await import("./run.ts")).run,
  },
  {
    name: "sweep",
    summary: "Try many settings, and report which are best",
    details: "The same command goes on where it was ended, in whatever way.",
    arguments: [required("sweep", "the YAML file that says what to try")],
    flags: [
      { flags: "-n, --dry-run", description: "only say what would be tried" },
      JOBS,
      EXECUTOR,
      { flags: "--trials <number>", description: "try so many points, whatever the file says" },
      {
        flags: "--max-hours <number>",
        description: "end in order after that time: what runs saves where it stands",
      },
      {
        flags: "--on-end <command>",
        description: "run this program in the end, with a summary on its standard input",
      },
      {
        flags: "--export <format>",
        description: "run nothing: write the trials so far as csv, parquet or jsonl",
      },
      { flags: "--to <file>", description: "with --export: where to (standard output)" },
      { flags: "--json", description: "print events as JSON, one a line" },
      QUIET,
      REPORTS,
      ...COMMON,
    ],
    examples: [
      ["sweep configs/sweeps/quickstart.yaml", "a small one, on data that needs no network"],
      ["sweep configs/sweeps/fashion-tuning.yaml --max-hours 12", "a night's work"],
      [
        "sweep configs/sweeps/fashion-tuning.yaml --export csv --to trials.csv",
        "what is known so far, for other tools",
      ],
    ],
    load: async () => (await import("./sweep.ts")).sweep,
  },
  {
    name: "ui",
    summary: "Show runs and sweeps as they go, in the browser",
    arguments: [],
    flags: [
      { flags: "--port <number>", description: "port on this machine (8470; 0: any free one)" },
      STORE,
      DEBUG,
    ],
    examples: [["ui", "then open the address that it prints"]],
    load: async () => (await import("./ui.ts")).ui,
  },
  {
    name: "submit",
    summary: "Hand a run or a sweep to Slurm, and return",
    arguments: [required("file", "a config, or a sweep's file"), NODES],
    flags: [
      { flags: "-n, --dry-run", description: "only print what sbatch would be given" },
      { flags: "-j, --jobs <number>", description: "tasks of one array at once, at most" },
      FORCE,
      REPORTS,
      ...COMMON,
    ],
    examples: [
      ["submit configs/fashion.yaml", "arrays of jobs; nothing has to stay alive here"],
      ["submit configs/sweeps/fashion-tuning.yaml -j 8", "eight trials at once"],
    ],
    load: async () => (await import("./submit.ts")).submit,
  },
  {
    name: "status",
    summary: "Say how what was submitted stands",
    arguments: [SUBMISSION],
    flags: [JSON_LINES, STORE, DEBUG],
    examples: [["status", "the newest submission, array by array"]],
    load: async () => (await import("./submission.ts")).status,
  },
  {
    name: "watch",
    summary: "Follow what was submitted until it ends",
    arguments: [SUBMISSION],
    flags: [STORE, DEBUG],
    examples: [["watch", "the newest; Ctrl-C ends the watching alone"]],
    load: async () => (await import("./submission.ts")).watch,
  },
  {
    name: "cancel",
    summary: "Cancel what was submitted; what is done stays",
    arguments: [SUBMISSION],
    flags: [STORE, DEBUG],
    examples: [["cancel", "the newest"]],
    load: async () => (await import("./submission.ts")).cancel,
  },
  {
    name: "task",
    summary: "Do one task of a submission; Slurm calls it",
    hidden: true,
    arguments: [
      required("folder", "the submission's"),
      required("array", "which array; the task's number is SLURM_ARRAY_TASK_ID"),
    ],
    flags: [DEBUG],
    examples: [],
    load: async () => (await import("./task.ts")).task,
  },
  {
    name: "plan",
    summary: "Say what a run would do, and why; runs nothing",
    arguments: [CONFIG, NODES],
    flags: [
      FORCE,
      { flags: "-j, --jobs <number>", description: "CPU threads to reckon with (all cores)" },
      JSON_LINES,
      ...COMMON,
    ],
    examples: [
      ["plan configs/fashion.yaml", "each node: hit, why it would run, or what it waits for"],
      ["plan configs/fashion.yaml --set train.epochs=2", "what that change would cost"],
    ],
    load: async () => (await import("./plan.ts")).plan,
  },
  {
    name: "explain",
    summary: "Say what tells a node from its last result",
    details: "Param by param, module by module, input by input; runs nothing.",
    arguments: [CONFIG, required("node", "`train` for all its cells, or `train@sparse`")],
    flags: [
      {
        flags: "--against <run>",
        description: "compare with its result in this run: an id, `latest`, `latest~1`",
      },
      JSON_LINES,
      ...COMMON,
    ],
    examples: [
      ["explain configs/fashion.yaml train@sparse", "why it would run, in full"],
      ["explain configs/fashion.yaml train@sparse --against latest~3", "what changed since"],
    ],
    load: async () => (await import("./explain.ts")).explain,
  },
  {
    name: "accept",
    summary: "Keep results although their code changed",
    details: "Refused where params, inputs, seed or backend changed. The report shows the reason.",
    arguments: [CONFIG, { ...NODES, description: "`train` or `train@sparse`", required: true }],
    flags: [
      { flags: "--reason <text>", description: "why the change cannot matter; has to be given" },
      ...COMMON,
    ],
    examples: [[
      "accept configs/fashion.yaml train --reason refactored",
      "all its cells are hits again",
    ]],
    load: async () => (await import("./accept.ts")).accept,
  },
  {
    name: "verify",
    summary: "Hold results against their digests, or a rerun",
    arguments: [
      optional("config", "only what this config's results are; without it, the whole store"),
      { ...NODES, description: "with --rerun: only these and what they need" },
    ],
    flags: [
      { flags: "--repair", description: "set aside what is damaged: the next run makes it again" },
      {
        flags: "--rerun",
        description: "run it in an empty store, and compare with the lock and with this store",
      },
      { flags: "--check-determinism", description: "run it twice, and compare the two" },
      {
        flags: "--keep <folder>",
        description: "keep the reruns' stores and the certificate there",
      },
      JSON_LINES,
      ...COMMON,
    ],
    examples: [
      ["verify", "re-hash everything that is stored"],
      ["verify --repair", "and set aside what is damaged, in artifacts/quarantine"],
      ["verify configs/quickstart.yaml --rerun", "a certificate that it comes to the same bits"],
      ["verify configs/quickstart.yaml train@sparse --check-determinism", "one node, twice"],
    ],
    load: async () => (await import("./verify.ts")).verify,
  },
  {
    name: "show",
    summary: "Show an artifact: tensors, a peek at values, images",
    arguments: [
      required("config", "the YAML file, or the artifact's digest (8 characters are enough)"),
      optional("artifact", "`stage.output` or `stage@cell.output`; without it, a list of all"),
    ],
    flags: [
      { flags: "--tensor <name>", description: "only this tensor, with more of its values" },
      { flags: "--program", description: "what a training runs: kernels, memory, arithmetic" },
      ...COMMON,
    ],
    examples: [
      ["show configs/quickstart.yaml preprocess.train", "shapes, a peek at values, some images"],
      ["show configs/quickstart.yaml train@sparse.history --tensor loss", "one tensor"],
      ["show configs/fashion.yaml train@baseline --program", "the kernels that a step runs"],
      ["show 3fa4b1c2", "the artifact of that digest"],
    ],
    load: async () => (await import("./show.ts")).show,
  },
  {
    name: "profile",
    summary: "Say where the time of a training's steps goes",
    arguments: [CONFIG, required("node", "one cell of a training: `train@sparse`")],
    flags: [
      { flags: "--steps <number>", description: "steps to time (100)" },
      JSON_LINES,
      REPORTS,
      ...COMMON,
    ],
    examples: [
      [
        "profile configs/fashion.yaml train@sparse",
        "a table, and a flame chart in the page if there is one",
      ],
      ["profile configs/quickstart.yaml train@sparse --steps 20 --json", "for other tools"],
    ],
    load: async () => (await import("./profile.ts")).profile,
  },
  {
    name: "path",
    summary: "Print the Zarr folder of an artifact, for other tools",
    arguments: [
      required("config", "the YAML file, or the artifact's digest"),
      optional("artifact", "`stage.output` or `stage@cell.output`"),
    ],
    flags: COMMON,
    examples: [["path configs/quickstart.yaml preprocess.train", "for zarr-python, say"]],
    load: async () => (await import("./path.ts")).path,
  },
  {
    name: "export",
    summary: "Write a trained model for tfjs and Keras",
    arguments: [CONFIG, required("artifact", "the model: `train@sparse.model` or `train@sparse`")],
    flags: [
      { flags: "--to <folder>", description: "the folder to write (exports/<config>/<node>)" },
      ...COMMON,
    ],
    examples: [[
      "export configs/quickstart.yaml train@sparse --to /tmp/model",
      "model.json and more",
    ]],
    load: async () => (await import("./export.ts")).exportModel,
  },
  {
    name: "log",
    summary: "Print the newest log of a node",
    arguments: [CONFIG, required("node", "`train` or `train@sparse`")],
    flags: [
      { flags: "--run <run>", description: "that of this run: an id, `latest`, `latest~1`" },
      STORE,
      DEBUG,
    ],
    examples: [
      ["log configs/quickstart.yaml train@sparse", "what its newest run printed"],
      ["log configs/quickstart.yaml train@sparse --run latest~1", "what that run's printed"],
    ],
    load: async () => (await import("./log.ts")).log,
  },
  {
    name: "runs",
    summary: "List the runs, newest first, or the nodes of one",
    arguments: [optional("run", "one run: an id, its first characters, `latest`, `latest~1`")],
    flags: [JSON_LINES, STORE, DEBUG],
    examples: [
      ["runs", "all that the store remembers"],
      ["runs latest", "where the newest came from, and a line a node"],
    ],
    load: async () => (await import("./runs.ts")).runs,
  },
  {
    name: "diff",
    summary: "Compare two runs: settings, figures, digests",
    arguments: [
      required("run", "the first run: an id, its first characters, `latest`, `latest~1`"),
      required("other", "the run that is held against it"),
    ],
    flags: [
      { flags: "--html <file>", description: "write a page with figures and curves" },
      JSON_LINES,
      STORE,
      DEBUG,
    ],
    examples: [
      ["diff latest~1 latest", "what the last run changed"],
      ["diff latest~1 latest --html reports/diff.html", "with curves"],
    ],
    load: async () => (await import("./diff.ts")).diff,
  },
  {
    name: "gc",
    summary: "Remove what none of the given rules keeps",
    details: "What one rule keeps stays. A run in progress keeps everything: then gc refuses.",
    arguments: [],
    flags: [
      {
        flags: "--keep-locked",
        description: "keep what the locks of all configs name that were run",
      },
      { flags: "--keep-runs <number>", description: "keep the results of so many newest runs" },
      { flags: "--older-than <age>", description: "keep what was used since: 30d, 12h, 90min" },
      { flags: "--max-size <size>", description: "keep what was used last, up to 10GB" },
      { flags: "-n, --dry-run", description: "only say what would go" },
      JSON_LINES,
      STORE,
      DEBUG,
    ],
    examples: [
      ["gc --keep-locked --older-than 30d --dry-run", "what would go"],
      ["gc --keep-runs 5", "all but the results of the last five runs"],
      ["gc --max-size 10GB", "what was used least lately, until 10 GB are left"],
    ],
    load: async () => (await import("./gc.ts")).gc,
  },
  {
    name: "schema",
    summary: "Write the JSON Schema that editors check configs with",
    arguments: [optional("file", "where to write it (configs/config.schema.json)")],
    flags: [
      { flags: "--check", description: "write nothing; fail if the file is not up to date" },
      DEBUG,
    ],
    examples: [["schema", "after a change of a stage's params"]],
    load: async () => (await import("./schema.ts")).schema,
  },
];
