/** Every command as its help shows it, on a project that has been run. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { COMMANDS } from "../pipelines/cli/commands.ts";
import type { Event } from "../pipelines/run/event.ts";
import { command, digests, isThere, ROOT, TINY, Workplace } from "./rig.ts";
import { CONFIG, own } from "./run_stages.ts";

/** Those that people call; a task of a submission is called by a cluster. */
const SHOWN = COMMANDS.filter(({ hidden }) => hidden !== true);
/** They need something that was submitted, or do not end: tests/slurm/ and tests/ui/ call them. */
const ELSEWHERE = ["status", "watch", "cancel", "ui"];
const TUNING = "tests/configs/sweeps/tuning.yaml";

/** An example's words for the tiny config, whose variants have other names. */
function onTiny(line: string, place: Workplace, digest: string): string[] {
  return line.split(" ").map((word) =>
    word.replace(/^configs\/sweeps\/.*\.yaml$/, TUNING).replace(/^configs\/.*\.yaml$/, TINY)
      .replace("@sparse", "@logits")
      .replace("/tmp/model", join(place.folder, "model")).replace("3fa4b1c2", digest)
  );
}

Deno.test("every example of every command works", async (t) => {
  await using place = await Workplace.copy();
  await place.run([TINY]);
  const digest = digests(place.store)["train@logits.model"]?.slice(0, 8) ?? "";
  for (const { name, examples } of SHOWN) {
    if (ELSEWHERE.includes(name)) continue;
    for (const [line] of examples) {
      await t.step(line, async () => {
        const words = onTiny(line, place, digest);
        const { code, stdout, stderr } = name === "schema"
          ? await command(place.root, words)
          : await place.do(words);
        assert.deepEqual([code, stderr], [0, ""], stdout);
        assert.notEqual(stdout, "");
      });
    }
  }
  assert.ok(isThere(join(place.folder, "model", "model.json")));
});

Deno.test("--help of every command is no error and ends with its examples", async () => {
  await Promise.all(SHOWN.map(async ({ name, examples }) => {
    const { code, stdout, stderr } = await command(ROOT, [name, "--help"]);
    assert.deepEqual([code, stderr], [0, ""]);
    const [, shown = ""] = stdout.split("\nExamples:\n");
    assert.deepEqual(
      shown.trimEnd().split("\n"),
      examples.flatMap(([line, what]) => [`  deno task ${line}`, `      ${what}`]),
    );
  }));
});

Deno.test("what is asked of a project that has been run", async (t) => {
  await using place = await Workplace.copy();
  const events = await place.run([TINY]);
  const all = digests(place.store);
  const out = async (...words: string[]) => {
    const { code, stdout, stderr } = await place.do(words);
    assert.deepEqual([code, stderr], [0, ""], stdout);
    return stdout.replaceAll(place.folder, "");
  };
  const fails = async (code: number, ...words: string[]) => {
    const result = await place.do(words);
    assert.deepEqual([result.code, result.stdout], [code, ""]);
    return result.stderr.replaceAll(place.folder, "");
  };

  await t.step("each event is a line of JSON, from the start to the end", () => {
    assert.equal(events[0]?.type, "run-started");
    assert.equal(events.at(-1)?.type, "run-ended");
    const report = events.find((event) => event.type === "report-published");
    assert.ok(report?.type === "report-published" && isThere(report.path));
  });

  await t.step("--quiet prints the last line only", async () => {
    assert.match(
      await out("run", TINY, "--quiet"),
      /^ran 0, hit 11, failed 0 in .* s; report: \/reports\/_tests\/configs\/tiny\.html\n$/,
    );
  });

  await t.step("plan and --dry-run say the same, and run nothing", async () => {
    const words = [TINY, "train@logits", "--set", "train@logits.epochs=3"];
    const plan = await out("plan", ...words);
    assert.equal(
      plan.replace(/\ntakes about .*\n$/, "\n"),
      `shapes        hit
preprocess    hit
train@logits  runs: epochs was 2, is 3
hit 2, to run 1, waiting 0
`,
    );
    assert.equal(await out("run", "-n", ...words), plan);
    assert.equal(await out("plan", ...words), plan);
    assert.deepEqual(
      (await out("plan", ...words, "--json")).trimEnd().split("\n")
        .map((line) => JSON.parse(line)).map(({ node, type }) => [node, type]),
      [["shapes", "hit"], ["preprocess", "hit"], ["train@logits", "miss"]],
    );
  });

  await t.step("show lists all artifacts with their digests", async () => {
    const lines = (await out("show", TINY)).trimEnd().split("\n");
    assert.deepEqual(
      lines,
      Object.entries(all).map(([name, digest]) => `${digest.slice(0, 12)}  ${name}`),
    );
    assert.match(
      await out("show", TINY, "--set", "train.epochs=3"),
      /^not there {5}train@logits\.model$/m,
    );
  });

  await t.step("show and path take a name, or the beginning of a digest", async () => {
    const digest = all["preprocess.train"] ?? "";
    const shown = await out("show", TINY, "preprocess.train");
    assert.equal(shown.split("\n")[0], `digest  ${digest}`);
    assert.match(shown, /^images {2}uint8 {4}\[60, 12, 12, 1\] {2}8\.6 kB$/m);
    assert.match(shown, /[░▒▓█]/);
    assert.equal(await out("show", digest.slice(0, 8)), shown);
    const folder = `/store/objects/${digest.slice(0, 2)}/${digest}\n`;
    assert.equal(await out("path", TINY, "preprocess.train"), folder);
    assert.equal(await out("path", digest), folder);
    assert.match(
      await out("show", TINY, "report"),
      /^file {4}report\.html {2}(?:\d+ kB|\d\.\d MB)$/m,
    );
  });

  await t.step("a store that is no folder is refused", async () => {
    for (const store of [join(ROOT, "deno.json"), join(ROOT, "deno.json", "x")]) {
      const words = ["run", TINY, "--store", store, "--reports", place.reports];
      const { code, stderr } = await command(ROOT, words);
      assert.equal(
        stderr,
        `error: The store "${store.slice(ROOT.length + 1)}" is not a folder\n` +
          "  help: name a store, an empty folder or one that is not there yet by --store\n",
      );
      assert.equal(code, 2);
    }
  });

  await t.step("a warning is told in spite of --quiet", async () => {
    // A file where the folder should be.
    const file = join(place.folder, "file");
    await Deno.writeTextFile(file, "");
    const words = ["run", TINY, "--quiet", "--store", place.store, "--reports", join(file, "x")];
    const { code, stdout } = await command(place.root, words);
    assert.match(stdout, /^warning {4}The report is not published: .*\nran 0, hit 11, .* s\n$/);
    assert.equal(code, 0);
  });

  await t.step("show --tensor sums one tensor up", async () => {
    const shown = await out("show", TINY, "train@logits.history", "--tensor", "loss");
    assert.match(
      shown,
      /\nloss {2}float64 {2}\[2\] {2}16 B\n {2}least \S+, greatest \S+, mean \S+\n/,
    );
    assert.equal(
      await fails(2, "show", TINY, "train@logits.history", "--tensor", "los"),
      `error: It holds no tensor "los"
  help: it holds: accuracy, learning_rate, loss, val_accuracy, val_loss
`,
    );
  });

  await t.step("a file holds no tensors", async () => {
    assert.equal(
      await fails(2, "show", TINY, "report", "--tensor", "x"),
      "error: It is a file and holds no tensors\n",
    );
  });

  await t.step("log prints what a stage printed", async () => {
    assert.match(await out("log", TINY, "train@logits"), /^Model: "sequential"\n┏━+/);
  });

  await t.step("runs lists the runs, newest first, and one with its nodes", async () => {
    const lines = (await out("runs")).trimEnd().split("\n");
    const newest = lines[0] ?? "", first = lines.at(-1) ?? "";
    assert.match(newest, /^\S+ {2}\S+ \S+ {2}tests\/configs\/tiny\.yaml {2}hit 11 /);
    assert.match(first, / {2}ran 11 /);
    const id = first.split(" ")[0] ?? "";
    const one = await out("runs", id);
    assert.equal(one.split("\n").length, 3 + 11 + 1);
    assert.match(one, /^ran {2}train@logits +\d\.\d s {2}[0-9a-f]{12}$/m);
    assert.equal(
      await fails(2, "runs", "1999"),
      'error: There is no run "1999"\n  help: `deno task runs` lists them; `latest` and `latest~1` are the newest and the one before\n',
    );
  });

  await t.step("what is misspelt is answered by what was probably meant", async () => {
    const help = (name: string) => `\`deno task ${name} --help\` shows what is possible`;
    assert.equal(
      await fails(2, "rum", TINY),
      `error: Unknown command "rum"\n  help: Did you mean "run"? ${help("run")}\n`,
    );
    assert.equal(
      await fails(2, "run", TINY, "--quite"),
      `error: Unknown option "--quite"\n  help: Did you mean "--quiet"? ${help("run")}\n`,
    );
    assert.equal(
      await fails(2, "show", TINY, "train@logits.modle"),
      'error: There is no artifact "train@logits.modle" in tiny\n' +
        '  help: Did you mean "train@logits.model"?\n',
    );
    assert.equal(
      await fails(2, "show", TINY, "train.model"),
      'error: "train.model" is 3 artifacts\n' +
        "  help: say which: train@baseline.model, train@logits.model, train@augmented.model\n",
    );
    assert.equal(
      await fails(2, "log", TINY, "train@logit"),
      'error: There is no node "train@logit" in tiny\n  help: Did you mean "train@logits"?\n',
    );
    assert.equal(
      await fails(2, "run", TINY, "-j", "0"),
      'error: --jobs "0" is no number of threads\n  help: give a whole number from 1\n',
    );
    assert.equal(
      await fails(2, "show", "3fa4b1c2"),
      'error: There is no artifact "3fa4b1c2" in the store\n',
    );
  });

  await t.step("a result that is not there yet is told with what makes it", async () => {
    assert.equal(
      await fails(1, "path", TINY, "train@logits.model", "--set", "train.epochs=3"),
      'error: There is no result of "train@logits": epochs was 2, is 3\n' +
        `  help: \`deno task run ${TINY} train@logits\` makes it\n`,
    );
  });
});

Deno.test("a schema that is not up to date is an error of --check alone", async () => {
  await using place = await Workplace.copy();
  const fine = await command(place.root, ["schema", "--check"]);
  assert.deepEqual(fine, {
    code: 0,
    stdout: "configs/config.schema.json is up to date\n",
    stderr: "",
  });
  place.edit("configs/config.schema.json", '"type"', '"tpye"');
  const stale = await command(place.root, ["schema", "--check"]);
  assert.deepEqual(stale, {
    code: 1,
    stdout: "",
    stderr:
      "error: configs/config.schema.json is not up to date\n  help: `deno task schema` writes it\n",
  });
  assert.equal(
    (await command(place.root, ["schema"])).stdout,
    "wrote configs/config.schema.json\n",
  );
  assert.equal((await command(place.root, ["schema", "--check"])).code, 0);
});

Deno.test("a reader that goes away, as head does, ends the output and not the run", async () => {
  await using place = await Workplace.copy();
  own(place, 'for (let i = 0; i < 5000; i++) log("line " + i);');
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--allow-all",
      "pipelines/main.ts",
      "run",
      CONFIG,
      "--store",
      place.store,
    ],
    cwd: place.root,
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const reader = process.stdout.getReader();
  const { value } = await reader.read();
  assert.match(new TextDecoder().decode(value), /^start {6}one/);
  await reader.cancel();
  const [stderr, status] = await Promise.all([
    new Response(process.stderr).text(),
    process.status,
  ]);
  assert.deepEqual([status.code, stderr], [0, ""]);
  assert.deepEqual(
    (await place.run([CONFIG])).flatMap((event: Event) =>
      event.type === "node-ended" ? [event.outcome] : []
    ),
    ["hit"],
  );
});

Deno.test("a log of several lines is printed as such", async () => {
  await using place = await Workplace.copy();
  own(place, 'log("Table\\n┃ a ┃\\u001b[31m\\n└───┘\\n");');
  const { stdout } = await place.do(["run", CONFIG]);
  assert.match(stdout, /^log {8}one {2}Table\n {2}┃ a ┃\\u001b\[31m\n {2}└───┘\nran /m);
});
