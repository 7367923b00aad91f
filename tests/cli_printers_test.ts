/** What a run prints, as whole texts: events and times in, text out. */
import assert from "node:assert/strict";
import { choosePrinter } from "../pipelines/cli/printers.ts";
import type { Describe } from "../pipelines/cli/rows.ts";
import { COLOURS, PLAIN } from "../pipelines/cli/text.ts";
import type { NodeId } from "../pipelines/plan/plan.ts";
import type { Event } from "../pipelines/run/event.ts";
import { FakeTerminal } from "./cli_rig.ts";

// A node's id is a branded string; these are ids by construction.
const id = (text: string) => text as NodeId;
const describe: Describe = (reason) => reason.type;
const [shapes, baseline, sparse, evaluate] = [
  id("shapes"),
  id("train@baseline"),
  id("train@sparse"),
  id("evaluate@sparse"),
];

const EVENTS: readonly (readonly [at: number, event: Event])[] = [
  [0, { type: "run-started", run: "r1", nodes: [shapes, baseline, sparse, evaluate], jobs: 2 }],
  [10, { type: "node-ended", node: shapes, outcome: "hit", milliseconds: 0 }],
  [20, { type: "node-started", node: baseline, reason: { type: "never-run" }, threads: 1 }],
  [20, { type: "node-started", node: sparse, reason: { type: "forced" }, threads: 1 }],
  [1020, {
    type: "node-progress",
    node: baseline,
    progress: { done: 100, total: 400, unit: "step", facts: { epoch: "1/4", loss: "0.9" } },
  }],
  [2020, {
    type: "node-progress",
    node: baseline,
    progress: { done: 200, total: 400, unit: "step", facts: { epoch: "2/4", loss: "0.5" } },
  }],
  [4000, { type: "node-ended", node: baseline, outcome: "ran", milliseconds: 3980 }],
  [4100, {
    type: "node-ended",
    node: sparse,
    outcome: "failed",
    milliseconds: 4080,
    failure: {
      type: "threw",
      message: "Loss is not finite at step 42\nlearning rate 0.1\u001b[2J",
      help: "lower the learning rate",
      stack: "Error\n    at step (train.ts:1)",
    },
    logPath: "/p/artifacts/logs/a.log",
  }],
  [4100, {
    type: "node-ended",
    node: evaluate,
    outcome: "blocked",
    milliseconds: 0,
    blockedBy: sparse,
  }],
  [4200, { type: "report-published", path: "/p/reports/tiny.html" }],
  [4200, {
    type: "run-ended",
    run: "r1",
    milliseconds: 4200,
    counts: { hit: 1, ran: 1, failed: 1, blocked: 1, cancelled: 0 },
    interrupted: false,
  }],
];

function print(
  terminal: FakeTerminal,
  asked: { json?: boolean; quiet?: boolean; debug?: boolean } = {},
  events = EVENTS,
): string {
  let now = 0;
  const printer = choosePrinter({
    terminal,
    describe,
    shorten: (path) => path.replace("/p/", ""),
    debug: asked.debug ?? false,
    now: () => now,
  }, { json: asked.json ?? false, quiet: asked.quiet ?? false });
  try {
    for (const [at, event] of events) {
      now = at;
      printer.on(event);
    }
  } finally {
    printer.close();
  }
  return terminal.text;
}

const END = `error: train@sparse: Loss is not finite at step 42
  learning rate 0.1\\u001b[2J
  help: lower the learning rate
  log: artifacts/logs/a.log
ran 1, hit 1, failed 1, blocked 1 in 4.2 s; report: reports/tiny.html
`;

Deno.test("without a terminal each start and end is a line", () => {
  assert.equal(
    print(new FakeTerminal({ live: false })),
    `hit        shapes
start      train@baseline  (never-run)
start      train@sparse  (forced)
ran        train@baseline  4.0 s  epoch 2/4  loss 0.5  (never-run)
failed     train@sparse  4.1 s  Loss is not finite at step 42
blocked    evaluate@sparse  by train@sparse
${END}`,
  );
});

Deno.test("--quiet prints failures and the last line only", () => {
  assert.equal(print(new FakeTerminal({ live: false }), { quiet: true }), END);
});

Deno.test("--debug adds the failure's stack", () => {
  const text = print(new FakeTerminal({ live: false }), { quiet: true, debug: true });
  const stack = "  Error\n      at step (train.ts:1)\n";
  assert.equal(text, END.replace("  log:", `${stack}  log:`));
});

Deno.test("--json prints each event as one line that parses to it", () => {
  const lines = print(new FakeTerminal({ live: true }), { json: true }).trimEnd().split("\n");
  assert.deepEqual(lines.map((line) => JSON.parse(line)), EVENTS.map(([, event]) => event));
});

Deno.test("a live table gives the cursor back and leaves what ended", () => {
  const terminal = new FakeTerminal({ live: true });
  print(terminal);
  assert.equal(
    terminal.screen(),
    `hit        shapes
ran        train@baseline  4.0 s  epoch 2/4  loss 0.5  (never-run)
failed     train@sparse  4.1 s  Loss is not finite at step 42
blocked    evaluate@sparse  by train@sparse
${END}`,
  );
  assert.ok(terminal.cursorVisible);
});

Deno.test("what several stages say alike is told whole of the first alone", () => {
  const log = (node: NodeId, message: string): readonly [number, Event] => [
    30,
    { type: "node-log", node, message },
  ];
  const [model, other] = ['Model: "sequential"\n┃ flatten ┃', 'Model: "sequential"\n┃ dense ┃'];
  const events: typeof EVENTS = [
    ...EVENTS.slice(0, 4),
    log(baseline, model),
    log(sparse, model),
    log(evaluate, other),
    log(evaluate, "one line"),
    log(sparse, "one line"),
    ...EVENTS.slice(-1),
  ];
  const told = `log        train@baseline  Model: "sequential"
  ┃ flatten ┃
log        train@sparse  Model: "sequential"  (as train@baseline said)
log        evaluate@sparse  Model: "sequential"
  ┃ dense ┃
log        evaluate@sparse  one line
log        train@sparse  one line
`;
  for (const live of [false, true]) {
    const terminal = new FakeTerminal({ live });
    print(terminal, {}, events);
    assert.ok(terminal.screen().includes(told), terminal.screen());
  }
});

Deno.test("a run ends with its figures, and what is found after its end stands below", () => {
  const told: Event = {
    type: "figures",
    figures: [
      { node: evaluate, output: "metrics", values: { loss: 0.318761, accuracy: 0.8934 } },
      { node: id("score@baseline"), output: "metrics", values: { loss: 12 } },
    ],
    more: 3,
  };
  const after: Event = { type: "note", message: "All tensors are those of tiny.lock.yaml" };
  const events: typeof EVENTS = [...EVENTS.slice(0, -1), [4200, told], ...EVENTS.slice(-1), [
    4300,
    after,
  ]];
  const table = `figures          loss    accuracy
evaluate@sparse  0.3188  0.8934
score@baseline   12
and 3 more
`;
  for (const live of [false, true]) {
    const terminal = new FakeTerminal({ live });
    print(terminal, {}, events);
    const end = `${table}${END}note       ${after.message}\n`;
    assert.ok(terminal.screen().endsWith(end), terminal.screen());
  }
  assert.equal(print(new FakeTerminal({ live: false }), { quiet: true }, events), END);
});

Deno.test("stages that were cancelled before they began are counted in one line", () => {
  const cancelled = (node: NodeId): readonly [number, Event] => [
    40,
    { type: "node-ended", node, outcome: "cancelled", milliseconds: 0 },
  ];
  const report = id("report");
  const counts = { hit: 0, ran: 0, failed: 0, blocked: 0, cancelled: 4 };
  const events: typeof EVENTS = [
    [0, { type: "run-started", run: "r1", nodes: [shapes, baseline, sparse, report], jobs: 1 }],
    [10, { type: "node-started", node: shapes, reason: { type: "never-run" }, threads: 1 }],
    ...[shapes, baseline, sparse, report].map(cancelled),
    [40, { type: "run-ended", run: "r1", milliseconds: 40, counts, interrupted: true }],
  ];
  const told = `cancelled  shapes
cancelled  before they began: train (2 cells), report
interrupted: ran 0, hit 0, failed 0, cancelled 4 in 0.0 s
the same command goes on
`;
  const lines = print(new FakeTerminal({ live: false }), {}, events);
  assert.equal(lines, `start      shapes  (never-run)\n${told}`);
  const terminal = new FakeTerminal({ live: true });
  print(terminal, {}, events);
  assert.equal(terminal.screen(), told);
});

Deno.test("colours are used only by a painter that has them", () => {
  const plain = new FakeTerminal({ live: true, paint: PLAIN });
  // deno-lint-ignore no-control-regex -- colour codes begin with a control character
  const codes = /\u001b\[[0-9;]*m/;
  assert.doesNotMatch(print(plain), codes);
  assert.match(print(new FakeTerminal({ live: true, paint: COLOURS })), codes);
});
