/** The packages that the code of a plan was made with. */
import type { JsonObject } from "../json.ts";
import type { Plan } from "../plan/plan.ts";
import type { Store } from "../store/local.ts";

/** Name to version, as the deno.json pins them that lies with the code which ran. */
export function packages(plan: Plan, store: Store): Record<string, string> {
  const [node] = plan.nodes;
  if (node === undefined) return {};
  const text = Deno.readTextFileSync(`${store.bundleFolder(node.code.bundle)}/deno.json`);
  const config = JSON.parse(text) as JsonObject; // Deno has read it
  const imports = config["imports"] ?? {};
  return Object.fromEntries(
    Object.entries(imports).flatMap(([name, target]) => {
      const version = /^npm:.+@([^@/]+)$/.exec(String(target))?.[1];
      return version === undefined ? [] : [[name, version]];
    }),
  );
}
