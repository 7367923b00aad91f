/** Edits while a run is under way: no record ever names code that did not run. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Bundler, stopBundler } from "../pipelines/plan/bundle.ts";
import type { Event } from "../pipelines/run/event.ts";
import { Store } from "../pipelines/store/local.ts";
import type { StageRecord } from "../pipelines/store/store.ts";
import { outcomes, Workplace } from "./rig.ts";
import { CONFIG, own, STAGE } from "./run_stages.ts";

/** It waits for the engine's word that it has started, and for a while of real work. */
const SLOW = `
    for (let i = 0; i < 40; i++) {
      progress({ done: i, total: 40, unit: "wait" });
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    numbers[1] = answer();`;

const HELPER = "export function answer(): number {\n  return 42;\n}\n";

/** All stage records of a store. */
function records(store: string): StageRecord[] {
  const found: StageRecord[] = [];
  for (const folder of Deno.readDirSync(join(store, "records"))) {
    for (const file of Deno.readDirSync(join(store, "records", folder.name))) {
      found.push(JSON.parse(Deno.readTextFileSync(join(store, "records", folder.name, file.name))));
    }
  }
  return found;
}

async function slowPlace(): Promise<Workplace> {
  const place = await Workplace.copy();
  own(place, SLOW);
  place.edit(
    STAGE,
    'import { z } from "zod";',
    'import { z } from "zod";\nimport { answer } from "./helper.ts";',
  );
  place.write("configs/helper.ts", HELPER);
  return place;
}

/** Runs, and calls `edit` when the stage has begun. */
async function runAndEdit(place: Workplace, edit: () => void): Promise<Event[]> {
  let edited = false;
  const events = await place.run([CONFIG], {
    onLine(line) {
      if (edited || !line.includes('"node-progress"')) return;
      edited = true;
      edit();
    },
  });
  assert.ok(edited, "the stage told no progress");
  return events;
}

/** The digests of a stage's code as the project's sources are now. */
async function codeNow(place: Workplace) {
  const read = (name: string) => Deno.readTextFileSync(join(place.root, name));
  const project = {
    root: place.root,
    configText: read("deno.json"),
    lockText: read("deno.lock"),
  };
  try {
    const store = new Store(join(place.folder, "other-store"));
    return await new Bundler(project, store).bundle(join(place.root, STAGE));
  } finally {
    await stopBundler();
  }
}

Deno.test("a stage and its helper edited during a run: the record names the code that ran, and the next run runs the new", async () => {
  await using place = await slowPlace();
  const before = await codeNow(place);
  await runAndEdit(place, () => {
    place.edit("configs/helper.ts", "42", "43");
    place.edit(STAGE, "numbers[1] = answer()", "numbers[1] = answer() + 100");
  });
  const [record] = records(place.store);
  assert.deepEqual(record?.fingerprint.code, { built: before.built });
  const bundle = join(place.store, "bundles", record?.made.bundle ?? "");
  const text = [...Deno.readDirSync(bundle)].filter(({ name }) => name.endsWith(".js"))
    .map(({ name }) => Deno.readTextFileSync(join(bundle, name))).join("\n");
  assert.match(text, /return 42;/);
  assert.doesNotMatch(text, /return 43;/);

  const events = await place.run([CONFIG]);
  const started = events.find((event) => event.type === "node-started");
  assert.equal(started?.type === "node-started" && started.reason.type, "code");
  const after = await codeNow(place);
  const codes = records(place.store).map(({ fingerprint }) => fingerprint.code);
  assert.deepEqual(
    new Set(codes.map((one) => JSON.stringify(one))),
    new Set([before, after].map(({ built }) => JSON.stringify({ built }))),
  );
  assert.deepEqual(outcomes(await place.run([CONFIG])), { hit: ["one"] });
});

Deno.test("a package version edited during a run: the record names the version that ran", async () => {
  await using place = await slowPlace();
  place.edit(
    STAGE,
    'import { z } from "zod";',
    'import { z } from "zod";\nimport { slice } from "zarrita";',
  );
  place.edit(STAGE, "void [", "void [slice, ");
  await runAndEdit(place, () => {
    // As after an update: deno.json and deno.lock name another version, which is not even there.
    place.edit("deno.json", "npm:zarrita@0.7.5", "npm:zarrita@0.7.9");
    const lock = Deno.readTextFileSync(join(place.root, "deno.lock"));
    Deno.writeTextFileSync(
      join(place.root, "deno.lock"),
      lock.replaceAll("zarrita@0.7.5", "zarrita@0.7.9"),
    );
  });
  const [record] = records(place.store);
  assert.match(record?.fingerprint.packages["zarrita"] ?? "", /^0\.7\.5 sha512-/);
  const result = await place.do(["plan", CONFIG]);
  assert.doesNotMatch(result.stdout, /hit 1/, "the new version must not be taken for the old one");
});

Deno.test("the source of a kernel edited during a run: the record names the kernel that ran", async () => {
  await using place = await slowPlace();
  place.edit(STAGE, "run({ params,", "run({ kernel, params,");
  place.edit(STAGE, "numbers[1] = answer();", 'numbers[1] = (await kernel("data")).length;');
  place.edit(STAGE, "  async run(", '  check: () => ({ kernels: ["data"] }),\n  async run(');
  await runAndEdit(place, () => {
    place.edit(
      "kernels/assembly/data.ts",
      "export function",
      "export function more(): i32 {\n  return 7;\n}\n\nexport function",
    );
  });
  const [record] = records(place.store);
  const events = await place.run([CONFIG]);
  const started = events.find((event) => event.type === "node-started");
  assert.deepEqual(started?.type === "node-started" && started.reason, {
    type: "kernels",
    family: "data",
  });
  const digests = records(place.store).map(({ fingerprint }) => fingerprint.kernels["data"]);
  assert.equal(new Set(digests).size, 2);
  assert.ok(digests.includes(record?.fingerprint.kernels["data"]));
});
