/** What is wrong in a config is said all at once, each thing at its place. Texts are whole. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { ConfigRig, oneStage, text } from "./config_rig.ts";

Deno.test("a config that cannot be read is named, with the nearest one that can", async () => {
  await using rig = await ConfigRig.make();
  await rig.write("configs/fashion.yaml", oneStage());
  const at = (...path: string[]) => rig.complaintAt(join(rig.folder, ...path));
  assert.equal(
    await at("configs", "fashon.yaml"),
    text`
    error: There is no config "/configs/fashon.yaml"
      help: Did you mean "/configs/fashion.yaml"?`,
  );
  assert.match(await at("nowhere", "a.yaml"), /\n {2}help: There is no folder "[/\\]nowhere"$/);
  assert.match(await at("stages"), /^error: "[/\\]stages" is a folder, wanted a config$/m);
  assert.equal(
    await rig.complaint(new Uint8Array([97, 0xff])),
    'error: Cannot read "/configs/c.yaml": it is not UTF-8 text',
  );
  assert.equal(
    await rig.complaint("#".repeat((1 << 18) + 1)),
    'error: Cannot read "/configs/c.yaml": it has 262145 bytes, wanted at most 262144',
  );
});

Deno.test("what is no YAML is located", async () => {
  await using rig = await ConfigRig.make();
  assert.equal(
    await rig.complaint("stages:\n  a: [1, 2\n  b: {\n"),
    text`
    error: Not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]
     --> /configs/c.yaml:3:3
    3 |   b: {
      |   ^

    error: Not valid YAML: Flow map in block collection must be sufficiently indented and end with a }
     --> /configs/c.yaml:4:1

    2 errors`,
  );
  assert.equal(
    await rig.complaint("stages: {}\n---\nstages: {}\n"),
    text`
    error: Found 2 YAML documents in one file, wanted one
     --> /configs/c.yaml:2:1
    2 | ---
      | ^
      help: Remove the line "---" and what follows, or put it into a file of its own`,
  );
  assert.match(
    await rig.complaint("%YAML 1.1\n---\na: yes\n"),
    /^error: Found YAML 1\.1, wanted 1\.2/,
  );
});

Deno.test("a config that is no map of stages is refused", async () => {
  await using rig = await ConfigRig.make();
  const first = async (config: string) => (await rig.complaint(config)).split("\n")[0];
  assert.equal(await first(""), 'error: Found nothing, wanted a map with the key "stages"');
  assert.equal(await first("- 1"), 'error: Found a list, wanted a map with the key "stages"');
  assert.equal(await first("seed: 2"), 'error: The key "stages" is missing');
  assert.equal(await first("stages: 3"), "error: Found 3, wanted a map of stages");
  assert.equal(await first("stages: {}"), "error: There is no stage");
});

Deno.test("values that are not plain data are refused", async () => {
  await using rig = await ConfigRig.make();
  const complaint = await rig.complaint(oneStage(
    "with:",
    "  a: .nan",
    "  b: [1, -.inf, 1e999]",
    "  c: 123456789012345678901",
    '  d: "\\ud800"',
    "  e: !date 2020",
    "  7: 1",
    "  ? [1]",
    "  : 1",
    "  __proto__: { polluted: true }",
    "  f: 1",
    "  f: 2",
    "  g: *nothing",
    "  h: &h [*h]",
    "  i: { <<: 1 }",
    "  j: [&key { x: 1 }, *key, &name y: 1, *name]",
  ));
  const shown = complaint.split("\n\n").map((block) => {
    const [message, place] = block.split("\n");
    return `${/:(\d+:\d+)$/.exec(place ?? "")?.[1] ?? ""} ${message}`;
  });
  assert.deepEqual(shown, [
    "5:10 error: Found .nan, wanted a finite number",
    "6:14 error: Found -.inf, wanted a finite number",
    "6:21 error: Found 1e999, wanted a finite number",
    "7:10 error: The number 123456789012345678901 is too large to be held exactly",
    '8:10 error: Found "\\ud800", which is no valid Unicode',
    '9:16 error: Found the tag "!date", wanted plain values',
    "10:7 error: Found the key 7, wanted text",
    "11:9 error: Found a key that is not text",
    '13:7 error: The key "__proto__" is not allowed',
    '15:7 error: The key "f" is in this map already',
    '16:10 error: There is no anchor "&nothing" before this alias',
    '17:14 error: The alias "*h" contains itself',
    "18:16 error: Found 1, wanted a map to merge",
    '19:44 error: The anchor "&name" names the key "y", not the map that begins with it',
    " 14 errors",
  ]);
});

Deno.test("aliases cannot make billions of values, nor brackets overflow the stack", async () => {
  await using rig = await ConfigRig.make();
  const lines = ["a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"];
  for (const [from, to] of ["ab", "bc", "cd", "de", "ef", "fg", "gh", "hi"]) {
    lines.push(`${to}: &${to} [${`*${from}, `.repeat(10)}]`);
  }
  assert.match(await rig.complaint(lines.join("\n")), /Aliases make more than 200000 values/);
  assert.match(
    await rig.complaint("[".repeat(50_000)),
    /^error: Not valid YAML: it nests too deeply/,
  );
  const deep = "[".repeat(80) + "]".repeat(80);
  assert.match(await rig.complaint(oneStage(`with: { a: ${deep} }`)), /Nests more than 64 levels/);
});

Deno.test("unknown keys are shown with the nearest spelling", async () => {
  await using rig = await ConfigRig.make();
  assert.equal(
    await rig.complaint(
      "sed: 1\n" + oneStage("inptus: {}", "colour: red", "variants: { v: { wiht: 1 } }"),
    ),
    text`
    error: Unknown key "sed"
     --> /configs/c.yaml:1:1
    1 | sed: 1
      | ^^^
      help: Did you mean "seed"?

    error: Unknown key "inptus"
     --> /configs/c.yaml:5:5
    5 |     inptus: {}
      |     ^^^^^^
      help: Did you mean "inputs"?

    error: Unknown key "colour"
     --> /configs/c.yaml:6:5
    6 |     colour: red
      |     ^^^^^^
      help: The keys of a stage are uses, with, inputs, variants, matrix, seeds, join, cache, version, resources

    error: Unknown key "wiht"
     --> /configs/c.yaml:7:22
    7 |     variants: { v: { wiht: 1 } }
      |                      ^^^^
      help: Did you mean "with"?

    4 errors`,
  );
});
