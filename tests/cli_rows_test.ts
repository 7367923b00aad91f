/** The live table's rows and the block that is redrawn, as texts. */
import assert from "node:assert/strict";
import { pace, runningRow, table } from "../pipelines/cli/live_rows.ts";
import { endedLines, logLines } from "../pipelines/cli/rows.ts";
import { Screen } from "../pipelines/cli/screen.ts";
import { bytes, clock, cut, duration, PLAIN, visible, width } from "../pipelines/cli/text.ts";
import { speed, Watch } from "../pipelines/cli/watch.ts";
import type { NodeId } from "../pipelines/plan/plan.ts";
import { FakeTerminal } from "./cli_rig.ts";

// Ids by construction.
const node = (text: string) => text as NodeId;

function watched(names: readonly string[]): Watch {
  const watch = new Watch();
  watch.on({ type: "run-started", run: "r", nodes: [...names, "later"].map(node), jobs: 2 }, 0);
  for (const name of names) {
    watch.on(
      { type: "node-started", node: node(name), reason: { type: "never-run" }, threads: 1 },
      0,
    );
  }
  return watch;
}
function progress(watch: Watch, name: string, at: number, done: number, facts = {}) {
  watch.on({
    type: "node-progress",
    node: node(name),
    progress: { done, total: 1000, unit: "step", facts },
  }, at);
}

Deno.test("a running stage has a bar, its share, time left, facts and pace", () => {
  const watch = watched(["train@sparse", "augment"]);
  progress(watch, "train@sparse", 1000, 100);
  progress(watch, "train@sparse", 6000, 500, { epoch: "2/4", loss: "0.4123" });
  assert.deepEqual(table(watch, 6000, 90, 24, PLAIN), [
    "train@sparse  ━━━━━━━━━━─────────   50%  ETA 0:06  epoch 2/4  loss 0.4123  13 ms/step",
    "augment       0:06",
    "2 running, 1 waiting, 0 finished  0:06",
  ]);
});

Deno.test("a running stage that has several threads says so, while it has them", () => {
  const watch = watched(["train@sparse"]);
  const told = () => table(watch, 6000, 90, 24, PLAIN)[0];
  watch.on({ type: "node-threads", node: node("train@sparse"), threads: 3 }, 500);
  assert.equal(told(), "train@sparse  0:06  3 threads");
  progress(watch, "train@sparse", 1000, 100);
  assert.equal(told(), "train@sparse  ━━─────────────────   10%  3 threads");
  watch.on({ type: "node-threads", node: node("train@sparse"), threads: 1 }, 2000);
  assert.equal(told(), "train@sparse  ━━─────────────────   10%");
});

Deno.test("in 80 columns a training shows its figures, and cuts anything else for them", () => {
  const watch = watched(["train@batch-norm", "augment"]);
  const told = () => table(watch, 6000, 79, 24, PLAIN)[0];
  progress(watch, "train@batch-norm", 1000, 100);
  const facts = { epoch: "2/8", loss: "0.4123", accuracy: "0.8934" };
  progress(watch, "train@batch-norm", 6000, 500, facts);
  assert.equal(
    told(),
    "train@batch-norm   50%  ETA 0:06  epoch 2/8  loss 0.4123  accuracy 0.8934",
  );
  const validation = { val_loss: "0.4321", val_accuracy: "0.8811" };
  progress(watch, "train@batch-norm", 6000, 500, { ...facts, ...validation });
  assert.equal(
    told(),
    "train@batch-norm  epoch 2/8  loss 0.4123 val 0.4321  accuracy 0.8934 val 0.8811",
  );
  progress(watch, "train@batch-norm", 6000, 500, { ...facts, epoch: "12/20", ...validation });
  assert.equal(
    told(),
    "train@batch-n…  epoch 12/20  loss 0.4123 val 0.4321  accuracy 0.8934 val 0.8811",
  );
});

Deno.test("a stage that has ended shows its last figures, on a line of their own in 80 columns", () => {
  const watch = watched(["train@batch-norm", "shapes"]);
  const end = (name: string) => {
    watch.on({ type: "node-ended", node: node(name), outcome: "ran", milliseconds: 4000 }, 5000);
    const ended = watch.ended.at(-1);
    assert.ok(ended !== undefined);
    return (columns?: number) => endedLines(ended, () => "never run", PLAIN, columns);
  };
  const figures = { epoch: "8/8", loss: "0.4123", accuracy: "8.9e-1" };
  const validation = { val_loss: "0.4321", val_accuracy: "88%" };
  progress(watch, "train@batch-norm", 1000, 1000, { ...figures, ...validation });
  const trained = end("train@batch-norm");
  assert.deepEqual(trained(), [
    "ran        train@batch-norm  4.0 s  epoch 8/8  loss 0.4123  accuracy 8.9e-1  " +
    "val_loss 0.4321  val_accuracy 88%  (never run)",
  ]);
  assert.deepEqual(trained(79), [
    "ran        train@batch-norm  4.0 s  (never run)",
    "           epoch 8/8  loss 0.4123 val 0.4321  accuracy 8.9e-1 val 88%",
  ]);
  progress(watch, "shapes", 1000, 1000, { split: "test", file: "10.gz", images: "40" });
  assert.deepEqual(end("shapes")(79), ["ran        shapes  4.0 s  images 40  (never run)"]);
});

Deno.test("no row is wider than the window, however narrow", () => {
  const watch = watched(["train@a-very-long-name-of-a-variant", "b"]);
  progress(watch, "train@a-very-long-name-of-a-variant", 1000, 1);
  progress(watch, "train@a-very-long-name-of-a-variant", 2000, 2, { loss: "0.1" });
  for (const columns of [1, 5, 12, 20, 33, 60, 200]) {
    for (const line of table(watch, 3000, columns, 24, PLAIN)) {
      assert.ok(width(line) <= columns, `${columns}: ${line}`);
    }
  }
});

Deno.test("more running stages than rows are counted", () => {
  const watch = watched(["a", "b", "c", "d", "e"]);
  assert.deepEqual(table(watch, 0, 40, 6, PLAIN).slice(2), [
    "and 3 more",
    "5 running, 1 waiting, 0 finished  0:00",
  ]);
});

Deno.test("pace follows the last ten seconds, and begins anew when the count falls", () => {
  const watch = watched(["t"]);
  for (let second = 0; second <= 30; second++) {
    progress(watch, "t", second * 1000, second < 15 ? second : 15 + (second - 15) * 10);
  }
  const running = watch.running.get(node("t"));
  assert.ok(running !== undefined);
  assert.equal(speed(running)?.perUnit, 100);
  progress(watch, "t", 31_000, 0);
  assert.equal(speed(running), null);
});

Deno.test("control characters of facts and names do not reach the terminal", () => {
  const watch = watched(["t\u001b[31m"]);
  progress(watch, "t\u001b[31m", 0, 1, { loss: "\u001b]0;x\u0007\n" });
  const running = watch.running.get(node("t\u001b[31m"));
  assert.ok(running !== undefined);
  // deno-lint-ignore no-control-regex -- looked for
  assert.doesNotMatch(runningRow(running, 0, 20, 200, PLAIN), /[\u0000-\u001f]/);
  assert.equal(visible("a\u202eb\u009bc\n"), "a\\u202eb\\u009bc\n");
});

Deno.test("the block is erased whole after the window got narrower", () => {
  const terminal = new FakeTerminal({ live: true });
  const screen = new Screen(terminal);
  terminal.columns = 40;
  screen.draw(["done"], ["x".repeat(30), "y"]);
  // On a real terminal the drawn lines wrap at once; the fake one wraps what it is asked to show.
  terminal.columns = 20;
  screen.draw([], ["z"]);
  screen.close();
  assert.equal(terminal.screen(), "done\n");
});

Deno.test("times, sizes and paces read well", () => {
  assert.deepEqual([0, 9_940, 41_200, 125_000, 11_520_000].map(duration), [
    "0.0 s",
    "9.9 s",
    "41 s",
    "2 min 5 s",
    "3 h 12 min",
  ]);
  assert.deepEqual([41_000, 125_000, 11_529_000].map(clock), ["0:41", "2:05", "3:12:09"]);
  assert.deepEqual([12, 3_400, 26_400_000].map(bytes), ["12 B", "3.4 kB", "26 MB"]);
  assert.deepEqual(
    [pace("step", 12.34), pace("step", 3), pace("image", 0.02), pace("byte", 0.0001)],
    ["12 ms/step", "3.0 ms/step", "50000 images/s", "10 MB/s"],
  );
  assert.equal(cut("abcdef", 4), "abc…");
  assert.equal(width("日本"), 4);
});

Deno.test("a log of several lines stays so, and drives no terminal", () => {
  const message = 'Model: "m"\n┃ Layer ┃\tx\u001b[2J\r\n\n└───────┘\n\n';
  const say = (columns?: number) =>
    logLines({ type: "node-log", node: node("train@a"), message }, new Watch(), columns);
  assert.deepEqual(say(), [
    'log        train@a  Model: "m"',
    "  ┃ Layer ┃ x\\u001b[2J",
    "",
    "  └───────┘",
  ]);
  assert.deepEqual(say(8), [
    'log        train@a  Model: "m"',
    "  ┃ Lay…",
    "",
    "  └────…",
  ]);
});
