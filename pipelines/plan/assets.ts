/** What a stage reads beside its code: compiled kernels, and the report's script. Built on first use. */
import { writeFailure } from "../store/files.ts";
import type { Store } from "../store/local.ts";
import { explainEnd } from "./bundle_error.ts";
import { getOrAdd } from "./cells.ts";
import type { Digest, Node } from "./plan.ts";

type Assets = Node["kernels"];

/** The report page's own script goes by this name. */
export const CLIENT = "report-client";

/** Builds each family once a plan. */
export class AssetBuilder {
  #kernels: Promise<Readonly<Record<string, { path: string; digest: string }>>> | null = null;
  #client: Promise<{ path: string; digest: string }> | null = null;

  readonly #known = new Map<string, Promise<Assets>>();

  /** Builds are kept in the store. `frozen`: what is taken as it was built before. */
  constructor(readonly store: Store, readonly frozen: Assets | null = null) {}

  /** One value for equal names. */
  get(names: readonly string[]): Promise<Assets> {
    return getOrAdd(this.#known, names.join(), () => this.#get(names));
  }

  /** All kernels, and the script if a plan has wanted it. */
  async all(): Promise<Assets> {
    const names = Object.keys(this.frozen ?? await this.#buildKernels());
    if (this.#client !== null) names.push(CLIENT);
    return await this.get(names);
  }

  async #get(names: readonly string[]): Promise<Assets> {
    const found: Record<string, Assets[string]> = {};
    for (const name of names) {
      const before = this.frozen?.[name];
      if (before !== undefined) {
        found[name] = before;
        continue;
      }
      const built = name === CLIENT
        ? await this.#buildClient()
        : (await this.#buildKernels())[name];
      if (built === undefined) throw new Error(`There are no kernels "${name}"`);
      // Both builds answer SHA-256 in hexadecimal.
      found[name] = { path: built.path, digest: built.digest as Digest };
    }
    return found;
  }

  #buildKernels(): Promise<Readonly<Record<string, { path: string; digest: string }>>> {
    return this.#kernels ??= import("../../kernels/build.ts")
      .then(({ buildKernels }) => buildKernels(...builds(this.store, "kernels")))
      .catch(this.#explain);
  }
  #buildClient() {
    return this.#client ??= import("../report/build.ts")
      .then(({ buildClient }) => {
        const [folder, seals] = builds(this.store, "report");
        return buildClient(folder, CLIENT, seals);
      })
      .catch(this.#explain);
  }
  readonly #explain = (error: unknown): never => {
    throw writeFailure(this.store.root, explainEnd(error, CLIENT));
  };
}

/** Where a store keeps builds of a kind, and what vouches for them: any file may lie in a store. */
export function builds(store: Store, kind: "kernels" | "report") {
  const seals = {
    async read(name: string) {
      const digest = await store.readCache("builds", name);
      return typeof digest === "string" ? digest : null;
    },
    write: (name: string, digest: string) => store.writeCache("builds", name, digest),
  };
  return [`${store.cacheFolder}/${kind}`, seals] as const;
}
