/** A store that was damaged, through the engine: what is missing is made again, what is wrong is found. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Digest } from "../pipelines/plan/plan.ts";
import type { Event } from "../pipelines/run/event.ts";
import { Store } from "../pipelines/store/local.ts";
import { CAN_MOUNT, mount, unmount } from "./mount_rig.ts";
import { digests, outcomes, TINY, Workplace } from "./rig.ts";
import { CONFIG, own } from "./run_stages.ts";

/** Why each node ran, by node. */
function reasons(events: readonly Event[]) {
  return Object.fromEntries(
    events.flatMap((event) => event.type === "node-started" ? [[event.node, event.reason]] : []),
  );
}

/** The folder of a node's output. */
function folderOf(place: Workplace, output: string): string {
  const digest = digests(place.store)[output];
  assert.ok(digest, output);
  return new Store(place.store).objectFolder(digest as Digest); // from a run record
}

function flip(path: string): void {
  const content = Deno.readFileSync(path);
  const at = content.length >> 1;
  content[at] = (content[at] ?? 0) ^ 1;
  Deno.writeFileSync(path, content);
}

Deno.test("a damaged store mends itself: what is missing is made again, what is wrong is found by its reader", async (t) => {
  await using place = await Workplace.here();
  await place.run([TINY]);
  const before = digests(place.store);

  const harms: Record<string, (folder: string) => void> = {
    "a truncated chunk": (folder) => Deno.truncateSync(join(folder, "images", "c.0.0.0.0"), 9),
    "a chunk that is gone": (folder) => Deno.removeSync(join(folder, "images", "c.0.0.0.0")),
    "an object that is gone": (folder) => Deno.removeSync(folder, { recursive: true }),
    "an object.json that is cut off": (folder) => Deno.truncateSync(join(folder, "object.json"), 9),
  };
  for (const [name, harm] of Object.entries(harms)) {
    await t.step(`${name} is a miss that says so, and nothing after it runs`, async () => {
      harm(folderOf(place, "preprocess.test"));
      const events = await place.run([TINY]);
      assert.deepEqual(outcomes(events)["ran"], ["preprocess"]);
      const reason = reasons(events)["preprocess"];
      assert.ok(reason?.type === "output-missing");
      assert.equal(reason.output, "test");
      assert.ok(reason.detail.includes(folderOf(place, "preprocess.test")));
      assert.deepEqual(digests(place.store), before);
    });
  }

  await t.step(
    "a flipped bit is found by who reads it, set aside, and made again in the same run",
    async () => {
      const folder = folderOf(place, "preprocess.test");
      flip(join(folder, "images", "c.0.0.0.0"));
      const events = await place.run([TINY, "--force", "evaluate@baseline"]);
      const warnings = events.flatMap((event) => event.type === "warning" ? [event.message] : []);
      assert.equal(warnings.length, 1);
      const [warning = ""] = warnings;
      const file = join(folder, "images", "c.0.0.0.0");
      assert.ok(warning.startsWith(`"${file}" is damaged: its SHA-256 is`), warning);
      const [, aside = ""] = /it lies in "([^"]+)" now, and preprocess runs again/.exec(warning) ??
        [];
      assert.ok(aside.startsWith(join(place.store, "quarantine")));
      assert.ok(Deno.statSync(aside).isDirectory);
      assert.deepEqual(outcomes(events)["ran"], ["preprocess", "evaluate@baseline"]);
      assert.deepEqual(digests(place.store), before);
    },
  );

  await t.step("what is bad again in the same run fails, and names the file", async () => {
    const folder = folderOf(place, "preprocess.test");
    flip(join(folder, "images", "c.0.0.0.0"));
    let flipped = 0;
    // As a bad disk does: what has been made again is bad again before its reader opens it.
    const result = await place.do(["run", TINY, "--force", "evaluate@baseline", "--json"], {
      onLine(line) {
        const event = JSON.parse(line) as Event;
        if (event.type === "node-ended" && event.node === "preprocess" && event.outcome === "ran") {
          flip(join(folder, "images", "c.0.0.0.0"));
          flipped++;
        }
      },
    });
    assert.equal(result.code, flipped > 0 ? 1 : 0, result.stdout.slice(-2000));
    assert.match(result.stdout, /"type":"damaged"/);
    await place.do(["verify", "--repair"]);
    await place.run([TINY]);
    assert.deepEqual(digests(place.store), before);
  });

  await t.step(
    "verify finds each flipped byte of a store, and --repair makes it whole",
    async () => {
      assert.equal((await place.do(["verify"])).code, 0);
      const files = ["objects", "records", "bundles", "progress"].flatMap((room) => {
        const all: string[] = [];
        const visit = (path: string) => {
          for (const { name, isDirectory } of Deno.readDirSync(path)) {
            if (isDirectory) visit(join(path, name));
            else all.push(join(path, name));
          }
        };
        visit(join(place.store, room));
        // Every seventh, and of a kind at least one.
        return all.sort().filter((_, i) => i % 7 === 0);
      });
      files.forEach(flip);
      const found = await place.do(["verify", "--json"]);
      assert.equal(found.code, 1);
      const bad = found.stdout.trimEnd().split("\n").map((line) =>
        JSON.parse(line) as {
          readonly path: string;
          readonly problem: string | null;
        }
      ).filter(({ problem }) => problem !== null);
      for (const file of files) {
        assert.ok(bad.some(({ path }) => file.startsWith(path)), `${file} is not found`);
      }
      assert.equal((await place.do(["verify", "--repair"])).code, 0);
      await place.run([TINY]);
      assert.equal((await place.do(["verify"])).code, 0);
      assert.deepEqual(digests(place.store), before);
    },
  );

  await t.step("records that are gone or cut off are made again, and nothing changes", async () => {
    const folder = join(place.store, "records");
    const all = [...Deno.readDirSync(folder)].flatMap(({ name }) =>
      [...Deno.readDirSync(join(folder, name))].map((file) => join(folder, name, file.name))
    ).sort();
    all.forEach((path, index) =>
      index % 2 === 0 ? Deno.removeSync(path) : Deno.truncateSync(path, 50)
    );
    const events = await place.run([TINY]);
    assert.deepEqual(Object.keys(outcomes(events)), ["ran"]);
    assert.deepEqual(digests(place.store), before);
  });

  await t.step("so is all that may be deleted while nothing runs", async () => {
    for (const name of ["cache", "tmp", "locks", "last", "logs", "bundles"]) {
      await Deno.remove(join(place.store, name), { recursive: true }).catch(() => {});
    }
    assert.deepEqual(Object.keys(outcomes(await place.run([TINY]))), ["hit"]);
    assert.deepEqual(digests(place.store), before);
  });

  await t.step("code that is not what was put there does not run: it is built again", async () => {
    const store = new Store(place.store);
    const [run] = store.readRuns();
    const key = run?.nodes.find(({ node }) => node === "preprocess")?.key ?? null;
    const record = key === null ? null : store.readRecord(key);
    assert.ok(record);
    const bundle = store.bundleFolder(record.made.bundle);
    flip(join(bundle, "main.js"));
    const events = await place.run([TINY, "--force", "preprocess"]);
    const warnings = events.flatMap((event) => event.type === "warning" ? [event.message] : []);
    assert.ok(
      warnings.some((text) =>
        text.startsWith(`The code of "preprocess" in "${bundle}" is not what was put there; it`) &&
        text.endsWith("now, and it is built again")
      ),
      warnings.join("\n"),
    );
    assert.deepEqual(outcomes(events)["ran"], ["preprocess"]);
    assert.deepEqual(digests(place.store), before);
  });
});

Deno.test("what verify sets aside is not found again, and a run makes it anew", async () => {
  await using place = await Workplace.copy();
  own(place, "");
  await place.run([CONFIG]);
  const before = digests(place.store);
  const folder = new Store(place.store).objectFolder(before["one.out"] as Digest); // from a run record
  Deno.removeSync(join(folder, "numbers", "c.0"));
  const found = await place.do(["verify"]);
  assert.equal(found.code, 1);
  assert.match(found.stdout, /2 damaged: `--repair` sets them aside/, "the object and its record");
  const repaired = await place.do(["verify", "--repair"]);
  assert.equal(repaired.code, 0);
  assert.equal(repaired.stdout.match(/; it lies in .* now$/gm)?.length, 2);
  assert.match(repaired.stdout, /\n2 set aside: the next run makes them again/);
  const again = await place.do(["verify"]);
  assert.equal(again.code, 0, again.stdout);
  assert.match(again.stdout, /\neverything is as it was written, /);
  await place.run([CONFIG]);
  assert.deepEqual(digests(place.store), before);
});

Deno.test("a store in two file systems is told in words, with what to do", CAN_MOUNT, async (t) => {
  for (const name of ["objects", "bundles", "records", "cache"]) {
    await t.step(name, async () => {
      await using place = await Workplace.copy();
      own(place, "");
      await place.do(["plan", CONFIG]); // which marks it
      const folder = join(place.store, name);
      if (name === "bundles") Deno.removeSync(folder, { recursive: true });
      Deno.mkdirSync(folder, { recursive: true });
      await mount("-t", "tmpfs", "-o", "size=8m", "tmpfs", folder);
      try {
        const { code, stdout, stderr } = await place.do(["run", CONFIG]);
        const said = stdout + stderr;
        assert.doesNotMatch(said, /os error|^ {4}at /m);
        // A cache that cannot be written costs time only.
        if (name === "cache") return assert.equal(code, 0, said);
        assert.equal(code, 1, said);
        assert.match(said, /A folder of the store ".*" lies on another file system/);
        assert.match(said, /help: a store lies on one file system as a whole/);
      } finally {
        await unmount(folder);
      }
    });
  }
});
