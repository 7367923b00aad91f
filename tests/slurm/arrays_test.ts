/** How a plan becomes arrays, and how what Slurm prints is read; none of it needs a cluster. */
import assert from "node:assert/strict";
import { NO_RESOURCES } from "../../pipelines/config/config.ts";
import { type Batch, optionsOf } from "../../pipelines/executors/slurm/batch.ts";
import { parseAccounting, parseQueue } from "../../pipelines/executors/slurm/jobs.ts";
import type { Node, NodeId, Plan } from "../../pipelines/plan/plan.ts";
import { arraysOf } from "../../pipelines/submit/arrays.ts";
import { generationsOf } from "../../pipelines/submit/decide.ts";
import { reasonOf } from "../../pipelines/submit/reason.ts";

/**
 * "train@a < download preprocess": a node and what feeds it; `gpus` where its name has a star. What feeds it behind a
 * question mark it can do without.
 */
function planOf(...lines: readonly string[]): Plan {
  const nodes = lines.map((line) => {
    const [name = "", all = ""] = line.split(" < ");
    const [feeds = "", spare = ""] = all.split("?");
    const fed = (words: string) =>
      words.split(" ").filter((one) => one !== "").map((node) => ({ node }));
    const id = name.replace("*", "") as NodeId; // what these tests call their nodes
    return {
      id,
      stage: id.split("@")[0] ?? "",
      feeds: { in: fed(feeds), spare: fed(spare) },
      description: { inputs: { spare: { partial: true } } },
      resources: { ...NO_RESOURCES, gpus: name.includes("*") ? "1" : null },
    } as unknown as Node; // the rest of a node has no part in it
  });
  return { nodes } as unknown as Plan; // nor has the rest of a plan
}

/** "train: a, b b2 | after download": tasks by commas. */
function shown(plan: Plan, size = 1, todo = plan.nodes): string[] {
  return arraysOf(plan, new Set(todo.map(({ id }) => id)), () => size).map(
    ({ name, tasks, after }) => {
      const before = after.map(({ array, how }) => `${how} ${array}`).join(", ");
      return `${name}: ${tasks.map((task) => task.join(" ")).join(", ")}${
        before === "" ? "" : ` | ${before}`
      }`;
    },
  );
}

const COURSE = [
  "download",
  "preprocess < download",
  "train@a < preprocess",
  "train@b < preprocess",
  "evaluate@a < train@a preprocess",
  "evaluate@b < train@b preprocess",
  "report < evaluate@a evaluate@b",
];

Deno.test("a stage that follows another cell by cell is done by the same tasks", () => {
  assert.deepEqual(shown(planOf(...COURSE)), [
    "download: download preprocess",
    "train: train@a evaluate@a, train@b evaluate@b | afterok download",
    "report: report | afterok train",
  ]);
});

Deno.test("what asks for other resources has an array of its own, task after task", () => {
  const plan = planOf(...COURSE.map((line) => line.replace(/^train@(.)/, "train@$1*")));
  assert.deepEqual(shown(plan), [
    "download: download preprocess",
    "train: train@a, train@b | afterok download",
    "evaluate: evaluate@a, evaluate@b | aftercorr train, afterok download",
    "report: report | afterok evaluate",
  ]);
});

Deno.test("what can do with less begins whatever became of what it gathers", () => {
  const plan = planOf(
    ...COURSE.slice(0, -1),
    "report < preprocess ? evaluate@a evaluate@b train@b",
  );
  assert.deepEqual(shown(plan).at(-1), "report: report | afterok download, afterany train");
});

Deno.test("cells that one task has fed are no chain: they are tasks of their own", () => {
  assert.deepEqual(
    shown(planOf("train", "test@1 < train", "test@2 < train")),
    ["train: train", "test: test@1, test@2 | afterok train"],
  );
});

Deno.test("a stage joins no array that would have to wait for one behind it", () => {
  const plan = planOf("a@1", "a@2", "b < a@1 a@2", "c@1 < a@1 b", "c@2 < a@2 b");
  assert.deepEqual(shown(plan), [
    "a: a@1, a@2",
    "b: b | afterok a",
    "c: c@1, c@2 | aftercorr a, afterok b",
  ]);
});

Deno.test("short cells are several a task, and what is there already is left out", () => {
  const cells = Array.from({ length: 5 }, (_, index) => `train@${index} < data`);
  const plan = planOf("data", ...cells, "sum < train@0 train@4");
  assert.deepEqual(
    shown(plan, 2, plan.nodes.filter(({ id }) => id !== "data" && id !== "train@1")),
    [
      "train: train@0 train@2, train@3 train@4",
      "sum: sum | afterok train",
    ],
  );
});

Deno.test("trials are arrays by what their jobs need to know", () => {
  const of = (jobs: number, needs: (k: number) => number) =>
    generationsOf({ jobs, needs }).map(({ from, to }) => `${from}-${to}`);
  assert.deepEqual(of(60, () => 0), ["0-60"]);
  assert.deepEqual(of(13, (k) => k < 9 ? 0 : k < 12 ? 9 : 12), ["0-9", "9-12", "12-13"]);
  // Four may run at once, each from its fifth on.
  assert.deepEqual(of(10, (k) => Math.max(0, k - 3)), ["0-4", "4-8", "8-10"]);
  assert.deepEqual(of(0, () => 0), []);
});

const BATCH: Batch = {
  name: "crisol-c-train",
  script: "/s/task.sh",
  words: ["train"],
  tasks: 9,
  throttle: 4,
  after: [{ how: "afterok", job: "12" }, { how: "aftercorr", job: "13" }],
  log: "/s/logs/train-%a.log",
  folder: "/s",
  cpus: 8,
  memory: 8e9,
  time: 7_250_000,
  resources: {
    ...NO_RESOURCES,
    gpus: "a100:2",
    partition: "gpu",
    account: "lab",
    sbatch: ["--qos=long"],
  },
};

Deno.test("sbatch is given the resources, the dependencies and what lets a task go on", () => {
  assert.equal(
    optionsOf(BATCH).join(" "),
    "--parsable --job-name=crisol-c-train --array=0-8%4 --dependency=afterok:12,aftercorr:13 " +
      "--kill-on-invalid-dep=yes --output=/s/logs/train-%a.log --open-mode=append --chdir=/s " +
      "--requeue --signal=B:USR1@60 --cpus-per-task=8 --mem=7630M --gpus=a100:2 --time=121 " +
      "--partition=gpu --account=lab --qos=long",
  );
});

Deno.test("memory is told by the node, by the CPU, or not at all, as the site wants it", () => {
  const memory = (memoryPer: Batch["resources"]["memoryPer"]) =>
    optionsOf({ ...BATCH, resources: { ...BATCH.resources, memoryPer } })
      .filter((option) => option.startsWith("--mem"));
  assert.deepEqual(memory("node"), memory(null));
  assert.deepEqual(memory("node"), ["--mem=7630M"]);
  // Eight of them hold what is needed.
  assert.deepEqual(memory("cpu"), ["--mem-per-cpu=954M"]);
  assert.deepEqual(memory("none"), []);
});

Deno.test("what squeue and sacct print is read; lines that are none of a task are left out", () => {
  assert.deepEqual(
    parseQueue("12|3|FAILED|NonZeroExitCode|256|n2|\nslurm_load_jobs error\n12|N/A|PENDING|||\n\n"),
    [{
      job: "12",
      task: 3,
      state: "FAILED",
      reason: "NonZeroExitCode",
      exit: { code: 1, signal: 0 },
      nodes: "n2",
    }],
  );
  assert.deepEqual(
    parseAccounting(
      "12_0|CANCELLED by 1000|0:15|n1\n12_[1-3]|PENDING|0:0|None assigned\n12_4|OUT_OF_MEMORY|0:125|n1\n",
    ),
    [
      {
        job: "12",
        task: 0,
        state: "CANCELLED",
        reason: "None",
        exit: { code: 0, signal: 15 },
        nodes: "n1",
      },
      {
        job: "12",
        task: 4,
        state: "OUT_OF_MEMORY",
        reason: "None",
        exit: { code: 0, signal: 125 },
        nodes: "n1",
      },
    ],
  );
});

Deno.test("Slurm's words for an end are told in plain ones, from its log where it has forgotten them", () => {
  const state = (word: string) => parseAccounting(`1_0|${word}|0:0|n1`)[0] ?? null;
  const told = (word: string, log = "") =>
    reasonOf(word === "" ? null : state(word), null, log).message;
  assert.match(told("OUT_OF_MEMORY"), /more memory than it was given/);
  assert.match(told("NODE_FAIL"), /A node of the cluster failed/);
  assert.match(told("TIMEOUT"), /Its time was over/);
  const oom =
    "slurmstepd: error: Detected 1 oom-kill event(s) in StepId=5.batch. Some of your processes";
  assert.match(told("", oom), /more memory than it was given/);
  const late =
    "slurmstepd: error: *** JOB 5 ON n1 CANCELLED AT 2026-11-25T21:31:43 DUE TO TIME LIMIT ***";
  assert.match(told("", late), /Its time was over/);
  assert.equal(told(""), "It ended without a word");
  assert.equal(told("BOOT_FAIL"), "It ended without a word: Slurm says BOOT_FAIL");
});
