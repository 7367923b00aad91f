/** The compiled kernels' build: same bytes everywhere, nothing compiled twice, nothing half written. */
import assert from "node:assert/strict";
import { buildKernels } from "../kernels/build.ts";
import { distinct, FAMILIES } from "../kernels/families.ts";
import { createArena, createMemory } from "../kernels/memory.ts";
import { createOps } from "../kernels/wasm.ts";
import { loadModules } from "./kernels_rig.ts";

async function inFolders(test: (first: string, second: string) => Promise<void>): Promise<void> {
  const first = await Deno.makeTempDir(), second = await Deno.makeTempDir();
  try {
    await test(`${first}/kernels`, `${second}/a/deeper/place`);
  } finally {
    await Deno.remove(first, { recursive: true });
    await Deno.remove(second, { recursive: true });
  }
}

Deno.test("two builds in different folders, at the same time, give the same bytes", async () => {
  await inFolders(async (first, second) => {
    const [one, two, again] = await Promise.all([
      buildKernels(first),
      buildKernels(second),
      buildKernels(first),
    ]);
    const digests = (built: typeof one) => FAMILIES.map((family) => built[family].digest);
    assert.deepEqual(digests(one), digests(two));
    assert.deepEqual(digests(one), digests(again));
    const names = [...Deno.readDirSync(first)].map((entry) => entry.name);
    assert.equal(names.length, FAMILIES.length, "nothing temporary is left");
    for (const family of FAMILIES) {
      const text = new TextDecoder("latin1").decode(await Deno.readFile(one[family].path));
      assert.ok(!text.includes(Deno.cwd()), "no path of this machine is in the module");
    }
  });
});

Deno.test("a warm build writes nothing, and a damaged module is compiled again", async () => {
  await inFolders(async (folder) => {
    const built = await buildKernels(folder);
    const { path, digest } = built.data;
    const before = await Deno.stat(path);
    await buildKernels(folder);
    assert.deepEqual((await Deno.stat(path)).ino, before.ino);
    await Deno.truncate(path, 40);
    assert.equal((await buildKernels(folder)).data.digest, digest);
    assert.ok(WebAssembly.validate(await Deno.readFile(path)));
  });
});

Deno.test("a program's families are told each once, in one order", () => {
  assert.deepEqual(distinct(["optimizer", "data", "optimizer", "data"]), ["data", "optimizer"]);
});

Deno.test("an operation whose family was not given says which is missing", async () => {
  const { data } = await loadModules();
  const ops = createOps(data === undefined ? {} : { data }, createMemory(0));
  const address = createArena().take(64);
  ops.add(4, address, address);
  assert.throws(
    () => ops.softmaxForward(1, 4, address, address),
    /Cannot call "activation.softmaxForward": the kernels of family "activation" were not given/,
  );
});

Deno.test("an arena hands out aligned pieces that never overlap, and says when it is full", () => {
  const arena = createArena(1024);
  const first = arena.take(1), second = arena.take(65), third = arena.take(4);
  assert.deepEqual([first, second, third, arena.used], [64, 128, 256, 320]);
  assert.throws(() => arena.take(1000), /Cannot place a tensor of 1000 bytes: 704 of 1024 bytes/);
  assert.equal(arena.take(704), 320);
});

Deno.test("a memory above 4 GiB is refused", () => {
  assert.throws(() => createMemory(4294967297), /4 GiB is the most/);
});
