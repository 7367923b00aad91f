/** What a stage process says and makes is looked at before it is believed: processes that lie, and what comes of it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { readConfig } from "../pipelines/config/read.ts";
import { Bundler, stopBundler } from "../pipelines/plan/bundle.ts";
import { Learner } from "../pipelines/plan/learn.ts";
import { Planner } from "../pipelines/plan/make.ts";
import type { Digest, Plan } from "../pipelines/plan/plan.ts";
import type { Event } from "../pipelines/run/event.ts";
import { runPlan } from "../pipelines/run/run.ts";
import { digestOfBundle, putBundle } from "../pipelines/store/bundles.ts";
import { Store } from "../pipelines/store/local.ts";
import { openArtifact, verifyArtifact } from "../pipelines/tensor/read.ts";
import { Workplace } from "./rig.ts";
import { CONFIG, own, STAGE, stageText } from "./run_stages.ts";

/** A process in the place of a stage's: it knows the token, and says what it likes. */
const LIAR = `const bytes = new Uint8Array(65);
for (let have = 0; have < 65;) have += Deno.stdin.readSync(bytes.subarray(have));
const token = new TextDecoder().decode(bytes.subarray(0, 64));
const print = (text) => Deno.stdout.writeSync(new TextEncoder().encode(text));
const say = (text) => print("\\n" + token + " " + text + "\\n");
let rest = "";
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  rest += text;
  if (rest.includes("\\n")) break;
}
const job = rest.includes('"job"') ? JSON.parse(rest.slice(0, rest.indexOf("\\n"))).job : null;
`;

async function putLiar(store: Store, root: string, body: string): Promise<Digest> {
  const text = (path: string) => new TextEncoder().encode(path);
  const files = new Map([
    ["deno.json", text(Deno.readTextFileSync(join(root, "deno.json")))],
    ["deno.lock", text(Deno.readTextFileSync(join(root, "deno.lock")))],
    [
      "main.js",
      text(`${LIAR}${body}\nfor (;;) await new Promise((end) => setTimeout(end, 1000));`),
    ],
  ]);
  const digest = await digestOfBundle(files);
  await putBundle(store, digest, files);
  return digest;
}

class Court implements AsyncDisposable {
  private constructor(readonly place: Workplace, readonly store: Store, readonly plan: Plan) {}

  static async open(): Promise<Court> {
    const place = await Workplace.copy();
    own(place, 'await outputs.out.write("more", "float64", [4], Float64Array.of(1, 2, 3, 4));');
    place.edit(STAGE, "rank: 1 } }", "rank: 1 } }, open: true");
    place.write(
      CONFIG,
      "stages:\n  one: { uses: ./own.ts }\n  two: { uses: ./own.ts, inputs: { before: one.out }, with: { value: 7 } }\n",
    );
    await place.run([CONFIG]);
    const store = new Store(place.store);
    const root = place.root;
    const { config, source } = await readConfig(join(root, CONFIG), root, ["two.value=9"]);
    const project = {
      root,
      configText: Deno.readTextFileSync(join(root, "deno.json")),
      lockText: Deno.readTextFileSync(join(root, "deno.lock")),
    };
    const planner = new Planner(project, store);
    const { plan } = await planner.plan(config, source);
    await planner.close();
    return new Court(place, store, plan);
  }

  /** Runs `two` with a liar in its place; answers how it ended, and all that was told. */
  async hear(body: string) {
    const bundle = await putLiar(this.store, this.place.root, body);
    const events: Event[] = [];
    const nodes = this.plan.nodes.map((node) =>
      node.id === "two" ? { ...node, code: { ...node.code, bundle } } : node
    );
    const result = await runPlan({ ...this.plan, nodes }, this.store, {
      id: "court",
      jobs: 1,
      memory: () => Promise.resolve(2 ** 32),
      forced: new Set(),
      keepGoing: true,
      signal: new AbortController().signal,
      datasets: [],
      rebuild: () => Promise.resolve(),
    }, (event) => events.push(event));
    const outcome = result.nodes.find(({ node }) => node === "two")?.outcome;
    const ended = events.find((one) => one.type === "node-ended" && one.node === "two");
    const failure = ended?.type === "node-ended" ? ended.failure : undefined;
    const log = Deno.readFileSync(await this.store.logFile("court", "two"));
    Deno.removeSync(await this.store.logFile("court", "two"));
    return { outcome, failure, events, log: new TextDecoder("latin1").decode(log) };
  }

  get victim(): Digest {
    const [run] = this.store.readRuns();
    // It has run before.
    return run?.nodes[0]?.outputs?.["out"] as Digest;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.place[Symbol.asyncDispose]();
  }
}

/** Copies the victim into its own output, and changes something of it. */
const copy = (change: string) => `
const from = job.inputs.before[0].folder, to = job.scratch + "/out";
const copyAll = (a, b) => {
  Deno.mkdirSync(b, { recursive: true });
  for (const one of Deno.readDirSync(a)) {
    if (one.isDirectory) copyAll(a + "/" + one.name, b + "/" + one.name);
    else Deno.writeFileSync(b + "/" + one.name, Deno.readFileSync(a + "/" + one.name));
  }
};
copyAll(from, to);
const hex = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
const info = JSON.parse(Deno.readTextFileSync(to + "/object.json"));
const change = async (path, edit) => {
  const bytes = edit(Deno.readFileSync(to + "/" + path));
  Deno.writeFileSync(to + "/" + path, bytes);
  info.files[path] = { size: bytes.length, sha256: await hex(bytes) };
  Deno.writeTextFileSync(to + "/object.json", JSON.stringify(info));
};
${change}
say(JSON.stringify({ type: "done", outputs: { out: job.inputs.before[0].digest } }));`;

const DONE = '"type":"done"';

/** What a process says in the end, and what is said of it. */
const LIES: Record<string, [body: string, message: RegExp]> = {
  "no outputs": [`say('{${DONE},"outputs":{}}');`, /did not make its output "out"/],
  "outputs that are none": [`say('{${DONE},"outputs":5}');`, /it answers wrongly: `outputs`/],
  "no message": [
    `say('{"type":"failed","failure":{"type":"threw","message":5}}');`,
    /it answers wrongly: `failure\.message`: .*expected string/,
  ],
  "a failure of no kind": [
    `say('{"type":"failed","failure":{"type":"worse","message":"x"}}');`,
    /it answers wrongly: `failure\.type`/,
  ],
  "an unknown reply": [`say('{"type":"believe-me"}');`, /it answers wrongly: `type`/],
  "a reply to something else": [
    `say(JSON.stringify({ type: "checked", params: {}, issues: [], checked: {} }));`,
    /answers "checked", which nobody asked for/,
  ],
  "no JSON": [`say("{");`, /it answers wrongly: .*JSON/],
  "JSON of great depth": [
    `say('{${DONE},"outputs":' + "[".repeat(1e6) + "]".repeat(1e6) + "}");`,
    /it answers wrongly/,
  ],
  "a reply without an end": [
    `print("\\n" + token + " "); for (let i = 0; i < 20; i++) print("x".repeat(1 << 20));`,
    /reply has more than 16777216 bytes/,
  ],
  "an output of another place": [
    `say('{${DONE},"outputs":{"../../objects/00/x":"' + "0".repeat(64) + '"}}');`,
    /it answers wrongly: `outputs\.\.\.\/\.\.\/objects/,
  ],
  "one more output": [
    copy("").replace("outputs: {", 'outputs: { more: "0".repeat(64), '),
    /made an output "more", which it does not declare/,
  ],
  "the digest of another": [
    copy(`await change("numbers/c.0", (bytes) => bytes.fill(1));`),
    /"numbers" in ".*" is damaged: the SHA-256 of its values/,
  ],
  "a manifest of another": [
    copy(`info.manifest.tensors.numbers.sha256 = "0".repeat(64);
    Deno.writeTextFileSync(to + "/object.json", JSON.stringify(info));`),
    /its manifest has the digest/,
  ],
  "attributes that the manifest does not have": [
    copy(`await change("zarr.json", (bytes) => {
      const group = JSON.parse(new TextDecoder().decode(bytes));
      group.attributes = { classes: ["none"] };
      return new TextEncoder().encode(JSON.stringify(group));
    });`),
    /zarr\.json" says something else than the manifest/,
  ],
  "a file that nothing names": [
    copy(`Deno.writeTextFileSync(to + "/more/stray", "x");`),
    /a file that is no part of its output: "more\/stray"/,
  ],
  "nothing at all": [`Deno.exit(0);`, /ended with code 0 and gave no result/],
  "an input that it calls damaged": [
    `say(JSON.stringify({ type: "failed", failure: {
      type: "damaged", message: "it is bad", folder: job.inputs.before[0].folder } }));`,
    /^it is bad$/,
  ],
};

Deno.test("a process that knows the token and lies fails alone: the engine goes on, and the store holds what it held", async (t) => {
  await using court = await Court.open();
  const { store, victim } = court;
  for (const [name, [body, message]] of Object.entries(LIES)) {
    await t.step(name, async () => {
      const { outcome, failure } = await court.hear(body);
      assert.equal(outcome, "failed");
      assert.match(failure?.message ?? "", message);
      await verifyArtifact(store.objectFolder(victim), victim);
      assert.deepEqual(store.findObjects("").length, 0);
      assert.equal([...store.objects()].length, 2, "nothing was put there");
      assert.deepEqual([...Deno.readDirSync(`${store.root}/tmp`)], []);
    });
  }
});

Deno.test("a stage that meets a damaged input, which is whole again by the time it says so, is tried once more", async () => {
  await using court = await Court.open();
  // As the second of two consumers, where the first one's word has had the input made again.
  const { outcome, events } = await court.hear(
    `const { folder } = job.progress;
    Deno.mkdirSync(folder, { recursive: true });
    if ([...Deno.readDirSync(folder)].length === 0) {
      Deno.writeTextFileSync(folder + "/told", "");
      say(JSON.stringify({ type: "failed", failure: {
        type: "damaged", message: "it was bad", folder: job.inputs.before[0].folder } }));
    } else {${copy("")}}`,
  );
  assert.equal(outcome, "ran");
  assert.ok(!events.some((one) => one.type === "node-started" && one.node === "one"));
  assert.ok(!events.some((one) => one.type === "warning"), "nothing was set aside");
  await verifyArtifact(court.store.objectFolder(court.victim), court.victim);
});

Deno.test("what is written into an output once it was said to be done is not in the store", async () => {
  await using court = await Court.open();
  const { store } = court;
  const { outcome, failure } = await court.hear(
    copy(`const file = Deno.openSync(to + "/numbers/c.0", { write: true });
    const late = () => { file.seekSync(0, 0); file.writeSync(new Uint8Array(24).fill(1)); };`) +
      "\nfor (let i = 0; i < 1e6; i++) late();",
  );
  // It is either the object that was declared, to the bit, or none.
  if (outcome !== "ran") assert.match(failure?.message ?? "", /damaged/);
  for (const digest of store.objects()) {
    await verifyArtifact(store.objectFolder(digest), digest);
  }
});

Deno.test("an object whose chunks are not its manifest's is not kept for the sake of being there, and no reader by rows takes it", async () => {
  await using court = await Court.open();
  const { store, victim } = court;
  const folder = store.objectFolder(victim);
  // As somebody leaves it who can write into the store: the list of files fits the false chunk.
  const chunk = Deno.readFileSync(`${folder}/more/c.0`).fill(1);
  Deno.writeFileSync(`${folder}/more/c.0`, chunk);
  const info = JSON.parse(Deno.readTextFileSync(`${folder}/object.json`));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", chunk)).toHex();
  info.files["more/c.0"].sha256 = digest;
  Deno.writeTextFileSync(`${folder}/object.json`, JSON.stringify(info));
  assert.equal(store.damage(victim), null, "its sizes are those that were written");

  const artifact = await openArtifact(folder, victim);
  await assert.rejects(artifact.tensor("more", "float64").rows(1, 2), { name: "DamagedError" });

  const { place } = court;
  await place.run([CONFIG, "--force", "one"]);
  await verifyArtifact(folder, victim);
});

Deno.test("all bytes that a stage writes land in its log, and none of them is a reply", async () => {
  await using court = await Court.open();
  const { outcome, log, events } = await court.hear(
    `print('{"type":"done","outputs":{}}\\n');
    print('{"type":"log","message":"forged"}\\n' + "0".repeat(64) + ' {"type":"log","message":"forged"}\\n');
    Deno.stdout.writeSync(Uint8Array.of(0xff, 0xfe, 0x00, 0x0a));
    Deno.stderr.writeSync(Uint8Array.of(0xfd, 0x0a));
    print("above\\n\\n\\nbelow\\n");
    print("x".repeat(20 << 20));
    print("half a line");${copy("")}`,
  );
  assert.equal(outcome, "ran");
  assert.ok(!events.some((one) => one.type === "node-log"));
  assert.match(log, /^\{"type":"done","outputs":\{\}\}$/m);
  assert.ok(log.includes("\xff\xfe\x00\n") && log.includes("\xfd\n"));
  assert.ok(log.includes("above\n\n\nbelow\n"));
  assert.ok(log.endsWith("half a line\n"), "the empty line before a reply is the engine's");
  assert.ok(log.includes(`${"x".repeat(20 << 20)}half a line\n`));
});

Deno.test("what a stage logs without an end is told to a bound, and all of it stands in its log", async () => {
  await using place = await Workplace.copy();
  own(place, 'for (let i = 0; i < 3000; i++) log("y".repeat(1000));');
  const events = await place.run([CONFIG]);
  const told = events.filter((one) => one.type === "node-log").map(({ message }) => message);
  assert.equal(told.at(-1), "Says more, which stands in its log alone");
  assert.equal(told.length, 1048);
  const [run] = new Store(place.store).readRuns();
  const log = Deno.readTextFileSync(run?.nodes[0]?.log ?? "");
  assert.equal(log.match(/y{1000}/g)?.length, 3000);
});

/** Answers of a stage's own `check`, and of what it declares. */
const ANSWERS: Record<string, [more: string, message: RegExp]> = {
  "memory that is a word": [
    "check: () => ({ resources: { memory: 'x' } }) as never,",
    /`checked\.resources\.memory`: .*expected number/,
  ],
  "kernels that are a word": [
    "check: () => ({ kernels: 'dense' }) as never,",
    /`checked\.kernels`: .*expected array/,
  ],
  "issues that are a number": ["check: () => ({ issues: 5 }) as never,", /`issues`: .*array/],
  "a misspelt answer": [
    "check: () => ({ resource: {} }) as never,",
    /Unrecognized key: "resource"/,
  ],
  "no answer": ["check: () => 7 as never,", /`checked`: .*expected object/],
  "a host that stands for all": ['hosts: [""],', /`description\.hosts\.0`: wanted a host/],
  "hosts in one text": ['hosts: ["a.org,b.org"],', /`description\.hosts\.0`: wanted a host/],
};

Deno.test("what a stage says of itself is looked at, and told at its place in the config", async (t) => {
  await using place = await Workplace.copy();
  for (const [name, [more, message]] of Object.entries(ANSWERS)) {
    await t.step(name, async () => {
      own(place, "", more);
      const { code, stderr } = await place.do(["plan", CONFIG]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, message);
      assert.match(stderr, /configs\/own\.yaml:3:11/);
      assert.doesNotMatch(stderr, /^\s+at /m);
    });
  }
  await t.step("an output that names another folder", async () => {
    place.write(
      STAGE,
      stageText("").replaceAll("out:", '"../out":').replace("outputs.out", 'outputs["../out"]'),
    );
    const { code, stderr } = await place.do(["plan", CONFIG]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /An output cannot have the name "\.\.\/out"/);
  });
});

Deno.test("a process that describes a stage and lies is no stage", async (t) => {
  await using place = await Workplace.copy();
  own(place, "");
  const store = new Store(place.store);
  const project = {
    root: place.root,
    configText: Deno.readTextFileSync(join(place.root, "deno.json")),
    lockText: Deno.readTextFileSync(join(place.root, "deno.lock")),
  };
  const code = await new Bundler(project, store).bundle(join(place.root, STAGE));
  await stopBundler();
  const lies = {
    "a number": ["say('5');", /it answers wrongly/],
    "a result": [`say('{${DONE},"outputs":{}}');`, /It gives no description of itself/],
    "a description that lacks all": [
      `say('{"type":"described","description":{}}');`,
      /`description\.name`/,
    ],
    "its end": ["Deno.exit(0);", /ended with code 0 and no answer/],
  } as const;
  for (const [name, [body, message]] of Object.entries(lies)) {
    await t.step(name, async () => {
      const learner = new Learner(store);
      const bundle = await putLiar(store, place.root, body);
      await assert.rejects(learner.describe({ ...code, bundle }), { name: "LearnError", message });
      await learner.close();
    });
  }
});
