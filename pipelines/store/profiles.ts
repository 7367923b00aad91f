/** What steps of stages took: facts about a machine, which no result depends on. */
import type { Key, NodeId } from "../plan/plan.ts";
import type { StepProfile } from "../stage.ts";
import { publishFile, readIfThere, writeFailure } from "./files.ts";
import type { Store } from "./local.ts";

export interface Profile extends StepProfile {
  readonly version: 1;
  readonly node: NodeId;
  /** Of the stage run whose steps were timed. */
  readonly key: Key;
  /** When it was taken, ISO 8601. */
  readonly started: string;
  /** Processor, its cores, system. */
  readonly machine: string;
  readonly threads: number;
  readonly deno: string;
}

/** Replaces the one that this node of this config had. */
export async function writeProfile(store: Store, config: string, profile: Profile): Promise<void> {
  const path = await store.profilePath(config, profile.node);
  try {
    const text = `${JSON.stringify(profile, null, 1)}\n`;
    publishFile(path, text, { scratch: `${store.root}/tmp` });
  } catch (error) {
    throw writeFailure(store.root, error);
  }
}

/** Null where there is none that can be read. */
export async function readProfile(
  store: Store,
  config: string,
  node: NodeId,
): Promise<Profile | null> {
  const text = readIfThere(await store.profilePath(config, node));
  if (text === null) return null;
  try {
    const profile = JSON.parse(text) as Profile; // written above
    return profile.version === 1 ? profile : null;
  } catch {
    return null;
  }
}
