/** Stores that somebody hostile prepared: nothing of theirs runs, nothing outside is read, changed or removed. */
import { join } from "node:path";
import { Cache } from "../../pipelines/store/cache.ts";
import { type BundleFiles, digestOfBundle } from "../../pipelines/store/bundles.ts";
import { sha256 } from "../../pipelines/store/canonical.ts";
import { digests, ROOT, TINY, type Workplace } from "../rig.ts";
import type { Dice, Lab, Row } from "./lab.ts";

/** Stands in the file that nobody may read. */
const SECRET = "the-secret-of-somebody";
/** Milliseconds after which a command is taken for one that waits for ever. */
const PATIENCE = 240_000;

/** One store, and what its owner has beside it. */
interface Trap {
  readonly place: Workplace;
  readonly dice: Dice;
  readonly cache: Cache;
  /** Whose call is the proof that code has run. */
  readonly host: string;
  /** A folder with a file, which are nobody's business. */
  readonly outside: string;
}

/** By name; each changes a store as its owner can, with the owner's own seals. */
const CHANGES: Readonly<Record<string, (trap: Trap) => void | Promise<void>>> = {
  "a plan of other code": async (trap) => {
    const bundle = await evilBundle(trap);
    await replan(trap, (plan) => {
      for (const code of plan.tables.code) code["bundle"] = bundle;
      for (const one of plan.tables.description) one["hosts"] = [trap.host];
    });
  },
  "a plan with other kernels": (trap) =>
    replan(trap, (plan) => {
      const path = join(trap.outside, "secret");
      for (const kernels of plan.tables.kernels) {
        for (const family of Object.keys(kernels)) {
          kernels[family] = { path, digest: "0".repeat(64) };
        }
      }
    }),
  "descriptions with hosts": async (trap) => {
    for (const bundle of bundles(trap)) {
      const known = await trap.cache.read("descriptions", { bundle });
      if (typeof known !== "object" || known === null) continue;
      await seal(trap, "descriptions", { bundle }, { ...known, hosts: [trap.host] });
    }
    remove(trap, "cache/plans");
  },
  "answers of another type": async (trap) => {
    const values = [null, 5, "text", [], { a: 1 }, {
      type: "checked",
      memory: "x",
      kernels: "data",
    }];
    for (const bundle of bundles(trap)) {
      await seal(trap, "checks", { bundle, part: 0 }, trap.dice.pick(values));
      await seal(trap, "descriptions", { bundle }, trap.dice.pick(values));
    }
    remove(trap, "cache/plans");
  },
  "kernels of another kind": async (trap) => {
    const paths = filesIn(trap, "cache/kernels");
    const from = trap.dice.pick(paths), to = trap.dice.pick(paths);
    const bytes = Deno.readFileSync(from);
    Deno.writeFileSync(to, bytes);
    await seal(trap, "builds", to.slice(to.lastIndexOf("/") + 1), await sha256(bytes));
    remove(trap, "cache/plans");
  },
  "a page's script": async (trap) => {
    for (const path of filesIn(trap, "cache/report")) {
      const bytes = new TextEncoder().encode(`fetch("http://${trap.host}/page")`);
      Deno.writeFileSync(path, bytes);
      await seal(trap, "builds", path.slice(path.lastIndexOf("/") + 1), await sha256(bytes));
    }
    remove(trap, "cache/plans");
  },
  "code in a bundle's place": (trap) => {
    for (const bundle of bundles(trap)) {
      const path = join(trap.place.store, "bundles", bundle, "main.js");
      Deno.writeTextFileSync(path, `${call(trap)}\n${Deno.readTextFileSync(path)}`);
    }
  },
  "a file of another type": (trap) => {
    const path = trap.dice.pick(
      filesIn(trap, trap.dice.pick(["records", "runs", "objects", "cache"])),
    );
    const values = [
      "null",
      "5",
      '"x"',
      "[]",
      "{}",
      '{"version":1}',
      "{",
      "",
      "\0\0",
      "[".repeat(1e5),
    ];
    Deno.writeTextFileSync(path, trap.dice.pick(values));
  },
  "a run record that leads elsewhere": (trap) => {
    const path = trap.dice.pick(filesIn(trap, "runs"));
    const record = JSON.parse(Deno.readTextFileSync(path));
    const log = join(trap.outside, "secret");
    const nodes = record.nodes.map((node: object) => ({ ...node, log }));
    // From runs/ and logs/ to what lies beside the store.
    Deno.writeTextFileSync(path, JSON.stringify({ ...record, id: "../../outside", nodes }));
  },
  "a link in the place of a file": (trap) => {
    const path = trap.dice.pick(filesIn(trap, "."));
    Deno.removeSync(path);
    Deno.symlinkSync(join(trap.outside, "secret"), path);
  },
  "a link in the place of a folder": (trap) => {
    const path = trap.dice.pick(foldersIn(trap.place.store));
    Deno.removeSync(path, { recursive: true });
    Deno.symlinkSync(trap.outside, path);
  },
  "a file without an end": (trap) => {
    const path = trap.dice.pick(filesIn(trap, "."));
    Deno.truncateSync(path, 2 ** 36);
  },
  "a pipe in the place of a file": async (trap) => {
    const path = trap.dice.pick(filesIn(trap, "."));
    Deno.removeSync(path);
    await new Deno.Command("mkfifo", { args: [path] }).output();
  },
  "a folder in the place of a file": (trap) => {
    const path = trap.dice.pick(filesIn(trap, "."));
    Deno.removeSync(path);
    Deno.mkdirSync(path);
  },
  "another marker": (trap) => {
    const texts = ["", "{", "null", '{"store":2}', '{"store":"1"}', '{"store":-1}'];
    Deno.writeTextFileSync(join(trap.place.store, "crisol-store.json"), trap.dice.pick(texts));
  },
  "a submission": (trap) => {
    const folder = join(trap.place.store, "submissions", "20260101-000000-abcd");
    Deno.mkdirSync(folder, { recursive: true });
    const values = ["null", "5", "{}", '{"version":1}', '{"@end":"1; touch x"}'];
    for (const name of ["submission.json", "plan.json", "jobs.json", "task.sh"]) {
      Deno.writeTextFileSync(join(folder, name), trap.dice.pick(values));
    }
  },
};

/** What is tried after the run. */
const COMMANDS: readonly (readonly string[])[] = [
  ["verify"],
  ["verify", "--repair"],
  ["gc", "--keep-runs", "0"],
  ["gc", "--older-than", "1d"],
  ["runs"],
  ["explain", TINY, "shapes"],
  ["log", TINY, "shapes"],
  ["show", TINY],
];

export async function stores(lab: Lab, count: number): Promise<Row> {
  return await lab.tries("a store that its owner prepared", count, (dice, index) => {
    const names = Object.keys(CHANGES);
    return attempt(lab, dice, names[index % names.length] ?? "");
  });
}

async function attempt(lab: Lab, dice: Dice, name: string): Promise<string | null> {
  const place = await lab.place(true);
  const calls: string[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    calls.push(request.url);
    return new Response("");
  });
  try {
    const outside = join(place.folder, "outside");
    Deno.mkdirSync(outside);
    Deno.writeTextFileSync(join(outside, "secret"), SECRET);
    Deno.utimeSync(join(outside, "secret"), new Date(0), new Date(0));
    const host = `127.0.0.1:${server.addr.port}`;
    const cache = new Cache(`${place.store}/cache`);
    await CHANGES[name]?.({ place, dice, cache, host, outside });
    // Something is to be done: without it no code would be looked at.
    for (let i = 0; i < 2; i++) {
      const records = filesUnder(join(place.store, "records"));
      if (records.length > 0) Deno.removeSync(dice.pick(records));
    }
    for (const words of [["run", TINY, "--keep-going"], dice.pick(COMMANDS)]) {
      const why = await wrong(lab, place, words, name);
      if (why !== null) return `${name}: ${words.join(" ")}: ${why}`;
      if (calls.length > 0) return `${name}: code of the owner's ran: ${calls[0]}`;
      const found = Deno.readTextFileSync(join(outside, "secret"));
      const names = [...Deno.readDirSync(outside)].map((one) => one.name);
      if (found !== SECRET || names.join() !== "secret") {
        return `${name}: ${words.join(" ")} changed what lies outside: ${names}`;
      }
    }
    return null;
  } finally {
    await server.shutdown();
    await place[Symbol.asyncDispose]();
  }
}

/** What is wrong with how a command ended. */
async function wrong(
  lab: Lab,
  place: Workplace,
  words: readonly string[],
  name: string,
): Promise<string | null> {
  let timer: ReturnType<typeof setTimeout> | undefined, isLate = false;
  const { code, stdout, stderr } = await place.do(words, {
    onStart(process) {
      timer = setTimeout(() => {
        isLate = true;
        process.kill("SIGKILL");
      }, PATIENCE);
    },
  }).finally(() => clearTimeout(timer));
  const said = stdout + stderr;
  if (isLate) return `it never ended: ${said.slice(-300)}`;
  if (![0, 1, 2].includes(code)) return `it ended with ${code}: ${said.slice(-400)}`;
  if (/^ {4}at |Uncaught/m.test(said)) return `it showed a stack: ${said.slice(-600)}`;
  if (said.includes(SECRET)) return "it told the secret";
  if (words[0] !== "run" || code !== 0) return null;
  const found = digests(place.store);
  for (const [output, digest] of Object.entries(lab.digests)) {
    if (found[output] !== digest) return `${name}: "${output}" is ${found[output]}, not ${digest}`;
  }
  return null;
}

/** A plan as `pipelines/plan/cache.ts` keeps it. */
interface Kept {
  readonly plan: {
    readonly tables: Readonly<
      Record<"code" | "description" | "kernels", Record<string, unknown>[]>
    >;
  };
}

async function replan(trap: Trap, change: (plan: Kept["plan"]) => void): Promise<void> {
  const key = { path: join(ROOT, TINY), overrides: [], root: ROOT, deno: Deno.version.deno };
  const kept = await trap.cache.read("plans", key) as Kept | null; // as the engine wrote it
  if (kept === null) throw new Error("There is no plan to change: has its key changed?");
  change(kept.plan);
  await seal(trap, "plans", key, kept);
}

/** Writes into a cache as another user, whose key is another. */
async function seal(
  { place, cache }: Trap,
  kind: string,
  key: Parameters<Cache["write"]>[1],
  value: unknown,
): Promise<void> {
  const before = Deno.env.get("XDG_STATE_HOME");
  Deno.env.set("XDG_STATE_HOME", join(place.folder, "owner"));
  // The key is asked for at once: nothing else is done as that user.
  const written = cache.write(kind, key, value);
  if (before === undefined) Deno.env.delete("XDG_STATE_HOME");
  else Deno.env.set("XDG_STATE_HOME", before);
  await written;
}

const call = ({ host }: Trap) => `await fetch("http://${host}/ran").catch(() => {});`;

/** Puts a bundle that is whole, and calls; answers its digest. */
async function evilBundle(trap: Trap): Promise<string> {
  const from = join(trap.place.store, "bundles", trap.dice.pick(bundles(trap)));
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const { name } of Deno.readDirSync(from)) {
    files.set(name, Deno.readFileSync(join(from, name)));
  }
  const main = new TextDecoder().decode(files.get("main.js"));
  files.set("main.js", new TextEncoder().encode(`${call(trap)}\n${main}`));
  const digest = await digestOfBundle(files satisfies BundleFiles);
  const folder = join(trap.place.store, "bundles", digest);
  Deno.mkdirSync(folder);
  for (const [name, bytes] of files) Deno.writeFileSync(join(folder, name), bytes);
  return digest;
}

const bundles = ({ place }: Trap) =>
  [...Deno.readDirSync(join(place.store, "bundles"))].map(({ name }) => name).sort();

const remove = ({ place }: Trap, path: string) =>
  Deno.removeSync(join(place.store, path), { recursive: true });

const filesIn = ({ place }: Trap, folder: string) => filesUnder(join(place.store, folder));

function filesUnder(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory, isFile }) =>
      isDirectory ? filesUnder(join(folder, name)) : isFile ? [join(folder, name)] : []
    ).sort();
  } catch {
    return []; // something else is in its place
  }
}

function foldersIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].filter(({ isDirectory }) => isDirectory)
    .flatMap(({ name }) => [join(folder, name), ...foldersIn(join(folder, name))]).sort();
}
