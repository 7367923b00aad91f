/** The JSON Schema that editors check configs with: the config's own, with the params of every stage. */
import { configSchema } from "../config/json_schema.ts";
import type { JsonObject } from "../json.ts";
import type { Store } from "../store/local.ts";
import { Bundler, type Project, stopBundler } from "./bundle.ts";
import { Learner } from "./learn.ts";

/** Learns every module of `stages/`, by name. */
export async function projectSchema(project: Project, store: Store): Promise<JsonObject> {
  const learner = new Learner(store);
  const bundler = new Bundler(project, store);
  try {
    const names = [...Deno.readDirSync(`${project.root}/stages`)]
      .flatMap(({ isFile, name }) => isFile && name.endsWith(".ts") ? [name.slice(0, -3)] : [])
      .sort();
    const stages = [];
    for (const uses of names) {
      const code = await bundler.bundle(`${project.root}/stages/${uses}.ts`);
      const { name, summary, params, inputs } = await learner.describe(code);
      stages.push({
        name,
        uses,
        summary,
        params,
        inputs: Object.entries(inputs).map(([input, { what, optional }]) => ({
          name: input,
          what,
          optional: optional === true,
        })),
      });
    }
    return configSchema(stages);
  } finally {
    await learner.close();
    await stopBundler();
  }
}
