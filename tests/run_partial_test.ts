/** What fails must not cost what is done: a stage that can do with less runs on what there is. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Event } from "../pipelines/run/event.ts";
import { Store } from "../pipelines/store/local.ts";
import { isThere, outcomes, Workplace } from "./rig.ts";
import { CONFIG, gatherText, stageText } from "./run_stages.ts";

const BASE = `stages:
  make:
    uses: ./own.ts
    variants:
      a: { with: { value: 1 } }
      b: { with: { value: 2, text: fail } }
      c: { with: { value: 3 } }
  next: { uses: ./own.ts, inputs: { before: make } }
  other: { uses: ./own.ts, with: { value: 9 } }
`;
const WHOLE =
  `${BASE}  page: { uses: ./gather.ts, inputs: { all: next, also: make, one: other } }\n`;
/** The same without the variant that fails. */
const LESS = WHOLE.replace(/ {6}b: .*\n/, "");
const FINE = WHOLE.replace(", text: fail", "");

async function gathering(config: string, more = "partial: true"): Promise<Workplace> {
  const place = await Workplace.copy();
  place.write(
    "configs/own.ts",
    stageText('if (params.text.startsWith("fail")) throw new Error("Asked to fail");'),
  );
  place.write("configs/gather.ts", gatherText(more));
  place.write(CONFIG, config);
  return place;
}

const pageOf = (place: Workplace, name: string) =>
  // Behind the policy that is put before it.
  Deno.readTextFileSync(join(place.reports, name)).replace(/^<!doctype.*\n/, "").split("<")[0];

const ended = (events: readonly Event[], node: string) => {
  const found = events.find((event) => event.type === "node-ended" && event.node === node);
  assert.ok(found?.type === "node-ended", node);
  return found;
};

Deno.test("with --keep-going what can do with less runs on what there is, and what it lacks is named", async () => {
  await using place = await gathering(WHOLE);
  const events = await place.run([CONFIG, "--keep-going"], { code: 1 });
  const found = outcomes(events);
  assert.deepEqual([found["failed"], found["blocked"]], [["make@b"], ["next@b"]]);
  assert.deepEqual(ended(events, "page").missing, ["next@b", "make@b"]);
  assert.equal(pageOf(place, "own.partial.html"), "all: a c; also: a c");
  assert.ok(!isThere(join(place.reports, "own.html")));
  assert.ok(!isThere(join(place.root, "configs/own.lock.yaml")), "nothing partial is locked");
  const warned = events.flatMap((event) => event.type === "warning" ? [event.message] : []);
  assert.match(warned.join("\n"), /own\.partial\.html" is not whole: it lacks next@b, make@b\./);
  // Without the variant in the config it is the same page, of the same key.
  place.write(CONFIG, LESS);
  const less = await place.run([CONFIG]);
  assert.equal(ended(less, "page").outcome, "hit");
  assert.equal(ended(less, "page").missing, undefined);
  // The page that is published names what it lacks, and why.
  const [, before] = new Store(place.store).readRuns();
  assert.deepEqual(before?.nodes.find(({ node }) => node === "page")?.missing, [
    "next@b",
    "make@b",
  ]);
  const text = Deno.readTextFileSync(join(place.reports, "own.partial.html"));
  assert.match(text, /"missing":\["next@b","make@b"\]/);
  assert.match(text, /"message":"Asked to fail"/);
});

Deno.test("a whole page, the lock and the last result stay where a later run can do with less alone", async () => {
  await using place = await gathering(FINE);
  await place.run([CONFIG]);
  const whole = Deno.readTextFileSync(join(place.reports, "own.html"));
  assert.equal(pageOf(place, "own.html"), "all: a b c; also: a b c");
  const lock = Deno.readTextFileSync(join(place.root, "configs/own.lock.yaml"));
  const { stdout, code } = await place.do([
    "run",
    CONFIG,
    "--keep-going",
    "--set",
    "make@b.text=fails",
  ]);
  assert.equal(code, 1);
  assert.match(stdout, /^ran +page .* without next@b, make@b/m);
  assert.match(stdout, /^warning .*it lacks next@b, make@b\. The last whole page stays/m);
  assert.match(stdout, /; report: .*own\.set-[0-9a-f]{8}\.partial\.html$/m);
  assert.equal(Deno.readTextFileSync(join(place.reports, "own.html")), whole);
  assert.equal(Deno.readTextFileSync(join(place.root, "configs/own.lock.yaml")), lock);
  // What comes next is held beside the last whole result.
  const why = await place.do(["plan", CONFIG, "--set", "make@b.value=7"]);
  assert.match(why.stdout, /page .*waits/i);
  const events = await place.run([CONFIG]);
  assert.deepEqual(Object.keys(outcomes(events)), ["hit"]);
});

Deno.test("without --keep-going, or where an input needs all, a failure blocks what gathers", async () => {
  await using place = await gathering(WHOLE);
  const stopped = outcomes(await place.run([CONFIG, "--jobs", "1"], { code: 1 }));
  assert.ok(stopped["blocked"]?.includes("page"));
  place.write("configs/gather.ts", gatherText(""));
  const found = outcomes(await place.run([CONFIG, "--keep-going"], { code: 1 }));
  assert.deepEqual(found["blocked"]?.sort(), ["next@b", "page"]);
});

Deno.test("what has nothing left to gather, or lacks an input that does not gather, is blocked", async () => {
  const none = WHOLE.replace("value: 1 }", "value: 1, text: fail }")
    .replace("value: 3 }", "value: 3, text: fail }");
  await using place = await gathering(none);
  const found = outcomes(await place.run([CONFIG, "--keep-going"], { code: 1 }));
  assert.ok(found["blocked"]?.includes("page"));
  place.write(CONFIG, FINE.replace("value: 9 }", "value: 9, text: fail }"));
  const other = outcomes(await place.run([CONFIG, "--keep-going"], { code: 1 }));
  assert.deepEqual([other["failed"], other["blocked"]], [["other"], ["page"]]);
  // An optional input of which nothing is left is as one that is not connected.
  const sole = FINE.replace("also: make", "also: other").replace(
    "value: 9 }",
    "value: 9, text: fail }",
  )
    .replace(", one: other", "");
  place.write(CONFIG, sole);
  const events = await place.run([CONFIG, "--keep-going"], { code: 1 });
  assert.deepEqual(ended(events, "page").missing, ["other"]);
  assert.equal(pageOf(place, "own.partial.html"), "all: a b c; also: ");
});

Deno.test("a stage of which one artifact is taken cannot say that it does with less", async () => {
  await using place = await gathering(LESS);
  place.edit("configs/gather.ts", "one: {", "one: { partial: true,");
  const { code, stderr } = await place.do(["plan", CONFIG]);
  assert.equal(code, 2);
  assert.match(stderr, /inputs\.one.*wanted `arity: "many"` with `partial`/);
});
