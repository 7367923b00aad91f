/** Output that cannot be written ends the output, and never the run. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { writer } from "../pipelines/cli/terminal.ts";
import { isThere, Workplace } from "./rig.ts";
import { CONFIG, own } from "./run_stages.ts";

Deno.test("a stream that is full for a while, or interrupted, gets every byte in the end", () => {
  const taken: number[] = [];
  let turn = 0;
  const write = writer({
    writeSync(bytes) {
      turn++;
      if (turn % 3 === 0) throw new Deno.errors.Interrupted("os error 4");
      if (turn % 2 === 0) throw new Deno.errors.WouldBlock("os error 11");
      taken.push(...bytes.subarray(0, 2));
      return Math.min(2, bytes.length);
    },
  }, assert.fail);
  write("all of it\n");
  assert.equal(new TextDecoder().decode(Uint8Array.from(taken)), "all of it\n");
});

Deno.test("a stream that cannot be written is told once, and a reader that went away never", () => {
  const told: string[] = [];
  for (const error of [new Error("No space left on device"), new Deno.errors.BrokenPipe("gone")]) {
    let tries = 0;
    const sink = {
      writeSync() {
        tries++;
        throw error;
      },
    };
    const write = writer(sink, (why) => told.push(why));
    for (let i = 0; i < 3; i++) write("a line\n");
    assert.equal(tries, 1);
  }
  assert.deepEqual(told, ["No space left on device"]);
});

Deno.test("a run whose output is full, closed or goes nowhere is done all the same", async (t) => {
  for (const [how, said] of [["> /dev/full", /cannot be written/], ["| true", /^$/]] as const) {
    for (const flags of [[], ["--json"], ["--quiet"]]) {
      await t.step(`${how} ${flags.join(" ")}`, async () => {
        await using place = await Workplace.copy();
        own(place, 'for (let i = 0; i < 200; i++) log("a line of many".repeat(100));');
        const words = [CONFIG, ...flags, "--store", place.store, "--reports", place.reports];
        const { stderr } = await new Deno.Command("sh", {
          args: [
            "-c",
            `"$0" run --quiet -A pipelines/main.ts run "$@" ${how}`,
            Deno.execPath(),
            ...words,
          ],
          cwd: place.root,
          stdout: "piped",
          stderr: "piped",
        }).output();
        assert.match(new TextDecoder().decode(stderr), said);
        assert.doesNotMatch(new TextDecoder().decode(stderr), /^error|^ {4}at /m);
        assert.ok(isThere(join(place.root, "configs/own.lock.yaml")), "the run came to its end");
        assert.match((await place.do(["plan", CONFIG])).stdout, /hit/);
      });
    }
  }
});

Deno.test("help and complaints that cannot be written are no errors of their own", async () => {
  for (const words of [["--help"], ["run"], ["nonsense"]]) {
    const { code, stderr } = await new Deno.Command("sh", {
      args: [
        "-c",
        '"$0" run --quiet -A pipelines/main.ts "$@" > /dev/full 2> /dev/full',
        Deno.execPath(),
        ...words,
      ],
      cwd: new URL("..", import.meta.url),
      stderr: "piped",
    }).output();
    assert.equal(code, words[0] === "--help" ? 0 : 2);
    assert.equal(stderr.length, 0);
  }
});
