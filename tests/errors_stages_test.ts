/** Stages that fail, as a user reads it: the whole text, and what is done in spite of it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Store } from "../pipelines/store/local.ts";
import process from "node:process";
import { outcomes, Workplace } from "./rig.ts";
import { CONFIG, own, STAGE } from "./run_stages.ts";

/** What is between the stage's name and the log's path. */
const CASES: readonly {
  readonly what: string;
  readonly body: string;
  readonly told: string;
  /** Where in the body it is told to be; absent: nowhere. */
  readonly at?: string;
}[] = [
  {
    what: "that throws several lines with control characters",
    at: "new Error",
    body: 'throw new Error("No wheels\\non the bus\\u001b[31m");',
    told: "No wheels\n  on the bus\\u001b[31m",
  },
  { what: "that throws what is no error", body: 'throw "wheels";', told: "wheels" },
  {
    what: "that throws where nobody waits",
    at: "new Error",
    body: 'setTimeout(() => { throw new Error("No wheels"); }, 0);\n' +
      "await new Promise(() => {});",
    told: "No wheels",
  },
  {
    what: "that leaves a rejected promise behind",
    at: "new Error",
    body: 'Promise.reject(new Error("No wheels"));\n' +
      "await new Promise(() => {});",
    told: "No wheels",
  },
  {
    what: "that ends its process",
    at: "exit(0)",
    body: "Deno.exit(0);",
    told: "A stage has no Deno.exit: it ends when `run` returns, and fails when that throws",
  },
  {
    what: "that runs out of memory",
    body: "const all: string[][] = [];\n" +
      'for (;;) all.push(Array.from({ length: 1e5 }, (_, i) => "x" + i));',
    told: "The stage ran out of memory\n" +
      "  help: say in the config how much it may take, as `resources: { memory: 4GB }`; without that its `check` says it, and 1 GiB where that does not",
  },
  {
    what: "that reads a file",
    at: "readTextFile",
    body: 'await Deno.readTextFile("deno.json");',
    told: 'Stage "own" may not read "deno.json"\n' +
      "  help: declare an artifact in `inputs`: it reads no other file",
  },
  {
    what: "that writes a tensor of another shape",
    at: 'await outputs.out.write("numbers", "float64", [4]',
    body: 'await outputs.out.write("numbers", "float64", [4], numbers); return;',
    told: 'Tensor "numbers" of output "out" is not whole: [4] is 4 values, 3 were written',
  },
  {
    what: "that writes a tensor of another rank",
    body: 'await outputs.out.write("numbers", "float64", [3, 1], numbers); return;',
    told: 'Tensor "numbers" of output "out" is float64 of rank 2: float64 of rank 1 was declared',
  },
  {
    what: "that writes a tensor of another name",
    body: 'await outputs.out.write("nombers", "float64", [3], numbers); return;',
    told: 'Output "out" lacks the tensor "numbers": it holds nombers',
  },
];

/** The place of some words in the test's own stage. */
function placeOf(place: Workplace, words: string): string {
  const lines = Deno.readTextFileSync(join(place.root, STAGE)).split("\n");
  const line = lines.findIndex((text) => text.includes(words));
  return `${STAGE}:${line + 1}:${(lines[line]?.indexOf(words) ?? 0) + 1}`;
}

Deno.test("a stage that fails is told whole, once, with its log, and no stack", async (t) => {
  await using place = await Workplace.copy();
  for (const { what, body, told, at } of CASES) {
    await t.step(`one ${what}`, async () => {
      own(place, body, "check: () => ({ resources: { memory: 64 * 1024 * 1024 } }),");
      const [message, ...help] = told.split("\n  help: ");
      const where = at === undefined ? [] : [`at: ${placeOf(place, at)}`];
      const lines = [message, ...where, ...help.map((one) => `help: ${one}`)].join("\n  ");
      const { code, stdout, stderr } = await place.do(["run", CONFIG, "--quiet"]);
      const [, log = ""] = /\n {2}log: (.*)\n/.exec(stdout) ?? [];
      assert.equal(
        stdout.replace(log, "LOG").replace(/ in .* s\n/, " in TIME\n"),
        `error: one: ${lines}\n  log: LOG\nran 0, hit 0, failed 1 in TIME\n`,
      );
      assert.deepEqual([code, stderr], [1, ""]);
      assert.ok(Deno.statSync(log).isFile);
    });
  }
});

const CONFIG_OF_TWO = `stages:
  slow: { uses: ./own.ts, with: { text: slow } }
  quick: { uses: ./own.ts, with: { text: quick } }
  after: { uses: ./own.ts, with: { text: after }, inputs: { before: slow } }
`;

Deno.test("after a failure what runs is finished and kept, and nothing is begun", async () => {
  await using place = await Workplace.copy();
  // The slow one ends only after the test has seen the other fail: so long its question has no answer.
  const failed = Promise.withResolvers<Response>();
  await using server = Deno.serve({ port: 0, onListen() {} }, () => failed.promise);
  const host = `localhost:${server.addr.port}`;
  own(
    place,
    `if (params.text === "quick") throw new Error("Asked to fail");
    if (params.text === "slow") await (await fetch("http://${host}/")).text();`,
    `hosts: ["${host}"],`,
  );
  place.write(CONFIG, CONFIG_OF_TWO);
  const first = outcomes(
    await place.run([CONFIG, "--jobs", "2"], {
      code: 1,
      onLine(line) {
        if (line.includes('"outcome":"failed"')) failed.resolve(new Response("go on"));
      },
    }),
  );
  assert.deepEqual(first, { failed: ["quick"], ran: ["slow"], cancelled: ["after"] });
  const second = outcomes(await place.run([CONFIG, "--keep-going"], { code: 1 }));
  assert.deepEqual(second, { hit: ["slow"], failed: ["quick"], ran: ["after"] });
});

Deno.test({
  name: "an interrupt of the whole group, as a terminal sends it, ends all with exit code 130",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using place = await Workplace.copy();
    own(
      place,
      `if (params.text === "wait") {
      progress({ done: 0, total: 1, unit: "wait" });
      for (;;) await new Promise((resolve) => setTimeout(resolve, 20));
    }`,
    );
    place.write(
      CONFIG,
      `stages:
  one: { uses: ./own.ts }
  two: { uses: ./own.ts, with: { text: wait }, inputs: { before: one } }
`,
    );
    // A shell of its own makes a group of its own; its process id is the group's.
    const engine = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--quiet", "--allow-all", "pipelines/main.ts", "run", CONFIG],
        ...["--store", place.store, "--reports", place.reports],
      ],
      cwd: place.root,
      env: { NO_COLOR: "1" },
      stdout: "piped",
      stderr: "piped",
      detached: true,
    }).spawn();
    let printed = "";
    for await (const text of engine.stdout.pipeThrough(new TextDecoderStream())) {
      const isFirst = !printed.includes("start      two");
      printed += text;
      if (isFirst && printed.includes("start      two")) process.kill(-engine.pid, "SIGINT");
    }
    const [stderr, status] = await Promise.all([
      new Response(engine.stderr).text(),
      engine.status,
    ]);
    assert.deepEqual([status.code, stderr], [130, ""], printed);
    assert.match(
      printed,
      /^interrupted: ran 1, hit 0, failed 0, cancelled 1 in .*\nthe same command goes on\n$/m,
    );
    // The run is recorded, and its events say how it ended.
    const [record] = new Store(place.store).readRuns();
    assert.deepEqual(record?.nodes.map(({ outcome }) => outcome), ["ran", "cancelled"]);
    const events = Deno.readTextFileSync(`${place.store}/events/${record?.id}.jsonl`);
    assert.match(events, /"type":"run-ended".*"interrupted":true/);
    // Nobody is left in the group.
    assert.throws(() => process.kill(-engine.pid, 0), /ESRCH/);
    const edited = Deno.readTextFileSync(`${place.root}/${CONFIG}`).replace("wait", "go");
    place.write(CONFIG, edited);
    assert.deepEqual(outcomes(await place.run([CONFIG])), { hit: ["one"], ran: ["two"] });
  },
});
