/** `verify --rerun` and `--check-determinism`: the same config in a store of its own, and whether it comes to the same. */
import {
  describeDifference,
  type Difference,
  tensorDifferences,
} from "../certificate/differences.ts";
import { type Lock, lockOf, parseLock } from "../certificate/lock.ts";
import { lockPath } from "../certificate/path.ts";
import { doneOf } from "../plan/fingerprint.ts";
import type { Digest, NodeId } from "../plan/plan.ts";
import { readIfThere, removeQuietly } from "../store/files.ts";
import { type Call, CommandError, has, UsageError, value, values } from "./command.ts";
import { type Opened, openPlan } from "./engine.ts";
import { openStoreOf } from "./store.ts";
import { DIFFERS } from "./frozen.ts";
import { cores, shortPath, userPath } from "./place.ts";
import { choosePrinter } from "./printers.ts";
import { processTerminal } from "./terminal.ts";
import { pad, visibleLine } from "./text.ts";

/** What was compared, and what came of it. */
export interface Certificate {
  readonly config: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Family to digest of the kernels that the nodes use. */
  readonly kernels: Readonly<Record<string, Digest>>;
  /** What the rerun is held against: the lock, the store, or another run. */
  readonly against: readonly string[];
  readonly nodes: readonly {
    readonly node: NodeId;
    readonly outputs: Readonly<Record<string, Readonly<Record<string, Digest>>>>;
    /** By what it is held against; null: nothing is known there, or the node gives no tensor, as a page. */
    readonly same: Readonly<Record<string, boolean | null>>;
  }[];
  readonly differences: readonly (Difference & { readonly against: string })[];
}

export async function rerun(call: Call, twice: boolean): Promise<number> {
  if (call.arguments[0] === undefined) {
    throw new UsageError("The config is missing", "`deno task verify CONFIG --rerun`");
  }
  const store = openStoreOf(call);
  const keep = value(call, "keep");
  const folder = keep === undefined
    ? `${store.root}/tmp/rerun-${crypto.randomUUID()}`
    : userPath(keep);
  if (readIfThere(`${folder}/certificate.json`) !== null) {
    throw new UsageError(`"${shortPath(folder)}" is there already`, "name a new folder by --keep");
  }
  // The reruns' own stores lie in this one, where `gc` must not take them away.
  const held = await store.hold(false);
  try {
    const first = await runIn(`${folder}/first`, call);
    const locks = new Map<string, Lock>();
    if (twice) {
      const second = await runIn(`${folder}/second`, call);
      locks.set("the second run", second.lock);
    } else {
      const text = readIfThere(lockPath(first.opened.plan.config));
      const isItself = values(call, "set").length === 0;
      if (text !== null && isItself) {
        locks.set("the lock", parseLock(lockPath(first.opened.plan.config), text));
      }
      locks.set("the store", await storedLock(await openPlan(call)));
    }
    const certificate = certify(first, locks);
    const terminal = processTerminal();
    if (keep !== undefined) {
      Deno.writeTextFileSync(
        `${folder}/certificate.json`,
        `${JSON.stringify(certificate, null, 1)}\n`,
      );
    }
    const lines = has(call, "json") ? jsonLines(certificate) : certificateLines(certificate);
    for (const line of lines) terminal.write(`${line}\n`);
    return certificate.differences.length > 0 ? DIFFERS : 0;
  } finally {
    if (keep === undefined) removeQuietly(folder);
    held?.close();
  }
}

interface Rerun {
  readonly opened: Opened;
  readonly lock: Lock;
}

/** Runs a plan in an empty store; its output goes where the certificate does not. */
async function runIn(store: string, call: Call): Promise<Rerun> {
  const terminal = processTerminal();
  const opened = await openPlan({
    ...call,
    flags: { ...call.flags, store, reports: `${store}/reports` },
  }, true);
  const printer = choosePrinter({
    terminal,
    describe: opened.describe,
    shorten: shortPath,
    debug: has(call, "debug"),
    now: () => performance.now(),
    // Of a rerun the certificate is what counts.
  }, { json: false, quiet: !terminal.live });
  try {
    const { failed, interrupted, done } = await opened.run({
      lock: "leave",
      jobs: cores(),
      force: [],
      keepGoing: false,
      signal: new AbortController().signal,
    }, has(call, "json") ? () => {} : printer.on);
    if (failed || interrupted) {
      throw new CommandError("The rerun failed, so that nothing can be compared", "see above why");
    }
    return { opened, lock: await lockOf(opened.plan, done, opened.store) };
  } finally {
    printer.close();
  }
}

/** What a store has of a plan, as far as it is there. */
async function storedLock({ plan, store, statuses }: Opened): Promise<Lock> {
  const done = doneOf(await statuses([]), store);
  const there = { ...plan, nodes: plan.nodes.filter(({ id }) => done.has(id)) };
  return await lockOf(there, done, store);
}

function certify(
  { opened: { plan }, lock }: Rerun,
  others: ReadonlyMap<string, Lock>,
): Certificate {
  const differences = [...others].flatMap(([against, other]) =>
    tensorDifferences(other, lock).map((one) => ({ ...one, against }))
  );
  const kernels = new Map(
    plan.nodes.flatMap((node) =>
      Object.entries(node.kernels).map(([family, { digest }]) => [family, digest] as const)
    ),
  );
  return {
    config: plan.config.path,
    environment: {
      deno: Deno.version.deno,
      v8: Deno.version.v8,
      platform: Deno.build.target,
    },
    kernels: Object.fromEntries([...kernels].sort()),
    against: [...others.keys()],
    nodes: [...lock].map(([node, { outputs }]) => ({
      node,
      outputs,
      same: Object.fromEntries([...others].map(([against, other]) => [
        against,
        countOf(outputs) > 0 && other.has(node)
          ? !differences.some((one) => one.against === against && one.node === node)
          : null,
      ])),
    })),
    differences,
  };
}

function countOf(outputs: Certificate["nodes"][number]["outputs"]): number {
  return Object.values(outputs).reduce((sum, tensors) => sum + Object.keys(tensors).length, 0);
}

/** Where it was made, then a line a node with what differs there. */
function jsonLines({ nodes, differences, ...made }: Certificate): string[] {
  return [
    made,
    ...nodes.map((one) => ({
      ...one,
      differences: differences.filter(({ node }) => node === one.node),
    })),
  ].map((one) => JSON.stringify(one));
}

/** The certificate in text: a line a node, then what differs. */
export function certificateLines(certificate: Certificate): string[] {
  const { against, nodes, differences, environment } = certificate;
  const names = Math.max(4, ...nodes.map(({ node }) => visibleLine(node).length));
  const word = (same: boolean | null | undefined) =>
    same === null || same === undefined ? "not there" : same ? "same" : "DIFFERS";
  const compared = nodes.filter(({ outputs }) => countOf(outputs) > 0);
  const rest = nodes.filter(({ outputs }) => countOf(outputs) === 0).map(({ node }) => node);
  return [
    "",
    `${pad("node", names)}  tensors  ${against.map((name) => pad(name, 14)).join("  ")}`.trimEnd(),
    ...nodes.map(({ node, outputs, same }) => {
      const count = countOf(outputs);
      const words = against.map((name) => count === 0 ? "not compared" : word(same[name]));
      return `${pad(visibleLine(node), names)}  ${`${count}`.padStart(7)}  ${
        words.map((text, index) => pad(text, Math.max(14, against[index]?.length ?? 0))).join("  ")
      }`.trimEnd();
    }),
    ...differences.slice(0, 20).map((one) =>
      `differs from ${one.against}: ${
        visibleLine(describeDifference(one).replace(" in the lock", " there"))
      }`
    ),
    ...differences.length > 20 ? [`and ${differences.length - 20} more`] : [],
    `made by deno ${environment["deno"]} (V8 ${environment["v8"]}) on ${environment["platform"]}`,
    differences.length === 0
      ? `the same bits: ${
        compared.reduce((sum, { outputs }) => sum + countOf(outputs), 0)
      } tensors of ${compared.length} nodes`
      : `other bits: ${differences.length} tensors differ`,
    ...rest.length === 0 ? [] : [
      `not compared, since tensors alone are, and not what is written from them: ${
        rest.map(visibleLine).join(", ")
      }`,
    ],
  ];
}
