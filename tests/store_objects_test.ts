/** Objects and records in a store: whole or not there, whatever happened to their files. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Digest, Key } from "../pipelines/plan/plan.ts";
import type { ArtifactType } from "../pipelines/stage.ts";
import { Store } from "../pipelines/store/local.ts";
import { INFO } from "../pipelines/store/store.ts";
import { openArtifact, readArtifactFile, verifyArtifact } from "../pipelines/tensor/read.ts";
import { GroupWriter } from "../pipelines/tensor/write.ts";

const OPEN: ArtifactType = { kind: "tensors", tensors: {}, open: true };
const VALUES = Float32Array.from({ length: 600 }, (_, i) => i / 7);

class Shop implements AsyncDisposable {
  private constructor(readonly store: Store) {}
  static async open(): Promise<Shop> {
    return new Shop(new Store(await Deno.makeTempDir({ prefix: "crisol-store-" })));
  }
  /** Writes an artifact to scratch; the same one each time. */
  async scratch(): Promise<{ folder: string; digest: Digest }> {
    const folder = `${this.store.scratch().path}/out`;
    const writer = new GroupWriter(folder, "out", OPEN);
    await writer.write("a/x", "float32", [600], VALUES);
    await writer.write("y", "uint8", [2], Uint8Array.of(1, 2));
    return { folder, digest: await writer.finish() };
  }
  async put(): Promise<{ folder: string; digest: Digest }> {
    const { folder, digest } = await this.scratch();
    await this.store.put(folder, digest, verifyArtifact);
    return { folder: this.store.objectFolder(digest), digest };
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.store.root, { recursive: true });
  }
}

const bytes = (array: Float32Array) => new Uint8Array(array.buffer).toHex();

/** All that can be wrong with an object's folder, and what is said of it; null: nothing is seen in sizes. */
const DAMAGES: Record<
  string,
  { harm: (folder: string) => void; says: RegExp | null; read: RegExp }
> = {
  "a truncated chunk": {
    harm: (folder) => Deno.truncateSync(`${folder}/a/x/c.0`, 10),
    says: /a\/x\/c\.0" has 10 bytes, \d+ were written/,
    read: /a\/x\/c\.0" is damaged: it has 10 bytes/,
  },
  "a missing chunk": {
    harm: (folder) => Deno.removeSync(`${folder}/a/x/c.0`),
    says: /a\/x\/c\.0" is not there/,
    read: /c\.0/,
  },
  "a folder in place of a chunk": {
    harm: (folder) => {
      Deno.removeSync(`${folder}/a/x/c.0`);
      Deno.mkdirSync(`${folder}/a/x/c.0`);
    },
    says: /a\/x\/c\.0" is no file/,
    read: /c\.0/,
  },
  "no object.json": {
    harm: (folder) => Deno.removeSync(`${folder}/${INFO}`),
    says: /is not there/,
    read: /object\.json/,
  },
  "an object.json that is cut off": {
    harm: (folder) => Deno.truncateSync(`${folder}/${INFO}`, 40),
    says: /its "object\.json" is no JSON/,
    read: /its "object\.json" is no JSON/,
  },
  "an object.json that lists another file": {
    harm: (folder) => rewrite(`${folder}/${INFO}`, '"y/c.0"', '"../c.0"'),
    says: /lists a file "\.\.\/c\.0" wrongly/,
    read: /lists a file "\.\.\/c\.0" wrongly/,
  },
  "a flipped bit in a chunk": {
    harm: (folder) => flip(`${folder}/a/x/c.0`),
    says: null,
    read: /a\/x\/c\.0" is damaged: its SHA-256 is [0-9a-f]{64}, [0-9a-f]{64} was written/,
  },
  "a manifest of the same size that says something else": {
    harm: (folder) => rewrite(`${folder}/${INFO}`, '"shape":[600]', '"shape":[500]'),
    says: null,
    read: /is damaged: its manifest has the digest/,
  },
};

function flip(path: string): void {
  const content = Deno.readFileSync(path);
  const at = content.length >> 1;
  content[at] = (content[at] ?? 0) ^ 1;
  Deno.writeFileSync(path, content);
}

function rewrite(path: string, from: string, to: string): void {
  const text = Deno.readTextFileSync(path);
  assert.ok(text.includes(from), `${path} holds no ${from}`);
  Deno.writeTextFileSync(path, text.replace(from, to));
}

Deno.test("damage of an object is seen, by its sizes or when it is read, and a new one takes its place", async (t) => {
  for (const [name, { harm, says, read }] of Object.entries(DAMAGES)) {
    await t.step(name, async () => {
      await using shop = await Shop.open();
      const { store } = shop;
      const { folder, digest } = await shop.put();
      assert.equal(store.damage(digest), null);
      harm(folder);
      if (says === null) assert.equal(store.damage(digest), null);
      else assert.match(store.damage(digest) ?? "", says);
      await assert.rejects(async () => {
        const artifact = await openArtifact(folder, digest);
        await artifact.tensor("a/x", "float32").read();
      }, read);
      await shop.put();
      assert.equal(store.damage(digest), null);
      const artifact = await openArtifact(folder, digest);
      assert.equal(bytes(await artifact.tensor("a/x", "float32").read()), bytes(VALUES));
      assert.deepEqual(
        [...Deno.readDirSync(`${store.root}/tmp`)].filter(({ name }) => name.endsWith(".damaged")),
        [],
      );
    });
  }
});

Deno.test("an object that is there already stays as it is", async () => {
  await using shop = await Shop.open();
  const { folder, digest } = await shop.put();
  const { ino } = Deno.statSync(folder);
  const again = await shop.scratch();
  await shop.store.put(again.folder, digest, verifyArtifact);
  assert.equal(Deno.statSync(folder).ino, ino);
  assert.throws(() => Deno.statSync(again.folder), Deno.errors.NotFound);
});

Deno.test("what a stage wrote and damaged before the end is not published", async (t) => {
  for (const [name, { harm, says }] of Object.entries(DAMAGES)) {
    await t.step(name, async () => {
      await using shop = await Shop.open();
      const { folder, digest } = await shop.scratch();
      harm(folder);
      // A flipped bit in a chunk is found by its reader, as it is anywhere else.
      if (says === null && name.includes("chunk")) return;
      await assert.rejects(shop.store.put(folder, digest, verifyArtifact));
      assert.match(shop.store.damage(digest) ?? "", /is not there/);
    });
  }
});

Deno.test("many that put the same object at once all end well, and one of them is there", async () => {
  await using shop = await Shop.open();
  const all = await Promise.all(Array.from({ length: 8 }, () => shop.scratch()));
  await Promise.all(
    all.map(({ folder, digest }) => shop.store.put(folder, digest, verifyArtifact)),
  );
  const [first] = all;
  assert.ok(first);
  assert.equal(shop.store.damage(first.digest), null);
  assert.deepEqual(shop.store.findObjects(first.digest.slice(0, 6)), [first.digest]);
  assert.deepEqual(shop.store.findObjects("../"), []);
});

Deno.test("a record that is cut off, or is of another key, is no record", async () => {
  await using shop = await Shop.open();
  const { store } = shop;
  const key = "ab".repeat(32) as Key; // as long as one
  const path = join(store.root, "records", "ab", `${key}.json`);
  Deno.mkdirSync(join(store.root, "records", "ab"), { recursive: true });
  const fingerprint = {
    ...{ format: "1", stage: "x", code: {}, packages: {}, params: {}, inputs: {} },
    ...{ seed: null, numerics: null, kernels: {} },
  };
  const made = {
    ...{ run: "r", node: "n", bundle: "d".repeat(64), started: "2026", milliseconds: 1 },
    ...{ peakMemory: null, threads: 1, deno: "2", platform: "p" },
  };
  const good = { version: 1, key, fingerprint, outputs: { out: "c".repeat(64) }, made };
  assert.equal(store.readRecord(key), null);
  for (
    const [text, isGood] of [
      [JSON.stringify(good), true],
      [JSON.stringify(good).slice(0, -5), false],
      [JSON.stringify({ ...good, key: "cd".repeat(32) }), false],
      [JSON.stringify({ ...good, version: 2 }), false],
      [JSON.stringify({ ...good, fingerprint: { ...fingerprint, inputs: { a: 1 } } }), false],
      [JSON.stringify({ ...good, made: { ...made, bundle: "../x" } }), false],
      [JSON.stringify({ ...good, outputs: { out: "../../etc" } }), false],
      ["null", false],
      ["", false],
    ] as const
  ) {
    Deno.writeTextFileSync(path, text);
    assert.equal(store.readRecord(key) !== null, isGood, text);
  }
});

Deno.test("an artifact that is one file is verified when it is read", async () => {
  await using shop = await Shop.open();
  const folder = `${shop.store.scratch().path}/out`;
  const writer = new GroupWriter(folder, "out", { kind: "file", name: "page.html" });
  await writer.writeFile(new TextEncoder().encode("<p>Hello"));
  const digest = await writer.finish();
  await shop.store.put(folder, digest, verifyArtifact);
  const place = shop.store.objectFolder(digest);
  const { name, bytes } = await readArtifactFile(place, digest);
  assert.equal(name, "page.html");
  assert.equal(new TextDecoder().decode(bytes), "<p>Hello");
  flip(`${place}/page.html`);
  await assert.rejects(readArtifactFile(place, digest), /page\.html" is damaged: its SHA-256 is/);
});

Deno.test("scratch is removed once nobody holds it, however old it looks, and not while it is new", async () => {
  await using shop = await Shop.open();
  const { store } = shop;
  const year = 365 * 24 * 60 * 60 * 1000;
  const held = store.scratch();
  const left = `${store.root}/tmp/left`;
  Deno.mkdirSync(left);
  store.removeLeftovers(Date.now());
  assert.ok(Deno.statSync(left).isDirectory);
  store.removeLeftovers(Date.now() + year);
  assert.throws(() => Deno.statSync(left), Deno.errors.NotFound);
  assert.ok(Deno.statSync(held.path).isDirectory);
  held.remove();
  assert.throws(() => Deno.statSync(held.path), Deno.errors.NotFound);
});
