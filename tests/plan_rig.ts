/** Builds stages of a test's own in a copy of the project. */
import { join } from "node:path";
import { Bundler, stopBundler } from "../pipelines/plan/bundle.ts";
import type { Code } from "../pipelines/plan/plan.ts";
import { Store } from "../pipelines/store/local.ts";
import { Workplace } from "./rig.ts";
import { STAGE, stageText } from "./run_stages.ts";

/** A copy of the project with one stage of a test's own, and what its build gives. */
export class Bench implements AsyncDisposable {
  readonly store: Store;
  private constructor(readonly place: Workplace) {
    this.store = new Store(place.store);
  }
  static async open(): Promise<Bench> {
    const bench = new Bench(await Workplace.copy());
    bench.write(stageText(""));
    return bench;
  }
  write(text: string): void {
    this.place.write(STAGE, text);
  }
  /** `module`: the stage's file; default: the one that `write` writes. */
  async build(module: string = join(this.place.root, STAGE)): Promise<Code> {
    const { root } = this.place;
    const read = (name: string) => Deno.readTextFileSync(join(root, name));
    const project = { root, configText: read("deno.json"), lockText: read("deno.lock") };
    return await new Bundler(project, this.store).bundle(module);
  }
  /** The code's digest with another text of the stage. */
  async built(text: string): Promise<Code["built"]> {
    this.write(text);
    return (await this.build()).built;
  }
  /** All code of a stored bundle. */
  text(code: Code): string {
    const folder = this.store.bundleFolder(code.bundle);
    return [...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith(".js"))
      .map(({ name }) => Deno.readTextFileSync(join(folder, name))).join("\n");
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await stopBundler();
    await this.place[Symbol.asyncDispose]();
  }
}

/** Has deno.json and deno.lock name another version of a package, which need not exist; answers the old. */
export function update(place: Workplace, name: string, to: string): string {
  const config = Deno.readTextFileSync(join(place.root, "deno.json"));
  const from = new RegExp(`"npm:${name}@([^"]+)"`).exec(config)?.[1] ?? "";
  for (const file of ["deno.json", "deno.lock"]) {
    const text = Deno.readTextFileSync(join(place.root, file));
    place.write(file, text.replaceAll(`${name}@${from}`, `${name}@${to}`));
  }
  place.edit("deno.lock", `"npm:${name}@${to}": "${from}"`, `"npm:${name}@${to}": "${to}"`);
  return from;
}
