/** Trainings that are broken off, made longer and made shorter: no step is done twice, no bit is another. */
import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { stream } from "../numerics/random.ts";
import type { Event } from "../pipelines/run/event.ts";
import { listProgress } from "../pipelines/store/progress.ts";
import { digests, outcomes, Workplace } from "./rig.ts";
import { CONFIG as OWN, own } from "./run_stages.ts";

const CONFIG = "progress.yaml";

/** Writes a config with one small network; `more` are further lines of its params. */
function write(place: Workplace, epochs: number, more = "", train = 80): string {
  return place.write(
    CONFIG,
    `stages:
  shapes:
    uses: shapes
    with: { train: ${train}, test: 20, size: 12 }
  preprocess:
    uses: preprocess
    with: { scaling: 255, validationSplit: 0.2 }
    inputs: { train: shapes.train, test: shapes.test }
  train:
    uses: train
    with:
      layers:
        - conv2d: { filters: 4, kernelSize: 3, activation: relu }
        - batchNormalization
        - dropout: 0.2
        - flatten
        - dense: { units: 10, activation: softmax }
      loss: categoricalCrossentropy
      optimizer: adam
      checkpoint: { monitor: val_loss }
      epochs: ${epochs}
      batchSize: 8
      ${more}
    inputs: { train: preprocess.train, validation: preprocess.validation }
`,
  );
}

const logsOf = (events: readonly Event[]) =>
  events.flatMap((event) =>
    event.type === "node-log" && event.node === "train" && !event.message.startsWith("Model")
      ? [event.message]
      : []
  );

/** The digests of a training that nothing has disturbed. */
async function undisturbed(...[epochs, more, train]: [number, string?, number?]) {
  await using place = await Workplace.here();
  await place.run([write(place, epochs, more, train), "train"]);
  return digests(place.store);
}

/** The files of the one trajectory in the store, in the order of their steps. */
function kept(place: Workplace): number[] {
  const [progress, ...others] = listProgress(place.store);
  assert.ok(progress && others.length === 0, "there is one trajectory");
  return [...Deno.readDirSync(progress.folder)]
    .map(({ name }) => Number(/^(\d+)\.checkpoint$/.exec(name)?.[1])).sort((a, b) => a - b);
}

Deno.test({
  name: "a training that is killed at 25 random moments ends as one that was left alone",
  ignore: Deno.build.os === "windows",
  async fn() {
    // Forty steps an epoch.
    const epochs = 100, train = 400;
    const wanted = await undisturbed(epochs, "", train);
    const draws = stream(5, "kills");
    let kills = 0, resumed = 0;
    while (kills < 25) {
      await using place = await Workplace.here();
      const config = write(place, epochs, "", train);
      let told = 0, ended = false;
      while (!ended) {
        // So many milliseconds after it has started, or has told so many more steps.
        const draw = (at: number) => draws.uint32(3 * kills + at) >>> 0;
        const milliseconds = draw(0) % 100, atStart = draw(1) % 4 === 0, steps = draw(2) % 400;
        let timer: ReturnType<typeof setTimeout> | undefined, engine: Deno.ChildProcess | undefined;
        let from = 0, starts: number | null = null;
        const before = told;
        const kill = () => {
          // The engine and its stage processes, wherever they are. Once the kills are done it may end.
          if (kills === 25) return;
          timer ??= setTimeout(() => engine && process.kill(-engine.pid, "SIGKILL"), milliseconds);
        };
        const { code, stderr } = await place.do(["run", config, "train", "--json"], {
          detached: true,
          onStart: (started) => engine = started,
          onLine(line) {
            const event = JSON.parse(line) as Event; // the command prints events alone
            if (!("node" in event) || event.node !== "train") return;
            if (event.type === "node-started" && atStart) kill();
            if (event.type === "node-ended") clearTimeout(timer);
            if (event.type === "node-log" && /^Goes on/.test(event.message)) {
              resumed++;
              from = Number(/\d+/.exec(event.message)?.[0]);
            }
            if (event.type === "node-progress") {
              starts ??= from;
              told = event.progress.done;
              if (told >= from + steps) kill();
            }
          },
        });
        clearTimeout(timer);
        // An epoch that is over when the next one tells of a step is not trained again.
        assert.ok(starts === null || starts >= before - 40, `${starts} after ${before}`);
        ended = code === 0;
        if (!ended) {
          assert.equal(code, 128 + 9, stderr);
          kills++;
        }
      }
      assert.deepEqual(digests(place.store), wanted);
      assert.ok(kept(place).length <= 5);
    }
    assert.ok(resumed > 0, "it went on from checkpoints");
  },
});

Deno.test("more epochs train the difference alone, and fewer go on from the nearest checkpoint", async () => {
  await using place = await Workplace.here();
  await place.run([write(place, 4), "train"]);
  assert.deepEqual(kept(place), [8, 16, 24, 32]);
  const raised = await place.run([write(place, 6), "train"]);
  assert.deepEqual(logsOf(raised), ["Goes on from step 32 of 48, in epoch 5"]);
  const told = raised.flatMap((event) =>
    event.type === "node-progress" ? [event.progress.done] : []
  );
  assert.ok(told.length > 0 && told.every((done) => done > 32), told.join());
  assert.deepEqual(digests(place.store), await undisturbed(6));
  const lowered = await place.run([write(place, 5), "train"]);
  assert.deepEqual(logsOf(lowered), ["Goes on from step 32 of 40, in epoch 5"]);
  assert.deepEqual(digests(place.store), await undisturbed(5));
  // What was trained before is a hit, and no other params share its way.
  assert.deepEqual(outcomes(await place.run([write(place, 6), "train"]))["ran"], undefined);
  assert.deepEqual(logsOf(await place.run([write(place, 7), "train"])), [
    "Goes on from step 48 of 56, in epoch 7",
  ]);
  const other = write(place, 7, "shuffle: false");
  assert.deepEqual(logsOf(await place.run([other, "train"])), []);
});

Deno.test("a forced training starts from nothing, and so does one whose cosine reads the epochs", async () => {
  await using place = await Workplace.here();
  await place.run([write(place, 2), "train"]);
  const forced = await place.run([write(place, 3), "train", "--force", "train"]);
  assert.deepEqual(logsOf(forced), []);
  assert.deepEqual(kept(place), [8, 16, 24]);
  const cosine = (epochs: number, more = "") =>
    write(place, epochs, `learningRateSchedule: { type: cosine${more} }`);
  await place.run([cosine(2), "train"]);
  assert.deepEqual(logsOf(await place.run([cosine(3), "train"])), []);
  // With a length of its own it reads nothing else.
  await place.run([cosine(2, ", decaySteps: 30"), "train"]);
  assert.deepEqual(logsOf(await place.run([cosine(3, ", decaySteps: 30"), "train"])), [
    "Goes on from step 16 of 24, in epoch 3",
  ]);
});

Deno.test("a checkpoint that is damaged, or another's, is removed and told, never gone on from", async () => {
  await using place = await Workplace.here();
  await place.run([write(place, 3), "train"]);
  const [progress] = listProgress(place.store);
  const path = (at: number) => join(progress?.folder ?? "", `${at}.checkpoint`);
  const bytes = Deno.readFileSync(path(24));
  bytes[bytes.length - 9] = (bytes[bytes.length - 9] ?? 0) ^ 4;
  Deno.writeFileSync(path(24), bytes);
  Deno.copyFileSync(path(8), path(16));
  Deno.writeTextFileSync(`${path(30)}.tmp`, "what a killed process has left");
  const events = await place.run([write(place, 4), "train"]);
  assert.deepEqual(logsOf(events), [
    `Does not go on from "${path(24)}", and removes it: it is not what was written`,
    `Does not go on from "${path(16)}", and removes it: it is of another run`,
    "Goes on from step 8 of 32, in epoch 2",
  ]);
  assert.deepEqual(digests(place.store), await undisturbed(4));
  assert.deepEqual(kept(place), [8, 16, 24, 32]);
});

Deno.test({
  name: "an interrupt, as a terminal sends it, loses no step that was told",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using place = await Workplace.here();
    // One epoch, so that no end of an epoch saves anything.
    const config = write(place, 1, "", 50_000);
    let engine: Deno.ChildProcess | undefined, done = 0;
    const events = await place.run([config, "train"], {
      code: 130,
      detached: true,
      onStart: (started) => engine = started,
      onLine(line) {
        const event = JSON.parse(line) as Event; // the command prints events alone
        if (event.type !== "node-progress" || event.node !== "train") return;
        if (done === 0 && engine) process.kill(-engine.pid, "SIGINT");
        done = event.progress.done;
      },
    });
    assert.deepEqual(outcomes(events)["cancelled"], ["train"]);
    const [saved = 0] = kept(place);
    assert.ok(saved >= done && done > 0, `${saved} saved, ${done} told`);
    assert.deepEqual(logsOf(await place.run([config, "train"])), [
      `Goes on from step ${saved} of 5000, in epoch 1`,
    ]);
    assert.deepEqual(digests(place.store), await undisturbed(1, "", 50_000));
  },
});

Deno.test("two trainings that part by their epochs alone run one after the other and share their way", async () => {
  await using place = await Workplace.here();
  const both = write(place, 3);
  place.write(
    CONFIG,
    `${Deno.readTextFileSync(both)}    matrix: { epochs: [3, 5] }\n`,
  );
  const events = await place.run([both, "train", "--jobs", "2"]);
  const resumed = events.flatMap((event) =>
    event.type === "node-log" && event.message.startsWith("Goes on") ? [event] : []
  );
  assert.deepEqual(resumed.map(({ node, message }) => [node, message]), [
    ["train@epochs=5", "Goes on from step 24 of 40, in epoch 4"],
  ]);
  // Two engines know nothing of each other: the lock makes one wait.
  await using shared = await Workplace.here();
  const short = write(shared, 2),
    long = shared.write(
      "long.yaml",
      Deno.readTextFileSync(short)
        .replace("epochs: 2", "epochs: 4"),
    );
  const runs = await Promise.all([shared.run([short, "train"]), shared.run([long, "train"])]);
  const went = runs.flatMap(logsOf).filter((message) => !message.startsWith("Waits"));
  // Whichever came first.
  assert.equal(went.length, 1);
  assert.match(went[0] ?? "", /^(Goes on from step 16 of 32, in|All 16 steps were done before$)/);
  assert.deepEqual(kept(shared), [8, 16, 24, 32]);
});

Deno.test("a second round goes on from the first one's best model, whose epochs may be raised", async () => {
  await using place = await Workplace.here();
  const rounds = (epochs: number, units: number) =>
    place.write(
      CONFIG,
      `${Deno.readTextFileSync(write(place, epochs))}  tune:
    uses: train
    with:
      layers:
        - conv2d: { filters: 4, kernelSize: 3, activation: relu }
        - batchNormalization
        - dropout: 0.2
        - flatten
        - dense: { units: ${units}, activation: softmax }
      loss: categoricalCrossentropy
      optimizer: { type: adam, learningRate: 1.0e-4 }
      epochs: 2
      batchSize: 16
    inputs: { train: preprocess.train, from: train.model, optimizer: train.optimizer }
`,
    );
  const { code, stderr } = await place.do(["run", rounds(2, 11)]);
  assert.equal(code, 2);
  assert.match(
    stderr,
    /^error: Cannot go on from this: it does not fit these layers: its "dense\/kernel" is \[400, 10\], wanted \[400, 11\]\n.*progress\.yaml:38:46\n.*\n +\| +\^{11}\n$/,
  );
  await place.run([rounds(2, 10)]);
  const first = digests(place.store);
  const events = await place.run([rounds(4, 10)]);
  assert.deepEqual(logsOf(events), ["Goes on from step 16 of 32, in epoch 3"]);
  // The other round starts from another model, and so anew.
  assert.deepEqual(outcomes(events)["ran"], ["train", "tune"]);
  assert.notEqual(digests(place.store)["tune.model"], first["tune.model"]);
});

Deno.test("a stage of one's own goes on from what it has kept, and only along its own way", async () => {
  await using place = await Workplace.copy();
  // It counts to `value`, and breaks off once at two.
  const body = `const [last = 0] = (await checkpoints.list()).toReversed();
    const sums = (await checkpoints.read(last))?.sums ?? Float64Array.of(0);
    if (await checkpoints.read(99) !== null || checkpointDue()) throw new Error("It has nothing there");
    for (let i = last; i < params.value; i++) {
      sums[0] += i;
      await checkpoints.write(i + 1, { sums });
      if (i + 1 === 2 && last === 0) throw new Error("Broken off");
    }
    log("From " + last + " to " + sums[0]);`;
  const told = (events: readonly Event[]) =>
    events.flatMap((event) => event.type === "node-log" ? [event.message] : []);
  own(place, body, 'horizon: "value",');
  const run = (value: number, code = 0, text = "plain") =>
    place.run([OWN, "--set", `one.value=${value}`, "--set", `one.text=${text}`], { code });
  await run(4, 1);
  assert.deepEqual(told(await run(4)), ["From 2 to 6"]);
  assert.deepEqual(told(await run(6)), ["From 4 to 15"]);
  // Another param makes it another way.
  await run(6, 1, "other");
  own(place, body, 'horizon: "value", check: () => ({ horizon: false }),');
  await run(7, 1);
  assert.deepEqual(told(await run(7)), ["From 2 to 21"]);
  await run(8, 1);
  own(place, body, 'horizon: "valu",');
  const { code, stderr } = await place.do(["run", OWN]);
  assert.equal(code, 2);
  assert.match(stderr, /cannot be loaded: its `horizon` is "valu": it has no such param\n/);
});
