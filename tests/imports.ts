/** Finds the project's sources and what they import, with TypeScript's own reading of them by Deno. */
import { fileURLToPath, pathToFileURL } from "node:url";
import { relative, sep } from "node:path";

/** Module (path from the project's root, `/`) to what it imports: modules, or package names. */
export type Graph = ReadonlyMap<string, readonly string[]>;

const ROOT = fileURLToPath(new URL("../", import.meta.url));
export const ROOMS = ["pipelines", "stages", "models", "kernels", "numerics", "bench", "tests"];

/** All TypeScript sources, as paths from the project's root. */
export function sources(rooms: readonly string[] = ROOMS): string[] {
  const found: string[] = [];
  const visit = (folder: string) => {
    for (const entry of Deno.readDirSync(`${ROOT}${folder}`)) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory && entry.name !== "node_modules" && path !== "kernels/assembly") {
        if (!entry.name.startsWith(".")) visit(path);
      } else if (entry.isFile && entry.name.endsWith(".ts")) found.push(path);
    }
  };
  for (const room of rooms) visit(room);
  return found.sort();
}

export function read(path: string): string {
  return Deno.readTextFileSync(`${ROOT}${path}`);
}

interface Info {
  readonly modules: readonly {
    readonly specifier: string;
    readonly error?: string;
    readonly dependencies?: readonly {
      readonly specifier: string;
      readonly code?: { readonly specifier?: string };
      readonly type?: { readonly specifier?: string };
    }[];
  }[];
}

/** Asks `deno info` of a file that imports them all, so that one process reads every module. */
export async function importsOf(paths: readonly string[]): Promise<Graph> {
  const folder = await Deno.makeTempDir();
  try {
    const entry = `${folder}/all.ts`;
    const lines = paths.map((path) =>
      `import ${JSON.stringify(pathToFileURL(`${ROOT}${path}`).href)};`
    );
    await Deno.writeTextFile(entry, lines.join("\n"));
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", `--config=${ROOT}deno.json`, entry],
      stdout: "piped",
      stderr: "piped",
    }).output();
    if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
    // The shape of `deno info --json`, version 1.
    const info = JSON.parse(new TextDecoder().decode(stdout)) as Info;
    const graph = new Map<string, string[]>();
    for (const module of info.modules) {
      const path = local(module.specifier);
      if (path === null) continue;
      const imports = new Set<string>();
      for (const dependency of module.dependencies ?? []) {
        for (const side of [dependency.code, dependency.type]) {
          if (side?.specifier === undefined) continue;
          imports.add(local(side.specifier) ?? packageName(side.specifier));
        }
      }
      graph.set(path, [...imports].sort());
    }
    return graph;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function local(specifier: string): string | null {
  if (!specifier.startsWith("file:")) return null;
  const path = relative(ROOT, fileURLToPath(specifier));
  return path.startsWith("..") ? null : path.split(sep).join("/");
}

/** `npm:zod@4.6.7` and `npm:/zod@4.6.7/v4` to `zod`. */
function packageName(specifier: string): string {
  return /^npm:\/?((?:@[^/]+\/)?[^@/]+)/.exec(specifier)?.[1] ?? specifier;
}

/** What a room may import besides itself; the longest prefix that fits a module is its room. */
const ARROWS: readonly (readonly [room: string, may: readonly string[]])[] = [
  ["pipelines/json.ts", []],
  ["pipelines/names.ts", []],
  ["pipelines/stage.ts", ["pipelines/json.ts", "pipelines/names.ts", "zod"]],
  ["pipelines/main.ts", ["pipelines/"]],
  ["pipelines/cli/", [
    "pipelines/",
    "models/explain.ts",
    "models/export.ts",
    "commander",
    "hyparquet-writer",
  ]],
  ["pipelines/config/", ["pipelines/json.ts", "pipelines/stage.ts", "yaml", "zod"]],
  ["pipelines/plan/", [
    "pipelines/json.ts",
    "pipelines/stage.ts",
    "pipelines/config/",
    "pipelines/store/",
    "pipelines/host/protocol.ts",
    "pipelines/executors/",
    "kernels/build.ts",
    "pipelines/report/build.ts",
    "esbuild",
  ]],
  ["pipelines/certificate/", [
    "pipelines/json.ts",
    "pipelines/config/",
    "pipelines/plan/",
    "pipelines/store/",
    "pipelines/tensor/",
    "yaml",
    "zod",
  ]],
  ["pipelines/run/", [
    "pipelines/json.ts",
    "pipelines/stage.ts",
    "pipelines/config/",
    "pipelines/plan/",
    "pipelines/certificate/",
    "pipelines/store/",
    "pipelines/host/protocol.ts",
    "pipelines/executors/",
    "pipelines/report/",
    "pipelines/tensor/",
  ]],
  ["pipelines/sweep/", [
    "pipelines/json.ts",
    "pipelines/config/",
    "pipelines/plan/",
    "pipelines/store/",
    "pipelines/tensor/",
    "pipelines/run/",
    "pipelines/report/",
    "numerics/",
    "yaml",
  ]],
  ["pipelines/executors/", [
    "pipelines/json.ts",
    "pipelines/config/config.ts",
    "pipelines/store/",
    "pipelines/plan/plan.ts",
    "pipelines/host/protocol.ts",
    "pipelines/host/replies.ts",
    "pipelines/run/event.ts",
  ]],
  ["pipelines/submit/", [
    "pipelines/config/config.ts",
    "pipelines/plan/",
    "pipelines/run/",
    "pipelines/sweep/",
    "pipelines/executors/slurm/",
    "pipelines/store/",
  ]],
  ["pipelines/host/", [
    "pipelines/json.ts",
    "pipelines/stage.ts",
    "pipelines/names.ts",
    "pipelines/tensor/",
    "pipelines/store/",
    "pipelines/plan/plan.ts",
    "pipelines/run/event.ts",
    "kernels/thread.ts",
    "numerics/",
    "zod",
  ]],
  ["pipelines/run/event.ts", [
    "pipelines/plan/plan.ts",
    "pipelines/stage.ts",
    "pipelines/store/store.ts",
  ]],
  ["pipelines/store/", ["pipelines/json.ts", "pipelines/plan/plan.ts", "pipelines/stage.ts"]],
  ["pipelines/tensor/", [
    "pipelines/json.ts",
    "pipelines/names.ts",
    "pipelines/stage.ts",
    "pipelines/store/",
    "pipelines/plan/plan.ts",
    "zarrita",
  ]],
  ["pipelines/report/", [
    "pipelines/json.ts",
    "pipelines/stage.ts",
    "numerics/",
    "vega",
    "vega-lite",
    "vega-interpreter",
  ]],
  ["pipelines/report/build.ts", ["esbuild"]],
  ["pipelines/ui/", [
    "pipelines/json.ts",
    "pipelines/plan/plan.ts",
    "pipelines/store/",
    "pipelines/report/",
    // Pure functions on text, in the browser, too.
    "pipelines/cli/text.ts",
  ]],
  ["stages/", [
    "pipelines/json.ts",
    "pipelines/stage.ts",
    "models/",
    "numerics/",
    "kernels/",
    "zod",
  ]],
  ["stages/report.ts", [
    "pipelines/json.ts",
    "pipelines/stage.ts",
    "pipelines/report/",
    "stages/",
    "models/",
    "numerics/",
    "zod",
  ]],
  ["models/", [
    "pipelines/json.ts",
    "pipelines/names.ts",
    "kernels/",
    "numerics/",
    "zod",
    "@tensorflow/tfjs-core",
    "@tensorflow/tfjs-layers",
    "@tensorflow/tfjs-backend-cpu",
  ]],
  ["kernels/", ["numerics/", "assemblyscript"]],
  ["numerics/", []],
];

/** Imports that follow no arrow. Tests and benches may import anything. */
export function violations(graph: Graph): string[] {
  const found: string[] = [];
  for (const [path, imports] of graph) {
    const rooms = ARROWS.filter(([room]) => path.startsWith(room));
    const [room, may] = rooms.sort((a, b) => b[0].length - a[0].length)[0] ?? ["", null];
    if (may === null) continue;
    for (const one of imports) {
      if (one.startsWith("node:")) continue;
      const allowed = may.some((prefix) =>
        prefix.endsWith("/") || prefix.endsWith(".ts") ? one.startsWith(prefix) : one === prefix
      );
      if (!allowed && !(room.endsWith("/") && one.startsWith(room))) {
        found.push(`${path} imports ${one}`);
      }
    }
  }
  return found;
}

/** Each circle of modules once, begun at its first name. */
export function cycles(graph: Graph): string[] {
  const found = new Set<string>();
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (path: string) => {
    const at = trail.indexOf(path);
    if (at >= 0) {
      const ring = trail.slice(at);
      const least = ring.indexOf([...ring].sort()[0] ?? path);
      const turned = [...ring.slice(least), ...ring.slice(0, least)];
      found.add([...turned, turned[0]].join(" > "));
      return;
    }
    if (done.has(path)) return;
    trail.push(path);
    for (const one of graph.get(path) ?? []) visit(one);
    trail.pop();
    done.add(path);
  };
  for (const path of graph.keys()) visit(path);
  return [...found].sort();
}
