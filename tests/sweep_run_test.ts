/** Sweeps as a user runs them: the same trials whoever runs them, nothing twice, nothing lost. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { kill } from "node:process";
import { Store } from "../pipelines/store/local.ts";
import { TINY, Workplace } from "./rig.ts";
import { pageOf, ran, ranking, runSweep, stateOf, writeSweep } from "./sweep_rig.ts";

Deno.test("trials and ranking depend neither on the number of workers nor on a second run", async () => {
  await using one = await Workplace.here();
  await using many = await Workplace.here();
  const more = { strategy: "{ type: tpe, startup: 4, lag: 3 }", budget: "14", replicates: "2" };
  const alone = writeSweep(one, more), together = writeSweep(many, more);
  await runSweep(one, [alone, "-j", "1"]);
  await runSweep(many, [together, "-j", "5"]);
  assert.deepEqual(ranking(stateOf(many)), ranking(stateOf(one)));
  const again = await runSweep(many, [together, "-j", "2"]);
  assert.deepEqual(ran(again, "work"), []);
  assert.deepEqual(ranking(stateOf(many)), ranking(stateOf(one)));
});

Deno.test("trials are judged on validation, the test set is touched by the winner alone", async () => {
  await using place = await Workplace.here();
  const events = await runSweep(place, [writeSweep(place)]);
  const { trials, winner, baseline, on } = stateOf(place);
  assert.equal(on, "data.validation");
  assert.ok(trials.every(({ metrics }) => metrics.every(({ value }) => value < 5)));
  assert.ok((baseline?.metrics[0]?.value ?? 9) < 5);
  const best = Math.max(...trials.map(({ metrics }) => metrics[0]?.value ?? 0));
  const won = trials.find(({ trial }) => trial === winner?.trial);
  assert.equal(won?.metrics[0]?.value, best);
  assert.equal(winner?.test?.[0]?.value, best + 10);
  assert.equal(
    events.filter((one) => one.type === "node-ended" && /winner/.test(one.node)).length,
    2,
  );
});

Deno.test("the winner's config runs as it stands, and finds its training done", async () => {
  await using place = await Workplace.here();
  await runSweep(place, [writeSweep(place)]);
  const config = pageOf(place, "-winner.yaml");
  const { code, stdout } = await place.do(["plan", config]);
  assert.equal(code, 0);
  assert.match(stdout, /^work@winner +hit$/m);
  assert.match(stdout, /^judge@winner +hit$/m);
  assert.match(stdout, /^work@base +hit$/m);
});

Deno.test("a failing trial is recorded with its log and stops no other, and is tried again by the next run", async () => {
  await using place = await Workplace.here();
  const file = writeSweep(place, {
    space: "{ x: [0.1, 0.2], kind: [plain, bad, odd] }",
    strategy: "grid",
  });
  const events = await runSweep(place, [file]);
  const { trials } = stateOf(place);
  const failed = trials.filter(({ state }) => state === "failed");
  assert.deepEqual(trials.map(({ state }) => state), [
    "done",
    "failed",
    "failed",
    "done",
    "failed",
    "failed",
  ]);
  assert.match(failed[0]?.failure?.message ?? "", /This kind is bad/);
  assert.match(Deno.readTextFileSync(failed[0]?.failure?.log ?? ""), /This kind is bad/);
  assert.match(failed[1]?.failure?.message ?? "", /gave no "accuracy" that is a number/);
  assert.ok(events.some((one) => one.type === "run-ended" && one.counts.failed === 2));
  const again = await runSweep(place, [file]);
  const started = again.flatMap((one) => one.type === "node-started" ? [one.node] : []);
  assert.deepEqual(started, ["work@trial=1", "work@trial=4"]);
});

Deno.test("retries try a failing stage run again, and timeout ends one that takes too long", async () => {
  await using place = await Workplace.here();
  const file = writeSweep(place, {
    space: "{ kind: [flaky, slow, plain] }",
    strategy: "grid",
    retries: "1",
    timeout: "1s",
  });
  const events = await runSweep(place, [file]);
  const { trials } = stateOf(place);
  assert.deepEqual(trials.map(({ state }) => state), ["done", "failed", "done"]);
  assert.match(trials[1]?.failure?.message ?? "", /took longer than 1s/);
  const retried = events.flatMap((one) => one.type === "node-retried" ? [one.node] : []);
  assert.deepEqual(retried.sort(), ["work@trial=0", "work@trial=1"]);
});

Deno.test("where every trial fails the exit code says so", async () => {
  await using place = await Workplace.here();
  const file = writeSweep(place, { space: "{ kind: [bad] }", strategy: "grid" });
  await runSweep(place, [file], { code: 1 });
});

Deno.test("a point whose values do not fit together has failed, and costs no process", async () => {
  await using place = await Workplace.here();
  const file = writeSweep(place, {
    set: "{ work.layers: [{ units: 3 }] }",
    space: "{ y: [8, 9], layers.0.units: [3, 4] }",
    strategy: "grid",
  });
  const events = await runSweep(place, [file]);
  const { trials } = stateOf(place);
  assert.deepEqual(trials.map(({ state }) => state), ["done", "done", "done", "failed"]);
  assert.match(trials[3]?.failure?.message ?? "", /Cannot have nine with four units/);
  assert.equal(ran(events, "work").length, 4);
});

Deno.test("a larger budget keeps what is done", async () => {
  await using place = await Workplace.here();
  const file = writeSweep(place);
  await runSweep(place, [file]);
  const before = stateOf(place).trials;
  const events = await runSweep(place, [file, "--trials", "9"]);
  // In whatever order two workers come to an end.
  assert.deepEqual(ran(events, "work").map((node) => node.split("@")[1]).sort(), [
    "trial=6",
    "trial=7",
    "trial=8",
  ]);
  assert.deepEqual(
    stateOf(place).trials.slice(0, 6).map(({ metrics }) => metrics),
    before.map(({ metrics }) => metrics),
  );
});

Deno.test("with a wider space the trials of the narrow one are ranked, too, and run no more", async () => {
  await using place = await Workplace.here();
  await runSweep(place, [writeSweep(place, { space: "{ x: { float: [0.29, 0.31] } }" })]);
  const narrow = stateOf(place);
  // The one best point is in the narrow space.
  const wide = writeSweep(place, { space: "{ x: { float: [0.2, 1.0] } }" });
  const events = await runSweep(place, [wide]);
  const { trials, winner } = stateOf(place);
  assert.equal(ran(events, "work").length, 6);
  const earlier = trials.filter((one) => one.earlier);
  assert.deepEqual(
    earlier.map(({ settings }) => settings),
    narrow.trials.map(({ settings }) => settings),
  );
  assert.equal(
    winner?.trial,
    earlier.find(({ settings }) =>
      settings["work.x"] ===
        narrow.trials.find(({ trial }) => trial === narrow.winner?.trial)?.settings["work.x"]
    )?.trial,
  );
  assert.deepEqual(ran(await runSweep(place, [wide]), "work"), []);
  assert.equal(stateOf(place).trials.length, 12);
});

Deno.test("the same point under two names is one run", async () => {
  await using place = await Workplace.here();
  const file = writeSweep(place, {
    strategy: "grid",
    space:
      "{ y: { choice: { none: 1, one: 2 } }, extra: { float: [1, 2], points: 2, when: { y: one } } }",
  });
  const events = await runSweep(place, [file]);
  // The baseline has y = 1, too.
  assert.equal(stateOf(place).trials.length, 3);
  assert.equal(ran(events, "work").length, 3);
});

Deno.test("halving trains on from rung to rung, the best third at a time", async () => {
  await using place = await Workplace.here();
  const strategy = "{ type: halving, eta: 3, rungs: [1, 3, 9] }";
  const events = await runSweep(place, [writeSweep(place, { strategy, budget: "9" })]);
  const { trials, winner } = stateOf(place);
  assert.deepEqual(trials.map(({ reached }) => reached).sort(), [1, 1, 1, 1, 1, 1, 3, 3, 9]);
  assert.equal(trials.find(({ trial }) => trial === winner?.trial)?.reached, 9);
  const score = ({ settings }: typeof trials[number]) => {
    const [x, y] = [Number(settings["work.x"]), Number(settings["work.y"])];
    return -((x - 0.3) ** 2) - (y - 5) ** 2 / 100;
  };
  const best = trials.toSorted((a, b) => score(b) - score(a)).slice(0, 3).map(({ trial }) => trial);
  const promoted = trials.filter(({ reached }) => reached !== 1).map(({ trial }) => trial);
  assert.deepEqual(promoted.sort(), best.sort());
  const logs = events.flatMap((one) => one.type === "node-log" ? [one.message] : []);
  assert.equal(logs.filter((one) => one === "goes on from epoch 1").length, 3);
  assert.equal(logs.filter((one) => one === "goes on from epoch 3").length, 1);
});

Deno.test("an asynchronous sweep goes on with the trials that it had decided on", async () => {
  await using place = await Workplace.here();
  const more = { strategy: "{ type: asha, eta: 2, rungs: [1, 2, 4] }", asynchronous: "true" };
  const file = writeSweep(place, more);
  await runSweep(place, [file, "-j", "3"]);
  const before = ranking(stateOf(place));
  const again = await runSweep(place, [file, "-j", "1"]);
  assert.deepEqual(ran(again, "work"), []);
  assert.deepEqual(ranking(stateOf(place)), before);
  assert.equal(stateOf(place).asynchronous, true);
});

Deno.test("a sweep that is killed at any moment ends as one that was left alone", async () => {
  await using calm = await Workplace.here();
  await using place = await Workplace.here();
  const more = { strategy: "{ type: asha, eta: 3, rungs: [1, 3] }", budget: "9" };
  await runSweep(calm, [writeSweep(calm, more)]);
  const file = writeSweep(place, more);
  const seen = new Set<string>();
  for (const limit of [1, 4, 7]) {
    let ended = 0, process: Deno.ChildProcess | undefined;
    const { code } = await place.do(["sweep", file, "--json", "-j", "2"], {
      detached: true,
      onStart: (started) => process = started,
      onLine(line) {
        const event = JSON.parse(line);
        if (event.type !== "node-ended" || event.outcome !== "ran") return;
        assert.ok(!seen.has(event.node), `"${event.node}" was run twice`);
        seen.add(event.node);
        if (++ended === limit && process !== undefined) {
          if (Deno.build.os === "windows") process.kill("SIGKILL");
          else kill(-process.pid, "SIGKILL");
        }
      },
    });
    assert.notEqual(code, 0);
  }
  await runSweep(place, [file]);
  assert.deepEqual(ranking(stateOf(place)), ranking(stateOf(calm)));
});

Deno.test("--max-hours ends in order, with a page of what is known, and the same command goes on", async () => {
  await using place = await Workplace.here();
  const file = writeSweep(place, { budget: "400" });
  const { code, stdout } = await place.do(["sweep", file, "--max-hours", "0.001", "-j", "2"]);
  assert.equal(code, 0);
  assert.match(stdout, /^unfinished `deno task sweep /m);
  const { trials, left, winner } = stateOf(place);
  assert.ok(left > 0 && trials.length > 0);
  assert.equal(winner, null);
  assert.ok(Deno.statSync(pageOf(place)).isFile);
  const done = trials.filter(({ state }) => state === "done").length;
  const events = await runSweep(place, [file, "--trials", String(done + 2)]);
  assert.ok(ran(events, "work").length <= 3, "only what was unfinished runs");
});

Deno.test("when the hours of the budget are over no trial is decided any more, and the winner is tested", async () => {
  await using place = await Workplace.here();
  const file = writeSweep(place, { budget: "{ trials: 400, hours: 0.0003 }" });
  const { code, stdout } = await place.do(["sweep", file, "-j", "2"]);
  assert.equal(code, 0);
  assert.doesNotMatch(stdout, /^unfinished/m);
  const { trials, winner, left } = stateOf(place);
  assert.ok(trials.length > 0 && trials.length < 400);
  assert.ok(trials.every(({ state }) => state === "done"));
  assert.equal(left, 0);
  assert.equal(winner?.test?.length, 1);
});

Deno.test({
  name: "Ctrl-C ends in order: the page is there, the exit code says so, the same command goes on",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using place = await Workplace.here();
    const file = writeSweep(place, { budget: "30" });
    let process: Deno.ChildProcess | undefined, isAsked = false;
    const { code, stderr } = await place.do(["sweep", file, "--json", "-j", "2"], {
      detached: true,
      onStart: (started) => process = started,
      onLine(line) {
        const event = JSON.parse(line);
        if (isAsked || event.type !== "trial-ended" || event.trial === "baseline") return;
        isAsked = true;
        // As a terminal does: to the bundler and the stages, too.
        if (process !== undefined) kill(-process.pid, "SIGINT");
      },
    });
    assert.deepEqual([code, stderr], [130, ""]);
    assert.ok(Deno.statSync(pageOf(place)).isFile);
    const done = stateOf(place).trials.filter(({ state }) => state === "done").length;
    assert.ok(done > 0 && done < 30);
    await runSweep(place, [file]);
    assert.ok(stateOf(place).trials.every(({ state }) => state === "done"));
  },
});

Deno.test("the end is told to a program of the user's, with a summary on its standard input", async () => {
  await using place = await Workplace.here();
  const heard = join(place.folder, "heard.json");
  const file = writeSweep(place);
  const { code } = await place.do(["sweep", file, "--quiet", "--on-end", `cat > "${heard}"`]);
  assert.equal(code, 0);
  const summary = JSON.parse(Deno.readTextFileSync(heard));
  assert.deepEqual([summary.sweep, summary.over, summary.trials, summary.done], [
    "tuning",
    true,
    6,
    6,
  ]);
  assert.equal(summary.winner.trial, stateOf(place).winner?.trial);
  const failed = await place.do(["sweep", file, "--quiet", "--on-end", "exit 7"]);
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /--on-end "exit 7" ended with code 7/);
});

Deno.test("a figure that is damaged on the disk costs its trial, which is made again once it is set aside", async () => {
  await using place = await Workplace.here();
  const file = writeSweep(place, { strategy: "grid", space: "{ x: [0.1, 0.2] }" });
  await runSweep(place, [file]);
  const before = ranking(stateOf(place));
  const [record] = new Store(place.store).readRuns();
  const metrics = record?.nodes.find(({ node }) => node === "judge@trial=1")?.outputs?.["metrics"];
  assert.ok(metrics);
  const chunk = join(new Store(place.store).objectFolder(metrics), "accuracy", "c.0");
  const bytes = Deno.readFileSync(chunk);
  Deno.writeFileSync(chunk, bytes.map((byte, index) => index === 0 ? byte ^ 1 : byte));
  // Else it is known what stood there.
  Deno.removeSync(join(place.store, "cache", "figures"), { recursive: true });
  await runSweep(place, [file]);
  const [whole, damaged] = stateOf(place).trials;
  assert.deepEqual([whole?.state, damaged?.state], ["done", "failed"]);
  assert.match(damaged?.failure?.message ?? "", /is damaged.*verify --repair/s);
  assert.equal((await place.do(["verify", "--repair"])).code, 0);
  await runSweep(place, [file]);
  assert.deepEqual(ranking(stateOf(place)), before);
});

Deno.test("the store of a sweep is whole, and other configs use it beside", async () => {
  await using place = await Workplace.here();
  await runSweep(place, [writeSweep(place)]);
  await place.run([TINY, "shapes"]);
  const { code, stdout } = await place.do(["verify"]);
  assert.equal(code, 0, stdout);
});
