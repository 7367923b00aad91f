/**
 * The lock file beside a config: what its nodes were asked and the digest of every tensor that they gave. It is
 * made for git: sorted, a tensor a line. No key and no code is in it, so that a change that moves no bit changes
 * no lock; nor what is no tensor, as the page.
 */
import { basename } from "node:path";
import { Document, isCollection, isPair, visit } from "yaml";
import { z } from "zod";
import { type Config, ConfigError } from "../config/config.ts";
import { ConfigSource, diagnostics } from "../config/source.ts";
import { type Problem, toJson } from "../config/tree.ts";
import { parseYaml } from "../config/yaml.ts";
import type { Json } from "../json.ts";
import type { Done } from "../plan/fingerprint.ts";
import type { Digest, Node, NodeId, Plan } from "../plan/plan.ts";
import type { Store } from "../store/local.ts";

export interface LockedNode {
  /** After defaults. */
  readonly params: Json;
  /** Null for what is not random. */
  readonly seed: number | null;
  /** The backend's numerics class; null where there is none. */
  readonly backend: string | null;
  /** Output to tensor to the SHA-256 of its values. */
  readonly outputs: Readonly<Record<string, Readonly<Record<string, Digest>>>>;
}

export type Lock = ReadonlyMap<NodeId, LockedNode>;

/** A lock of a megabyte would be one of some 5,000 tensors. */
export const MOST_BYTES = 1 << 20;

/** What a plan's nodes have given, as a lock; throws where one of them is not done. */
export async function lockOf(plan: Plan, done: Done, store: Store): Promise<Lock> {
  const found = new Map<NodeId, LockedNode>();
  for (const node of plan.nodes) {
    const digests = done.get(node.id);
    if (digests === undefined) throw new Error(`"${node.id}" is not done`);
    const outputs: Record<string, Readonly<Record<string, Digest>>> = {};
    for (const [output, digest] of Object.entries(digests)) {
      const tensors = await tensorsOf(store, digest);
      if (Object.keys(tensors).length > 0) outputs[output] = tensors;
    }
    found.set(node.id, { ...settingsOf(node), outputs });
  }
  return found;
}

/** What a node is asked, as far as a lock holds it. */
export function settingsOf(node: Node): Omit<LockedNode, "outputs"> {
  return { params: node.params, seed: node.seed, backend: node.numerics };
}

/** An artifact's tensors and the SHA-256 of their values; none of a file. */
export async function tensorsOf(store: Store, digest: Digest): Promise<Record<string, Digest>> {
  const { manifest } = await store.readInfo(digest);
  if (manifest.kind !== "tensors") return {};
  return Object.fromEntries(
    Object.entries(manifest.tensors).map(([name, { sha256 }]) => [name, sha256]),
  );
}

/** A lock's file: nodes in natural order, a tensor a line. */
export function lockText(lock: Lock, { path }: Config): string {
  const nodes = [...lock].sort(([a], [b]) => naturally(a, b)).map(([id, node]) => {
    const { params, seed, backend, outputs } = node;
    return [id, {
      params,
      ...seed === null ? {} : { seed },
      ...backend === null ? {} : { backend },
      outputs,
    }];
  });
  const head =
    `# The bits that ${basename(path)} comes to, on every machine. Made by \`deno task run\`;\n` +
    "# `--frozen` fails where a run comes to others, `--update-lock` accepts them.\n";
  const document = new Document({ version: 1, nodes: Object.fromEntries(nodes) }, {
    sortMapEntries: (a, b) => naturally(String(a.key), String(b.key)),
    aliasDuplicateObjects: false,
  });
  visit(document, {
    // A param a line, however much it holds.
    Pair(_key, { value }, path) {
      const above = path.at(-2);
      const isParam = path.length === 8 && isPair(above) && `${above.key}` === "params";
      if (isParam && isCollection(value)) value.flow = true;
    },
  });
  return head + document.toString({ lineWidth: 0 });
}

/** Numbers in words count as numbers: `pass=9` before `pass=10`; `version` before `nodes`. */
function naturally(a: string, b: string): number {
  if (a === "version" || b === "version") return a === b ? 0 : a === "version" ? -1 : 1;
  const parts = (text: string) => text.split(/(\d+)/);
  const [x, y] = [parts(a), parts(b)];
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const [p = "", q = ""] = [x[i], y[i]];
    if (p === q) continue;
    const byNumber = i % 2 === 1 ? Number(p) - Number(q) : 0;
    return byNumber !== 0 ? byNumber : p < q ? -1 : 1;
  }
  return x.length - y.length;
}

const digest = z.string().regex(/^[0-9a-f]{64}$/, "is no SHA-256 of 64 hexadecimal digits");
const json: z.ZodType<Json> = z.json();
const schema = z.strictObject({
  version: z.literal(1),
  nodes: z.record(
    z.string(),
    z.strictObject({
      params: json,
      seed: z.number().optional(),
      backend: z.string().optional(),
      outputs: z.record(z.string(), z.record(z.string(), digest)),
    }),
  ),
});

/** @throws {ConfigError} with all that is wrong, each at its place. `path`: for messages. */
export function parseLock(path: string, text: string): Lock {
  const problems: Problem[] = [];
  if (text.length > MOST_BYTES) {
    problems.push({
      message: `A lock file of ${text.length} characters: ${MOST_BYTES} are the most`,
      place: null,
    });
  }
  const tree = problems.length === 0 ? parseYaml(text, problems) : null;
  if (tree === null || problems.length > 0) {
    throw new ConfigError(diagnostics(path, text.slice(0, MOST_BYTES), problems));
  }
  const parsed = schema.safeParse(toJson(tree));
  if (!parsed.success) {
    const source = new ConfigSource(path, text, tree);
    throw new ConfigError(
      parsed.error.issues.map((issue) =>
        source.diagnose(issue.path as (string | number)[], issue.message, { // JSON has no other keys
          help: "`deno task run CONFIG --update-lock` writes it anew",
        })
      ),
    );
  }
  return new Map(
    Object.entries(parsed.data.nodes).map(([id, node]) => [
      id as NodeId, // a name to compare with those of a plan, no more
      {
        params: node.params,
        seed: node.seed ?? null,
        backend: node.backend ?? null,
        outputs: node.outputs as LockedNode["outputs"], // the schema has looked at each digest
      },
    ]),
  );
}
