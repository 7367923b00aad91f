/** What the engine takes for a reply of a stage process: nothing that a stage has a hand in is believed unseen. */
import { z } from "zod";
import type { Json } from "../json.ts";
import type { Description, Digest } from "../plan/plan.ts";
import type { Failure } from "../run/event.ts";
import type {
  ArtifactType,
  Checked,
  InputType,
  ParamIssue,
  Progress,
  StepProfile,
} from "../stage.ts";
import { DTYPES } from "../tensor/dtypes.ts";
import { declaredIssue, fileIssue } from "../names.ts";
import type { Reply } from "./protocol.ts";

/** Characters of a text for people, at most; what is longer is cut. */
export const MOST_WORDS = 16 * 1024;
/** Axes of a tensor. */
const MOST_RANK = 16;

/** A key that a type has and its schema lacks would be refused where a stage gives it. */
type Keys<T> = Record<keyof T, z.ZodType>;

const words = z.string().transform((text) =>
  text.length > MOST_WORDS ? `${text.slice(0, MOST_WORDS)} ...` : text
);
/** It came out of JSON. */
const json = z.custom<Json>((value) => value !== undefined);
const attributes = z.record(z.string(), json);
const digest = z.custom<Digest>(
  (value) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value),
  "wanted a SHA-256 in hexadecimal",
);
const count = z.int().nonnegative();
/** A text with which there is no issue. */
const named = (issueOf: (name: string) => string | null) =>
  z.string().superRefine((text, context) => {
    const message = issueOf(text);
    if (message !== null) context.addIssue({ code: "custom", message });
  });
const input = named((name) => declaredIssue("input", name));
const output = named((name) => declaredIssue("output", name));
const fileName = named(fileIssue);
/** By which random streams go. */
const name = z.string().regex(/^\S.{0,198}\S$|^\S$/u, "wanted a name of at most 200 letters");
/** As Deno's permission takes it; a text without a host would stand for all of them. */
const host = z.string().regex(
  /^(?:(?:\*\.)?[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/,
  'wanted a host, as "example.org:443"',
);

const dtype = z.enum(DTYPES);
const tensorTypes = z.record(
  z.string(),
  z.strictObject({ dtype, rank: z.int().min(0).max(MOST_RANK) }),
);
const artifactType = z.discriminatedUnion("kind", [
  z.strictObject(
    {
      kind: z.literal("tensors"),
      tensors: tensorTypes,
      open: z.exactOptional(z.boolean()),
      goals: z.exactOptional(z.record(z.string(), z.enum(["maximize", "minimize"]))),
      curves: z.exactOptional(z.strictObject({ unit: words, kept: z.string() })),
    } satisfies Keys<ArtifactType & { readonly kind: "tensors" }>,
  ),
  z.strictObject({ kind: z.literal("file"), name: fileName }),
]);
const inputType = z.strictObject(
  {
    arity: z.enum(["one", "many"]),
    over: z.exactOptional(z.string()),
    named: z.exactOptional(z.boolean()),
    optional: z.exactOptional(z.boolean()),
    partial: z.exactOptional(z.boolean()),
    tensors: z.exactOptional(tensorTypes),
    what: words,
  } satisfies Keys<InputType>,
).refine(
  ({ arity, partial }) => partial !== true || arity === "many",
  'wanted `arity: "many"` with `partial`: one artifact is there or is not',
);

const description = z.strictObject(
  {
    name,
    summary: words,
    params: attributes,
    inputs: z.record(input, inputType),
    outputs: z.record(output, artifactType),
    random: z.boolean(),
    datasets: z.boolean(),
    hosts: z.array(host),
    cells: z.strictObject({ count: z.string(), index: z.string() }).nullable(),
    horizon: z.string().nullable(),
    profiles: z.boolean(),
  } satisfies Keys<Description>,
);

const artifactShape = z.strictObject({
  tensors: z.record(
    z.string(),
    z.strictObject({ dtype, shape: z.array(count.nullable()).max(MOST_RANK) }),
  ),
});
const issue = z.strictObject(
  {
    path: z.array(z.union([z.string(), z.number()])),
    input: z.exactOptional(z.string()),
    message: words,
    help: z.exactOptional(words),
    unknown: z.exactOptional(z.string()),
    known: z.exactOptional(z.array(z.string())),
  } satisfies Keys<ParamIssue>,
);
const checked = z.strictObject(
  {
    outputs: z.exactOptional(z.record(output, artifactShape)),
    issues: z.exactOptional(z.array(issue)),
    kernels: z.exactOptional(z.array(z.string())),
    numerics: z.exactOptional(z.string()),
    horizon: z.exactOptional(z.boolean()),
    random: z.exactOptional(z.boolean()),
    resources: z.exactOptional(z.strictObject({
      threads: z.exactOptional(z.union([z.int().positive(), z.literal("all")])),
      memory: z.exactOptional(z.number().positive()),
    })),
  } satisfies Keys<Checked>,
);

const failure = z.strictObject(
  {
    type: z.enum([
      "threw",
      "exited",
      "killed",
      "out-of-memory",
      "permission",
      "bad-output",
      "store",
      "damaged",
      "timeout",
      "start",
    ]),
    message: words,
    help: z.exactOptional(words),
    stack: z.exactOptional(words),
    folder: z.exactOptional(z.string().nullable()),
    // The engine finds `at` itself.
  } satisfies Keys<Omit<Failure, "at">>,
);

const profile = z.strictObject(
  {
    steps: count,
    batch: count,
    milliseconds: z.number(),
    least: z.number(),
    lines: z.array(z.strictObject({
      part: z.enum(["forward", "backward", "update", "outside"]),
      layer: words,
      operation: words,
      milliseconds: z.number(),
      least: z.number(),
    })),
  } satisfies Keys<StepProfile>,
);

const progress = z.strictObject(
  {
    done: z.number(),
    total: z.number(),
    unit: words,
    facts: z.exactOptional(z.record(z.string(), words)),
  } satisfies Keys<Progress>,
);

const SCHEMA: z.ZodType<Reply> = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("described"), description }),
  z.strictObject({
    type: z.literal("checked"),
    params: json,
    issues: z.array(issue),
    checked,
  }),
  z.strictObject({ type: z.literal("progress"), progress }),
  z.strictObject({ type: z.literal("log"), message: words }),
  z.strictObject({ type: z.literal("done"), outputs: z.record(output, digest) }),
  z.strictObject({ type: z.literal("profiled"), profile }),
  z.strictObject({ type: z.literal("failed"), failure }),
]);

/** The reply; or a text that says what is wrong with it. */
export function parseReply(text: string): Reply | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
    const parsed = SCHEMA.safeParse(value);
    if (parsed.success) return parsed.data;
    const [first] = parsed.error.issues;
    const place = first?.path.join(".") ?? "";
    const what = first?.code === "invalid_key" ? first.issues[0]?.message : first?.message;
    return `${place === "" ? "" : `\`${place}\`: `}${what ?? "it fits nothing"}`;
  } catch (error) {
    // No JSON, or so deep that it cannot be looked at.
    return error instanceof Error ? error.message : String(error);
  }
}
