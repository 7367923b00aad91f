/** Which folders are taken for stores, and that no other is touched. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { command, isThere, outcomes, ROOT, Workplace } from "./rig.ts";
import { CONFIG, own } from "./run_stages.ts";

const MARKER = "crisol-store.json";

/** All that lies in a folder, with the texts of files. */
function snapshot(folder: string): Record<string, string> {
  const found: Record<string, string> = {};
  const visit = (path: string) => {
    for (const { name, isDirectory } of Deno.readDirSync(join(folder, path))) {
      const below = join(path, name);
      found[below] = isDirectory ? "" : Deno.readTextFileSync(join(folder, below));
      if (isDirectory) visit(below);
    }
  };
  visit("");
  return found;
}

/** Every command that is asked for a store. */
const COMMANDS: readonly (readonly string[])[] = [
  ["run", CONFIG],
  ["plan", CONFIG],
  ["sweep", CONFIG],
  ["submit", CONFIG],
  ["status"],
  ["watch"],
  ["cancel"],
  ["ui", "--port", "0"],
  ["explain", CONFIG, "one"],
  ["accept", CONFIG, "one", "--reason", "x"],
  ["verify"],
  ["verify", CONFIG],
  ["verify", CONFIG, "--rerun"],
  ["show", CONFIG],
  ["show", "abcdef"],
  ["profile", CONFIG, "one"],
  ["path", CONFIG, "one.out"],
  ["export", CONFIG, "one.out"],
  ["log", CONFIG, "one"],
  ["runs"],
  ["diff", "a", "b"],
  ["gc", "--keep-runs", "1"],
  ["gc", "--keep-runs", "1", "--dry-run"],
];

Deno.test("no command touches a folder that is neither empty nor a store", async (t) => {
  await using place = await Workplace.copy();
  own(place, "");
  const folder = join(place.folder, "thesis");
  for (const name of ["tmp", "progress", "logs", "bundles", "events", "quarantine"]) {
    place.write(`../thesis/${name}/chapter.txt`, "years of work");
    Deno.utimeSync(join(folder, name), new Date(0), new Date(0));
  }
  const before = snapshot(folder);
  for (const words of COMMANDS) {
    await t.step(words.join(" "), async () => {
      const { code, stderr } = await command(place.root, [...words, "--store", folder]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, /^error: The store ".*thesis" holds files, and is no store\n {2}help: /);
      assert.deepEqual(snapshot(folder), before);
    });
  }
});

Deno.test("what is no folder, has no name or is the root of all is no store", async (t) => {
  await using place = await Workplace.copy();
  own(place, "");
  const cases: [store: string, said: RegExp][] = [
    ["", /^error: The store has no name$/m],
    [" ", /^error: The store has no name$/m],
    ["/", /^error: The store "\/" is the root of a file system$/m],
    ["configs/../../../../../../../..", /is the root of a file system$/m],
    ["deno.json", /^error: The store "deno\.json" is not a folder$/m],
    ["deno.json/store", /is not a folder$/m],
    ["stages", /^error: The store "stages" holds ".*", and is no store$/m],
    [".", /and is no store$/m],
  ];
  const before = [...Deno.readDirSync(place.root)].map(({ name }) => name).sort();
  for (const [store, said] of cases) {
    await t.step(JSON.stringify(store), async () => {
      for (const words of [["run", CONFIG], ["gc", "--keep-runs", "1"], ["runs"]]) {
        const { code, stderr } = await command(place.root, [...words, "--store", store]);
        assert.equal(code, 2, stderr);
        assert.match(stderr, said);
        assert.match(stderr, /help: name a store, an empty folder or one that is not there yet/);
      }
    });
  }
  assert.deepEqual([...Deno.readDirSync(place.root)].map(({ name }) => name).sort(), before);
});

Deno.test("a command that reads makes no store where there is none", async (t) => {
  await using place = await Workplace.copy();
  own(place, "");
  const none = join(place.folder, "none"), empty = join(place.folder, "empty");
  const temporary = join(place.folder, "tmp");
  Deno.mkdirSync(join(empty, "lost+found"), { recursive: true });
  Deno.mkdirSync(temporary);
  const makers = ["run", "sweep", "submit", "ui", "profile"];
  const readers = COMMANDS.filter((words) =>
    !makers.includes(words[0] ?? "") && !words.includes("--rerun")
  );
  for (const words of [...readers, ["run", CONFIG, "--dry-run"]]) {
    await t.step(words.join(" "), async () => {
      for (const store of [none, empty]) {
        const { code, stderr } = await command(place.root, [...words, "--store", store], {
          env: { TMPDIR: temporary },
        });
        assert.ok(code < 3, stderr);
        assert.doesNotMatch(stderr, /--debug/);
      }
      assert.ok(!isThere(none));
      assert.deepEqual(snapshot(empty), { "lost+found": "" });
      assert.deepEqual([...Deno.readDirSync(temporary)], [], "what stood for it is gone");
    });
  }
  await t.step("and a plan without a store is the same", async () => {
    const plan = (store: string) => command(place.root, ["plan", CONFIG, "--store", store]);
    const { code, stdout, stderr } = await plan(none);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /^one {2}runs: .*\nhit 0, to run 1, waiting 0$/m);
  });
});

Deno.test("an empty folder becomes a store, and a store of a later Crisol is left alone", async () => {
  await using place = await Workplace.copy();
  own(place, "");
  const store = join(place.folder, "new");
  Deno.mkdirSync(join(store, "lost+found"), { recursive: true });
  const run = (words: readonly string[]) => command(place.root, [...words, "--store", store]);
  assert.equal((await run(["run", CONFIG])).code, 0);
  assert.deepEqual(JSON.parse(Deno.readTextFileSync(join(store, MARKER))), { store: 1 });
  // With its marker it may hold what it likes.
  Deno.writeTextFileSync(join(store, "README"), "mine");
  assert.match((await run(["run", CONFIG])).stdout, /hit 1/);
  Deno.writeTextFileSync(join(store, MARKER), '{"store":2}');
  const before = snapshot(store);
  for (const words of [["run", CONFIG], ["gc", "--keep-runs", "0"], ["runs"]]) {
    const { code, stderr } = await run(words);
    assert.equal(code, 2);
    assert.match(stderr, /new" is a store of version 2, and this Crisol reads version 1\n/);
  }
  Deno.writeTextFileSync(join(store, MARKER), "{");
  assert.match((await run(["runs"])).stderr, /holds "README", and is no store/);
  Deno.writeTextFileSync(join(store, MARKER), '{"store":2}');
  assert.deepEqual(snapshot(store), before);
});

Deno.test("a store from before the marker is known by its layout, and gets one when it is written", async () => {
  await using place = await Workplace.copy();
  own(place, "");
  Deno.removeSync(place.store, { recursive: true });
  await new Deno.Command("cp", { args: ["-r", join(ROOT, "tests/stores/1"), place.store] })
    .output();
  const marker = join(place.store, MARKER);
  const runs = await place.do(["runs"]);
  assert.equal(runs.code, 0, runs.stderr);
  assert.notEqual(runs.stdout, "");
  assert.ok(!isThere(marker), "nothing is written by who reads");
  assert.equal((await place.do(["verify"])).code, 0);
  assert.deepEqual(outcomes(await place.run([CONFIG])), { ran: ["one"] });
  assert.ok(isThere(marker));
});

Deno.test("a marker that is damaged is made again where the layout is a store's, and nowhere else", async () => {
  await using place = await Workplace.copy();
  own(place, "");
  await place.run([CONFIG]);
  const marker = join(place.store, MARKER), right = Deno.readTextFileSync(marker);
  Deno.writeTextFileSync(marker, "{");
  assert.deepEqual(outcomes(await place.run([CONFIG])), { hit: ["one"] });
  await place.run([CONFIG, "--force", "one"]);
  assert.equal(Deno.readTextFileSync(marker), right);
  place.write("../thesis/tmp/chapter.txt", "years of work");
  place.write(`../thesis/${MARKER}`, "{");
  const words = ["run", CONFIG, "--store", join(place.folder, "thesis")];
  const { code, stderr } = await command(place.root, words);
  assert.deepEqual(
    [code, isThere(join(place.folder, "thesis/tmp/chapter.txt"))],
    [2, true],
    stderr,
  );
});

Deno.test("a link in the place of a store's folder is refused, for it leads out of the store", async (t) => {
  await using place = await Workplace.copy();
  own(place, "");
  await place.run([CONFIG]);
  place.write("../thesis/chapter.txt", "years of work");
  const thesis = join(place.folder, "thesis");
  Deno.utimeSync(join(thesis, "chapter.txt"), new Date(0), new Date(0));
  for (const name of ["tmp", "progress", "logs", "objects/00", "records/00", "locks/key"]) {
    await t.step(name, async () => {
      const path = join(place.store, name), aside = join(place.folder, "aside");
      const isTaken = isThere(path);
      if (isTaken) Deno.renameSync(path, aside);
      Deno.symlinkSync(thesis, path);
      for (const words of [["run", CONFIG], ["gc", "--older-than", "1d"]]) {
        const { code, stderr } = await place.do(words);
        assert.equal(code, 2, stderr);
        assert.ok(stderr.includes(`holds a link "${name}", which leads out of it`), stderr);
      }
      Deno.removeSync(path);
      if (isTaken) Deno.renameSync(aside, path);
    });
  }
  assert.deepEqual(snapshot(thesis), { "chapter.txt": "years of work" });
});
