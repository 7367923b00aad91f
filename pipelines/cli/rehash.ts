/** `verify [CONFIG]`: holds what is stored against its digests; `--repair` sets aside what is bad. */
import type { Digest, Key } from "../plan/plan.ts";
import type { Store } from "../store/local.ts";
import { type Kind, type Looked, verifyStore, type Wanted } from "../store/verify.ts";
import { verifyArtifact } from "../tensor/read.ts";
import { type Call, has } from "./command.ts";
import { openPlan } from "./engine.ts";
import { holdStoreOf } from "./store.ts";
import { shortPath } from "./place.ts";
import { processTerminal } from "./terminal.ts";
import { bytes, duration, pad, visibleLine } from "./text.ts";

const KINDS: Readonly<Record<Kind, string>> = {
  object: "objects",
  record: "records",
  bundle: "bundles",
  checkpoint: "checkpoints",
};

export async function rehash(call: Call): Promise<number> {
  const terminal = processTerminal();
  const started = performance.now();
  const { store, wanted } = await what(call);
  const counts = new Map<Kind, { all: number; bad: number; bytes: number }>();
  const isRepair = has(call, "repair");
  let bad = 0, other = 0;
  for await (const looked of verifyStore(store, wanted, verifyArtifact)) {
    const count = counts.get(looked.kind) ?? { all: 0, bad: 0, bytes: 0 };
    counts.set(looked.kind, count);
    count.all++;
    count.bytes += looked.bytes;
    if (looked.isBad) {
      bad++;
      count.bad++;
    } else if (looked.problem !== null) other++;
    const place = looked.isBad && isRepair ? store.quarantine(looked.path) : null;
    if (has(call, "json")) terminal.write(`${JSON.stringify({ ...looked, quarantine: place })}\n`);
    else if (looked.problem !== null) terminal.write(`${badLine(looked, place)}\n`);
  }
  if (!has(call, "json")) {
    for (const [kind, count] of counts) {
      terminal.write(
        `${pad(KINDS[kind], 11)}  ${`${count.all}`.padStart(6)}  ${
          bytes(count.bytes).padStart(8)
        }  ${count.bad === 0 ? "whole" : `${count.bad} damaged`}\n`,
      );
    }
    const end = bad === 0
      ? "everything is as it was written"
      : isRepair
      ? `${bad} set aside: the next run makes them again`
      : `${bad} damaged: \`--repair\` sets them aside, and the next run makes them again`;
    const left = other === 0 ? "" : `, ${other} of a later version left alone`;
    terminal.write(`${end}${left}, ${duration(performance.now() - started)}\n`);
  }
  return bad === 0 || isRepair ? 0 : 1;
}

/** All of a store, or what a config's results are. */
async function what(call: Call): Promise<{ store: Store; wanted: Wanted | null }> {
  if (call.arguments.length === 0) return { store: await holdStoreOf(call, false), wanted: null };
  const opened = await openPlan(call);
  const objects = new Set<Digest>(), keys = new Set<Key>();
  for (const status of (await opened.statuses([])).values()) {
    if (status.type === "waiting") continue;
    const record = opened.record(status.key);
    if (record === null) continue;
    keys.add(status.key);
    for (const digest of Object.values(record.outputs)) objects.add(digest);
  }
  return { store: opened.store, wanted: { objects, keys } };
}

function badLine({ kind, path, problem, isBad }: Looked, place: string | null): string {
  const aside = place === null ? "" : `; it lies in ${shortPath(place)} now`;
  return visibleLine(
    `${isBad ? "damaged" : "later"}  ${kind} ${shortPath(path)}: ${problem}${aside}`,
  );
}
