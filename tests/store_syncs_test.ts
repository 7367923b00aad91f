/** What a power failure may not take: files are synced before they get their names, and names after that. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { isThere, needs, outcomes, Workplace } from "./rig.ts";
import { CONFIG, own } from "./run_stages.ts";

async function isTraced(): Promise<boolean> {
  try {
    const args = ["-o", "/dev/null", "true"];
    return (await new Deno.Command("strace", { args, stderr: "null" }).output()).success;
  } catch {
    return false;
  }
}

/** Lines of what a command of the project asked of the system, in order: syncs with their path, renames, folders. */
async function trace(place: Workplace, words: readonly string[]): Promise<string[]> {
  const log = join(place.folder, "trace");
  const { success, stdout, stderr } = await new Deno.Command("strace", {
    args: [
      "-f",
      "-y",
      "-s",
      "4096",
      "-e",
      "trace=fsync,fdatasync,rename,renameat,renameat2,mkdir,mkdirat",
      "-o",
      log,
      Deno.execPath(),
      "run",
      "--quiet",
      "-A",
      join(place.root, "pipelines/main.ts"),
      ...words,
      "--store",
      place.store,
      "--reports",
      place.reports,
    ],
    cwd: place.root,
    stdout: "piped",
    stderr: "piped",
  }).output();
  assert.ok(success, new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr));
  // A call that another thread interrupts is two lines, and the second one says nothing of its path.
  return Deno.readTextFileSync(log).split("\n").flatMap((line) => {
    const synced = /f(?:data)?sync\(\d+<([^>]*)>/.exec(line)?.[1];
    const renamed = /rename\w*\(.*"([^"]*)"(?:, \w+)?(?:\)| <unfinished)/.exec(line)?.[1];
    const made = /mkdir\w*\((?:AT_FDCWD\S*, )?"([^"]*)".*(?:= 0|<unfinished)/.exec(line)?.[1];
    return synced !== undefined
      ? [`sync ${synced}`]
      : renamed !== undefined
      ? [`name ${renamed}`]
      : made !== undefined
      ? [`make ${made}`]
      : [];
  });
}

const folderOf = (path: string) => path.slice(0, path.lastIndexOf("/"));

Deno.test(
  "records, runs, bundles, pages and the config's lock last once the run has ended",
  needs("strace", await isTraced()),
  async () => {
    await using place = await Workplace.copy();
    own(place, "");
    Deno.removeSync(place.store, { recursive: true });
    const lines = await trace(place, ["run", CONFIG]);
    const lasting = [
      /\/crisol-store\.json$/,
      /\/configs\/own\.lock\.yaml$/,
      /\/store\/runs\/[^/]+\.json$/,
      /\/store\/records\/[^/]+\/[0-9a-f]{64}\.json$/,
      /\/store\/objects\/[^/]+\/[0-9a-f]{64}$/,
      /\/store\/bundles\/[0-9a-f]{64}$/,
    ];
    for (const what of lasting) {
      const at = lines.findIndex((line) => line.startsWith("name ") && what.test(line));
      const path = lines[at]?.slice(5) ?? "";
      assert.notEqual(at, -1, `${what} gets its name`);
      const after = lines.slice(at + 1);
      assert.ok(after.includes(`sync ${folderOf(path)}`), `the name of ${path} is synced`);
      assert.ok(
        lines.slice(0, at).some((line) => line.startsWith("sync ")),
        `${path} is synced before it has its name`,
      );
      // And the names of all folders on its way that are new.
      for (
        let folder = folderOf(path);
        folder.startsWith(place.store);
        folder = folderOf(folder)
      ) {
        const made = lines.indexOf(`make ${folder}`);
        if (made === -1) continue;
        assert.ok(
          lines.slice(made).includes(`sync ${folderOf(folder)}`),
          `the name of ${folder} is synced`,
        );
      }
    }
    // What can be computed again is not worth the wait.
    assert.ok(!lines.some((line) => /^sync .*\/cache\//.test(line)));
  },
);

Deno.test("what killed runs left half written goes with the next run, and nothing of the user's", async () => {
  await using place = await Workplace.copy();
  own(place, "");
  const old = (path: string) => {
    place.write(path, "half");
    Deno.utimeSync(join(place.root, path), new Date(0), new Date(0));
  };
  const lock = "configs/own.lock.yaml";
  const left = [`${lock}.0123abcd.tmp`, "../store/tmp/0123abcd.tmp"];
  const stays = [
    `${lock}.mine.tmp`,
    "configs/own.yaml.0123abcd.tmp",
    "configs/0123abcd.tmp",
    `${lock}.0123abcd.tmp.txt`,
  ];
  for (const path of [...left, ...stays]) old(path);
  // One that somebody writes, and one that was begun just now.
  old(`${lock}.aaaaaaaa.tmp`);
  using held = Deno.openSync(join(place.root, `${lock}.aaaaaaaa.tmp`), { read: true, write: true });
  held.lockSync(true);
  place.write(`${lock}.bbbbbbbb.tmp`, "begun");
  assert.deepEqual(outcomes(await place.run([CONFIG])), { ran: ["one"] });
  for (const path of left) assert.ok(!isThere(join(place.root, path)), path);
  for (const path of [...stays, `${lock}.aaaaaaaa.tmp`, `${lock}.bbbbbbbb.tmp`]) {
    assert.ok(isThere(join(place.root, path)), path);
  }
});

Deno.test("gc removes locks that nobody has, and keys to compare with whose records are gone", async () => {
  await using place = await Workplace.copy();
  own(place, "");
  for (const value of [1, 2]) await place.run([CONFIG, "--set", `one.value=${value}`]);
  const names = (folder: string) =>
    [...Deno.readDirSync(join(place.store, folder))].map(({ name }) => name);
  place.write("../store/records/aa/x.json.0123abcd.tmp", "half");
  const key = "ab".repeat(32);
  place.write(`../store/locks/${key}`, "");
  assert.equal((await place.do(["gc", "--keep-runs", "1"])).code, 0);
  assert.deepEqual(names("locks").filter((name) => name.length >= 64), []);
  assert.equal(names("last").length, 1, "of what is kept");
  assert.ok(!isThere(join(place.store, "records/aa/x.json.0123abcd.tmp")));
  assert.equal((await place.do(["gc", "--max-size", "0B"])).code, 0);
  assert.equal(names("last").length, 0);
});
