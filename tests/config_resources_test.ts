/** `resources:` say what a stage may use, key by key over the config's own; they never reach a key. */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { NO_RESOURCES } from "../pipelines/config/config.ts";
import { configSchema } from "../pipelines/config/json_schema.ts";
import { fits } from "./config_json_schema.ts";
import { ConfigRig, oneStage, text } from "./config_rig.ts";

Deno.test("a stage's resources stand over the config's, key by key", async () => {
  await using rig = await ConfigRig.make();
  const { config } = await rig.read(text`
    resources: { cpus: 2, time: 2h, gpus: 1, sbatch: ["--qos=long"] }
    stages:
      a: { uses: train }
      b:
        uses: train
        resources:
          { memory: 8GB, gpus: "a100:2", time: 90s, partition: "fast,slow", account: me, sbatch: [] }
      c: { uses: train, resources: { memory: 512000000, gpus: null, memoryPer: cpu, tasks: 40 } }
  `);
  const top = { ...NO_RESOURCES, cpus: 2, time: 7_200_000, gpus: "1", sbatch: ["--qos=long"] };
  assert.deepEqual(config.stages.map(({ resources }) => resources), [
    top,
    {
      cpus: 2,
      memory: 8e9,
      memoryPer: null,
      tasks: null,
      gpus: "a100:2",
      time: 90_000,
      partition: "fast,slow",
      account: "me",
      sbatch: [],
    },
    { ...top, memory: 512e6, gpus: null, memoryPer: "cpu", tasks: 40 },
  ]);
});

Deno.test("an override reaches one key of a stage's resources", async () => {
  await using rig = await ConfigRig.make();
  const config = oneStage("resources: { cpus: 2, memory: 8GB }");
  const read = await rig.read(config, "a.resources.cpus=4", "a.resources.partition=fast");
  assert.deepEqual(read.config.stages[0]?.resources, {
    ...NO_RESOURCES,
    cpus: 4,
    memory: 8e9,
    partition: "fast",
  });
});

Deno.test("resources that are none are told at their places, all at once", async () => {
  await using rig = await ConfigRig.make();
  assert.equal(
    await rig.complaint(oneStage(
      "resources:",
      "  cpu: 2",
      "  cpus: 0",
      "  memory: 8",
      "  gpus: none",
      "  time: 2 hours",
      "  partition: a b",
    )),
    text`
    error: Unknown key "cpu"
     --> /configs/c.yaml:5:7
    5 |       cpu: 2
      |       ^^^
      help: Did you mean "cpus"?

    error: Found 0, wanted a whole number from 1 to 4096
     --> /configs/c.yaml:6:13
    6 |       cpus: 0
      |             ^

    error: Found 8, wanted a size from 64MB, e.g. 8GB, 512MB
     --> /configs/c.yaml:7:15
    7 |       memory: 8
      |               ^

    error: Found "none", wanted a number of GPUs, "1" or "a100:2"
     --> /configs/c.yaml:8:13
    8 |       gpus: none
      |             ^^^^
      help: YAML's word is null; without the key the default holds

    error: Found "2 hours", wanted a time up to 365 days, e.g. 2h, 30min, 90s
     --> /configs/c.yaml:9:13
    9 |       time: 2 hours
      |             ^^^^^^^

    error: Found "a b", wanted a name
      --> /configs/c.yaml:10:18
    10 |       partition: a b
       |                  ^^^

    6 errors`,
  );
});

Deno.test("options of sbatch that are Crisol's are refused, shortened ones too", async () => {
  await using rig = await ConfigRig.make();
  const complaint = (option: string) =>
    rig.complaint(oneStage("resources:", `  sbatch: [${JSON.stringify(option)}]`));
  assert.equal(
    await complaint("--time=3"),
    text`
    error: The option "--time" is not free: Crisol gives sbatch its own
     --> /configs/c.yaml:5:16
    5 |       sbatch: ["--time=3"]
      |                ^^^^^^^^^^
      help: Write \`time:\` among the resources`.replaceAll("\\`", "`"),
  );
  for (const option of ["--wrap=reboot", "--arr=1-9", "--export=NONE", "--no-req", "--hel"]) {
    assert.match(await complaint(option), /is not free/, option);
  }
  for (const option of ["-p fast", "fast", "--", "--qos long", "--qos=a\nb", "--Qos=1"]) {
    assert.match(await complaint(option), /wanted a long option of sbatch without blanks/, option);
  }
});

Deno.test("editors allow the resources that the reader allows", () => {
  const schema = configSchema([]);
  const ok = (yaml: string) =>
    fits(
      { resources: parse(yaml), stages: { a: { uses: "./a.ts", resources: parse(yaml) } } },
      schema,
      schema,
    );
  assert.ok(ok("{ cpus: 2, memory: 8GB, gpus: 1, time: 2h, partition: fast, account: null }"));
  assert.ok(ok('{ memory: 512000000, gpus: "a100:2", sbatch: ["--qos=long"] }'));
  assert.ok(
    ok("{ memoryPer: none, tasks: 40 }") && !ok("{ memoryPer: core }") && !ok("{ tasks: 0 }"),
  );
  for (
    const bad of [
      "{ cpu: 2 }",
      "{ cpus: 0 }",
      "{ memory: much }",
      "{ gpus: none }",
      "{ time: 2 hours }",
      "{ sbatch: --qos=long }",
      "{ sbatch: [fast] }",
    ]
  ) assert.ok(!ok(bad), bad);
});
