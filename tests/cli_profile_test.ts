/** `profile`: where a step's time goes, and that nothing else comes of asking. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Profile } from "../pipelines/store/profiles.ts";
import { isThere, TINY, Workplace } from "./rig.ts";

/** Every file under these folders of the store, with its bytes' length and time. */
function files(place: Workplace, ...folders: readonly string[]): string[] {
  const found: string[] = [];
  const visit = (path: string) => {
    for (const entry of Deno.readDirSync(path)) {
      const inner = join(path, entry.name);
      if (entry.isDirectory) visit(inner);
      const { size, mtime } = Deno.statSync(inner);
      found.push(`${inner} ${size} ${mtime?.getTime()}`);
    }
  };
  for (const folder of folders) visit(join(place.store, folder));
  return found.sort();
}

const OWN = ["objects", "records", "runs", "logs", "progress", "last", "tmp"];

Deno.test("a training that has been run is profiled without a trace in its results", async (t) => {
  await using place = await Workplace.here();
  await place.run([TINY]);
  const before = files(place, ...OWN);
  const { code, stdout, stderr } = await place.do([
    "profile",
    TINY,
    "train@logits",
    "--steps",
    "9",
  ]);
  assert.deepEqual([code, stderr], [0, ""]);

  await t.step("records, objects, logs and progress are as they were", () => {
    assert.deepEqual(files(place, ...OWN), before);
  });

  const lines = stdout.split("\n");
  const figures = (line: string) => (line.match(/(?<= )\d+\.\d+(?= |$)/g) ?? []).map(Number);

  await t.step("the table names each layer's operations, and its parts sum to the step", () => {
    assert.match(lines[0] ?? "", /^train@logits: 9 steps of 16 images on one thread; ./);
    for (
      const words of [
        "conv2d_1 +conv2dForward",
        "dropout +dropout",
        "dense +denseWeightGradient",
        "dense +adam kernel",
        "loop +next batch",
      ]
    ) assert.match(stdout, new RegExp(`^  ${words} +\\d+\\.\\d{3}`, "m"));
    // Its mask is applied on the way there and on the way back.
    assert.equal(stdout.match(/^ {2}dropout +dropout /gm)?.length, 2);
    const until = lines.findIndex((line) => line.startsWith("by layer"));
    const end = lines.findIndex((line) => line.startsWith("step "));
    assert.ok(until > 0 && end > until, stdout);
    const [step = NaN] = figures(lines[end] ?? "");
    const sum = (some: readonly string[]) =>
      some.reduce((all, line) => all + (figures(line)[0] ?? 0), 0);
    const table = lines.slice(3, until);
    const isPart = (line: string) => !line.startsWith(" ");
    const near = (given: readonly string[]) => {
      assert.ok(given.length > 0);
      // Each line is rounded to a thousandth.
      assert.ok(
        Math.abs(sum(given) - step) <= 0.0006 * (given.length + 1),
        `${sum(given)}, ${step}`,
      );
    };
    near(table.filter(isPart));
    near(table.filter((line) => !isPart(line)));
    near([...lines.slice(until + 1, end), ...table.filter((line) => line.startsWith("outside"))]);
  });

  await t.step("it is kept beside the runs, and in the page that was there", () => {
    const path = join(place.store, "profiles", "_tests/configs/tiny", "train@logits.json");
    const page = join(place.reports, "_tests/configs/tiny.html");
    assert.deepEqual(lines.slice(-3), [`profile  ${path}`, `report   ${page}`, ""]);
    const profile = JSON.parse(Deno.readTextFileSync(path)) as Profile; // as the command writes it
    const slot = /id="crisol-lineage">(.*?)<\/script>/.exec(Deno.readTextFileSync(page))?.[1];
    assert.deepEqual(JSON.parse(slot ?? "").profiles, [profile]);
  });

  await t.step("a page that a later run publishes shows it, too", async () => {
    await place.run([TINY]);
    const page = Deno.readTextFileSync(join(place.reports, "_tests/configs/tiny.html"));
    assert.match(page, /"profiles":\[\{"version":1,"node":"train@logits"/);
  });

  await t.step("--json prints the profile alone", async () => {
    const json = await place.do(["profile", TINY, "train@augmented", "--steps", "3", "--json"]);
    assert.deepEqual([json.code, json.stderr], [0, ""]);
    const profile = JSON.parse(json.stdout) as Profile; // as the command writes it
    assert.deepEqual([profile.node, profile.steps, profile.batch], ["train@augmented", 3, 16]);
    const sum = profile.lines.reduce((all, { milliseconds }) => all + milliseconds, 0);
    assert.ok(Math.abs(sum - profile.milliseconds) < 1e-9 * sum);
  });

  await t.step("a stage without steps is refused, with those that have some", async () => {
    assert.deepEqual(await place.do(["profile", TINY, "preprocess"]), {
      code: 2,
      stdout: "",
      stderr:
        'error: Cannot profile "preprocess": its stage, preprocess, has no steps that it times\n' +
        "  help: these have: train@baseline, train@logits, train@augmented\n",
    });
  });

  await t.step("a backend whose operations are not ours is refused", async () => {
    const tape = ["--set", "train.backend=tape"];
    assert.deepEqual(await place.do(["profile", TINY, "train@logits", ...tape]), {
      code: 1,
      stdout: "",
      stderr: 'error: Cannot profile this training: its backend is "tape", wanted "compiled"\n',
    });
  });

  await t.step("--steps is a whole number", async () => {
    assert.deepEqual(await place.do(["profile", TINY, "train@logits", "--steps", "0"]), {
      code: 2,
      stdout: "",
      stderr:
        'error: --steps "0" is no number of steps\n  help: give a whole number from 1 to 100000\n',
    });
  });
});

Deno.test("a training whose data are not there says what makes them, and is profiled before it has run", async () => {
  await using place = await Workplace.here();
  assert.deepEqual(await place.do(["profile", TINY, "train@logits"]), {
    code: 1,
    stdout: "",
    stderr:
      'error: Cannot profile "train@logits" yet: there is no result of preprocess, which feeds it\n' +
      `  help: \`deno task run ${TINY} preprocess\` makes it\n`,
  });
  await place.run([TINY, "preprocess"]);
  const { code, stdout } = await place.do(["profile", TINY, "train@logits", "--steps", "2"]);
  assert.equal(code, 0);
  assert.match(stdout, /\nprofile {2}.*\.json\n$/);
  assert.ok(!isThere(place.reports));
});
