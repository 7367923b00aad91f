/** How threads are divided, and which stage begins first, as tables. */
import assert from "node:assert/strict";
import type { Node, NodeId } from "../pipelines/plan/plan.ts";
import { divide, longestFirst } from "../pipelines/run/share.ts";

const DIVISIONS: readonly (readonly [
  sentence: string,
  jobs: number,
  most: readonly Node["threads"][],
  wanted: readonly number[],
])[] = [
  ["alone, a stage that can use all has all", 8, ["all"], [8]],
  ["a stage has no more than it can use", 8, [3], [3]],
  ["a stage that asks for none has one", 8, [0], [1]],
  ["two have half each", 8, ["all", "all"], [4, 4]],
  ["of equals the first has what cannot be halved", 7, ["all", "all"], [4, 3]],
  ["what one cannot use goes to the others", 8, ["all", 2, "all"], [3, 2, 3]],
  ["stages of one thread leave the rest to the one that can use it", 8, [1, 1, "all"], [1, 1, 6]],
  ["as many stages as threads have one each", 3, ["all", "all", "all"], [1, 1, 1]],
  ["with one thread there is one stage, and it has it", 1, ["all"], [1]],
  ["threads that nobody can use stay free", 8, [1, 2], [1, 2]],
  ["no stage, no threads", 8, [], []],
];

for (const [sentence, jobs, most, wanted] of DIVISIONS) {
  Deno.test(`threads: ${sentence}`, () => assert.deepEqual(divide(jobs, most), wanted));
}

/** `stage@cell: feeding nodes`, as far as the order reads nodes. */
function nodes(described: Readonly<Record<string, readonly string[]>>): Node[] {
  return Object.entries(described).map(([id, feeds]) => ({
    id,
    stage: id.split("@")[0],
    feeds: { all: feeds.map((node) => ({ node, output: "out", name: "" })) },
  } as unknown as Node)); // nothing else of a node is looked at
}

const DAG = nodes({
  "data": [],
  "train@a": ["data"],
  "train@b": ["data"],
  "augment": ["data"],
  "train@c": ["augment"],
  "report": ["train@a", "train@b", "train@c"],
});

const ORDERS: readonly (readonly [
  sentence: string,
  before: Readonly<Record<string, number>>,
  wanted: readonly string[],
])[] = [
  [
    "where nothing is known, the longest chain is first, then the declared order",
    {},
    ["data", "augment", "train@a", "train@b", "train@c", "report"],
  ],
  [
    "what took longest is first",
    { "data": 1, "train@a": 100, "train@b": 900, "augment": 10, "train@c": 300, "report": 5 },
    ["data", "train@b", "augment", "train@c", "train@a", "report"],
  ],
  [
    "what follows a stage counts",
    { "data": 1, "train@a": 100, "train@b": 305, "augment": 10, "train@c": 300, "report": 5 },
    ["data", "augment", "train@b", "train@c", "train@a", "report"],
  ],
  [
    "a new cell counts as its stage's others",
    { "data": 1, "train@a": 100, "train@b": 200, "augment": 1, "report": 5 },
    ["data", "train@b", "augment", "train@c", "train@a", "report"],
  ],
  [
    "stages that took no time come after what feeds them",
    { "data": 0, "train@a": 0, "train@b": 0, "augment": 0, "train@c": 0, "report": 0 },
    ["data", "train@a", "train@b", "augment", "train@c", "report"],
  ],
];

for (const [sentence, before, wanted] of ORDERS) {
  Deno.test(`order: ${sentence}`, () => {
    // Ids by construction.
    const known = new Map(Object.entries(before) as [NodeId, number][]);
    assert.deepEqual(longestFirst(DAG, known).map(({ id }) => id), wanted);
  });
}
