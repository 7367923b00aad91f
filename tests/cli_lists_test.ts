/** What `plan` and `runs` print, as whole texts. */
import assert from "node:assert/strict";
import { findArtifact, findNode, isDigest } from "../pipelines/cli/address.ts";
import { UsageError } from "../pipelines/cli/command.ts";
import { planLines } from "../pipelines/cli/plan.ts";
import { listLines, runLines } from "../pipelines/cli/runs.ts";
import { jobsOf } from "../pipelines/cli/cost.ts";
import { PLAIN } from "../pipelines/cli/text.ts";
import type { Key, Node, NodeId, NodeStatus, Plan } from "../pipelines/plan/plan.ts";
import type { RunRecord } from "../pipelines/store/store.ts";

// Branded strings, by construction.
const id = (text: string) => text as NodeId;
const key = "0123456789abcdef" as Key;

Deno.test("a plan says of each node hit, why it runs, or what it waits for", () => {
  const statuses = new Map<NodeId, NodeStatus>([
    [id("shapes"), { type: "hit", key }],
    [id("train@sparse"), { type: "miss", key, reason: { type: "forced" } }],
    [id("evaluate@sparse"), { type: "waiting", for: id("train@sparse") }],
  ]);
  assert.deepEqual(planLines(statuses, (reason) => `it is ${reason.type}`, PLAIN, 200), [
    "shapes           hit",
    "train@sparse     runs: it is forced",
    "evaluate@sparse  waits: train@sparse may change it",
    "hit 1, to run 1, waiting 1",
  ]);
});

const RECORD: RunRecord = {
  version: 1,
  id: "20261123-1",
  config: "quickstart\u001b[1m",
  command: ["run", "configs/quickstart.yaml"],
  started: "2026-11-23T20:15:00.123Z",
  milliseconds: 41_000,
  git: { commit: "c4582b0c4582b0c4582b0", dirty: true },
  deno: "2.9.0",
  overrides: [],
  nodes: [
    { node: id("shapes"), key, outcome: "hit", milliseconds: 1 },
    { node: id("train"), key, outcome: "failed", milliseconds: 4000, message: "It broke\nbadly" },
  ],
};

Deno.test("runs are listed with when, what and how they ended", () => {
  assert.deepEqual(listLines([RECORD]), [
    "20261123-1  2026-11-23 20:15:00  quickstart\\u001b[1m  hit 1, failed 1  41 s",
  ]);
  assert.deepEqual(runLines(RECORD), [
    "20261123-1  2026-11-23T20:15:00.123Z  41 s",
    "command  run configs/quickstart.yaml",
    "made by  deno 2.9.0, git c4582b0c4582 with changes",
    "hit     shapes         0123456789ab",
    "failed  train   4.0 s  0123456789ab  It broke",
  ]);
});

/** As much of a plan as addressing reads. */
function plan(nodes: Record<string, readonly string[]>): Plan {
  const made = Object.entries(nodes).map(([name, outputs]) => ({
    id: id(name),
    stage: name.split("@")[0],
    description: { outputs: Object.fromEntries(outputs.map((one) => [one, { kind: "tensors" }])) },
  }));
  // Addressing looks at these fields only.
  return { config: { name: "tiny" }, nodes: made as unknown as Node[] } as unknown as Plan;
}

const PLAN = plan({
  "split": ["train", "test"],
  "train@0.5": ["model"],
  "train@0.7": ["model"],
  "report": ["page"],
});

Deno.test("an artifact is found by node and output, also when a label holds a dot", () => {
  const find = (text: string) => {
    const { node, output } = findArtifact(PLAN, text);
    return `${node.id} ${output}`;
  };
  assert.equal(find("split.test"), "split test");
  assert.equal(find("train@0.5.model"), "train@0.5 model");
  assert.equal(find("train@0.7"), "train@0.7 model");
  assert.equal(find("report"), "report page");
  assert.equal(findNode(PLAN, "train@0.5").id, "train@0.5");
});

Deno.test("what is ambiguous or not there names what could be meant", () => {
  const help = (what: () => unknown) => {
    try {
      what();
    } catch (error) {
      assert.ok(error instanceof UsageError);
      return [error.message, error.help];
    }
    throw new Error("it was found");
  };
  assert.deepEqual(help(() => findArtifact(PLAN, "train.model")), [
    '"train.model" is 2 artifacts',
    "say which: train@0.5.model, train@0.7.model",
  ]);
  assert.deepEqual(help(() => findArtifact(PLAN, "split")), [
    'There is no artifact "split" in tiny',
    "There are: split.train, split.test",
  ]);
  assert.deepEqual(help(() => findNode(PLAN, "train")), [
    '"train" has 2 cells',
    "say which: train@0.5, train@0.7",
  ]);
});

Deno.test("digests are told from paths, and jobs must be a whole number", () => {
  assert.deepEqual(["3fa4b1c2", "3fa4b1c", "a/b.yaml", "cafecafe.yaml"].map(isDigest), [
    true,
    false,
    false,
    false,
  ]);
  assert.equal(jobsOf("3"), 3);
  for (const bad of ["0", "-1", "1.5", "x", ""]) assert.throws(() => jobsOf(bad), UsageError);
});
