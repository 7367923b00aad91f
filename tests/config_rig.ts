/** A project of empty stage files in a folder of its own, and configs in it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { ConfigError } from "../pipelines/config/config.ts";
import { type ReadConfig, readConfig } from "../pipelines/config/read.ts";
import { renderDiagnostics } from "../pipelines/config/render.ts";

export class ConfigRig implements AsyncDisposable {
  private constructor(readonly folder: string) {}

  /** With the stage files that real projects have, all empty: reading a config never runs them. */
  static async make(): Promise<ConfigRig> {
    const folder = await Deno.makeTempDir({ prefix: "crisol-config-" });
    await Deno.mkdir(join(folder, "stages"));
    await Deno.mkdir(join(folder, "configs"));
    for (const stage of ["download", "preprocess", "train", "evaluate"]) {
      await Deno.writeTextFile(join(folder, "stages", `${stage}.ts`), "");
    }
    return new ConfigRig(folder);
  }

  async write(path: string, text: string | Uint8Array): Promise<string> {
    const file = join(this.folder, path);
    await (typeof text === "string" ? Deno.writeTextFile(file, text) : Deno.writeFile(file, text));
    return file;
  }

  async read(text: string, ...overrides: string[]): Promise<ReadConfig> {
    return await readConfig(await this.write("configs/c.yaml", text), this.folder, overrides);
  }

  /** What the user reads of a config that is wrong, without colours; the folder's name is left out. */
  async complaint(text: string | Uint8Array, ...overrides: string[]): Promise<string> {
    return await this.complaintAt(await this.write("configs/c.yaml", text), ...overrides);
  }

  async complaintAt(path: string, ...overrides: string[]): Promise<string> {
    try {
      await readConfig(path, this.folder, overrides);
    } catch (error) {
      assert.ok(error instanceof ConfigError, String(error));
      return this.plain(renderDiagnostics(error.diagnostics));
    }
    assert.fail("The config was taken as it is");
  }

  plain(text: string): string {
    // deno-lint-ignore no-control-regex -- colour codes begin with a control character
    return text.replace(/\u001b\[\d+m/g, "").replaceAll("\\\\", "\\")
      .replaceAll(this.folder, "").replaceAll("\\configs", "/configs").replaceAll(
        "configs\\",
        "configs/",
      );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Text of a template without its first line end and without the margin of its first line. */
export function text(template: TemplateStringsArray, ...values: readonly string[]): string {
  const whole = String.raw({ raw: template.raw }, ...values).replace(/^\n/, "").trimEnd();
  const margin = /^ */.exec(whole)?.[0].length ?? 0;
  return whole.split("\n").map((line) => line.slice(margin)).join("\n");
}

/** A config of one stage with these lines below it. */
export function oneStage(...lines: readonly string[]): string {
  return ["stages:", "  a:", "    uses: train", ...lines.map((line) => `    ${line}`), ""].join(
    "\n",
  );
}
