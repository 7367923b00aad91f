/** What is wrong with a config's stages: types, names, files, references, cycles. */
import assert from "node:assert/strict";
import { ConfigRig, oneStage, text } from "./config_rig.ts";

/** Each complaint's place, message and help on one line; the last line counts them. */
async function complaints(config: string): Promise<string[]> {
  await using rig = await ConfigRig.make();
  return (await rig.complaint(config)).split("\n\n").map((block) => {
    const lines = block.split("\n");
    const place = /:(\d+:\d+)$/.exec(lines[1] ?? "")?.[1];
    const help = /^ {2}help: (.*)$/.exec(lines.at(-1) ?? "")?.[1];
    const message = lines[0]?.replace(/^error: /, "") ?? "";
    return [place, message, help].filter((part) => part !== undefined).join(" | ");
  });
}

Deno.test("wrong types say what was found and what was wanted", async () => {
  assert.deepEqual(
    await complaints(
      "# wrong\nseed: 1.5\n" + oneStage(
        "with: []",
        "inputs: x",
        "variants: { v: 1, w: { with: 2 } }",
        "matrix: { rate: 0.1 }",
        "seeds: 0",
        "join: all",
        "cache: no",
      ) + "  b: hi\n  c:\n  d: { with: {} }\n  e: { uses: 3 }\n",
    ),
    [
      "2:7 | Found 1.5, wanted a whole number from 0 to 9007199254740991",
      "6:11 | Found a list, wanted a map",
      '7:13 | Found "x", wanted a map of inputs',
      "8:20 | Found 1, wanted a map",
      "8:34 | Found 2, wanted a map",
      "9:21 | Found 0.1, wanted a list of values",
      "10:12 | Found 0, wanted a whole number from 1 to 1000",
      '11:11 | Found "all", wanted "product"',
      '12:12 | Found "no", wanted true or false | Write false',
      '13:6 | Found "hi", wanted a map with the key "uses"',
      '14:3 | Found nothing, wanted a map with the key "uses"',
      '15:3 | The stage "d" has no key "uses" | Name its stage file',
      "16:14 | Found 3, wanted text",
      "13 errors",
    ],
  );
});

Deno.test("empty and repeated cells are refused", async () => {
  assert.deepEqual(
    await complaints(oneStage("variants: {}", "matrix: { a: [], b: [1, 2, 1], seed: [1] }")),
    [
      "4:15 | There is no variant",
      "5:18 | Found an empty list, wanted at least one value",
      "5:32 | 1 is here already",
      '5:36 | No axis can be called "seed"',
      "4 errors",
    ],
  );
  assert.deepEqual(await complaints(oneStage("matrix: {}")), ["4:13 | The matrix is empty"]);
});

Deno.test("names that an address could not hold are refused", async () => {
  assert.deepEqual(
    await complaints(
      oneStage('variants: { "a.b": {} }', "matrix: { a=b: [1] }", 'inputs: { "": a }') +
        '  "x@y": { uses: train }\n  é: { uses: train }\n',
    ),
    [
      '4:17 | "a.b" cannot be the name of a variant | Use letters, digits, _ and -',
      '5:15 | "a=b" cannot be the name of an axis | Use letters, digits, _ and -',
      '6:15 | "" cannot be the name of an input | Use letters, digits, _ and -',
      "6:19 | The stages make a cycle: a > a | Each of them takes what the one before it makes, so that none can be first",
      '7:3 | "x@y" cannot be the name of a stage | Use letters, digits, _ and -',
      '8:3 | "é" cannot be the name of a stage | Use letters, digits, _ and -',
      "6 errors",
    ],
  );
});

Deno.test("stage files that are not there, or not to be used, are refused", async () => {
  const uses = [
    "trian",
    "Train",
    "./mine.ts",
    "../stages/tran.ts",
    "stages/train.ts",
    "/etc/train.ts",
    "C:\\train.ts",
    "https://example.org/train.ts",
    "./train.js",
    "..\\train.ts",
  ];
  const stages = uses.map((one, index) => `  s${index}: { uses: '${one}' }\n`).join("");
  const write = 'Write the name of a file in stages/ ("train"), or "./mine.ts" beside the config';
  const absolute = "is an absolute path or an address; a config must work elsewhere, too";
  assert.deepEqual(await complaints(`stages:\n${stages}`), [
    '2:15 | There is no stage file "stages/trian.ts" | Did you mean "train"?',
    '3:15 | There is no stage file "stages/Train.ts" | Did you mean "train"?',
    '4:15 | There is no stage file "./mine.ts"',
    '5:15 | There is no stage file "../stages/tran.ts" | Did you mean "../stages/train.ts"?',
    `6:15 | "stages/train.ts" names no stage | ${write}`,
    `7:15 | "/etc/train.ts" ${absolute} | ${write}`,
    `8:15 | "C:\\train.ts" ${absolute} | ${write}`,
    `9:15 | "https://example.org/train.ts" ${absolute} | ${write}`,
    `10:15 | "./train.js" does not end in ".ts" | ${write}`,
    `11:15 | "..\\train.ts" names no stage | ${write}`,
    "10 errors",
  ]);
});

Deno.test("references to what is no stage are refused, in variants too", async () => {
  const wanted = 'wanted "stage", "stage.output" or "stage@cell.output"';
  assert.deepEqual(
    await complaints(
      "stages:\n  data: { uses: download }\n  model:\n    uses: train\n" +
        "    inputs: { a: daat.x, b: data.x.y, c: [], d: [data, 3], e: { x: 1 }, f: other }\n" +
        "    variants: { v: { inputs: { a: modle@v.x } } }\n",
    ),
    [
      '5:18 | There is no stage "daat" | Did you mean "data"?',
      `5:29 | Found "data.x.y", ${wanted}`,
      "5:42 | Found an empty list, wanted at least one stage",
      `5:56 | Found 3, ${wanted}`,
      `5:63 | Found a map, ${wanted}`,
      '5:76 | There is no stage "other" | There are: data, model',
      '6:35 | There is no stage "modle" | Did you mean "model"?',
      "7 errors",
    ],
  );
});

Deno.test("cycles are named in the order of the data, at an input that closes them", async () => {
  await using rig = await ConfigRig.make();
  assert.equal(
    await rig.complaint(text`
    stages:
      a: { uses: train, inputs: { x: c.model } }
      b: { uses: train, inputs: { x: a } }
      c: { uses: train, inputs: { x: d, y: b } }
      d: { uses: train, variants: { v: {}, w: { inputs: { x: d@v } } } }
    `),
    text`
    error: The stages make a cycle: a > b > c > a
     --> /configs/c.yaml:3:34
    3 |   b: { uses: train, inputs: { x: a } }
      |                                  ^
      help: Each of them takes what the one before it makes, so that none can be first

    error: The stages make a cycle: d > d
     --> /configs/c.yaml:5:58
    5 |   d: { uses: train, variants: { v: {}, w: { inputs: { x: d@v } } } }
      |                                                          ^^^
      help: Each of them takes what the one before it makes, so that none can be first

    2 errors`,
  );
});

Deno.test("a diamond of stages is no cycle, and a chain of thousands is followed to its end", async () => {
  await using rig = await ConfigRig.make();
  const stages = Array.from(
    { length: 3000 },
    (_, index) => `  s${index}: { uses: train, inputs: { x: [s${index + 1}, end] } }`,
  );
  const config = ["stages:", ...stages, "  s3000: { uses: train }", "  end: { uses: train }"];
  assert.equal((await rig.read(config.join("\n"))).config.stages.length, 3002);
});
