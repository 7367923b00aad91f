/** The JSON Schema that editors complete and check configs with. It allows what the reader of configs allows. */
import type { Json, JsonObject } from "../json.ts";
import { REFERENCE } from "./graph.ts";
import {
  CLUSTER_NAME,
  GPUS,
  MEMORY_PER,
  MOST_CPUS,
  MOST_TASKS,
  SBATCH_OPTION,
} from "./resources.ts";
import { MOST_SEEDS, VERSION } from "./shape.ts";
import { NAME, OWN_KEY } from "./tree_reader.ts";

/** What the schema needs to know of a stage file. */
export interface StageSchema {
  readonly name: string;
  /** As configs write it. */
  readonly uses: string;
  readonly summary: string;
  /** JSON Schema (input side) of its params; references inside it start from its own root. */
  readonly params: JsonObject;
  readonly inputs: readonly {
    readonly name: string;
    readonly what: string;
    readonly optional: boolean;
  }[];
}

const names = { pattern: NAME.source };
const inputMap = { type: "object", additionalProperties: { $ref: "#/$defs/input" } };

/** A null takes away what the config says of it for all stages. */
const RESOURCES: JsonObject = {
  type: "object",
  description: "What it may use, and where a cluster runs it; results do not depend on it",
  additionalProperties: false,
  properties: {
    cpus: {
      type: ["integer", "null"],
      minimum: 1,
      maximum: MOST_CPUS,
      description: "CPU threads at most",
    },
    memory: {
      type: ["string", "integer", "null"],
      pattern: "^\\d+(\\.\\d+)?[kMGT]?B?$",
      description: "e.g. 8GB; stands for what the stage says of itself",
    },
    memoryPer: {
      enum: [...MEMORY_PER, null],
      description:
        "How a cluster is told of the memory: by the node (as without it), by the CPU, or not",
    },
    tasks: {
      type: ["integer", "null"],
      minimum: 1,
      maximum: MOST_TASKS,
      description: "Tasks of an array on a cluster at most: beyond, a task does several cells",
    },
    gpus: {
      type: ["string", "integer", "null"],
      pattern: GPUS.source,
      minimum: 1,
      description: 'On a cluster: "1", "a100:2"',
    },
    time: {
      type: ["string", "null"],
      pattern: "^\\d+(\\.\\d+)?(d|h|min|s)$",
      description:
        "Ends a stage run that takes longer, e.g. 2h; on a cluster it goes on in a new job",
    },
    partition: { type: ["string", "null"], pattern: CLUSTER_NAME.source },
    account: { type: ["string", "null"], pattern: CLUSTER_NAME.source },
    sbatch: {
      type: ["array", "null"],
      items: { type: "string", pattern: SBATCH_OPTION.source },
      description: 'Further options of sbatch, e.g. ["--qos=long"]',
    },
  },
};

/** Draft 2020-12. `with`, `inputs` and `matrix` follow `uses`; stage files of one's own take any `with`. */
export function configSchema(stages: readonly StageSchema[]): JsonObject {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "A Crisol config",
    type: "object",
    required: ["stages"],
    additionalProperties: false,
    patternProperties: { [OWN_KEY.source]: { description: "Yours: a place for anchors" } },
    properties: {
      seed: {
        type: "integer",
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
        default: 1,
        description: "Decides all random numbers of the run",
      },
      resources: { $ref: "#/$defs/resources" },
      stages: {
        type: "object",
        description: "The stages of the pipeline by name",
        minProperties: 1,
        propertyNames: names,
        additionalProperties: { $ref: "#/$defs/stage" },
      },
    },
    $defs: {
      input: {
        anyOf: [{ $ref: "#/$defs/reference" }, {
          type: "array",
          minItems: 1,
          items: { $ref: "#/$defs/reference" },
        }],
      },
      reference: {
        type: "string",
        pattern: REFERENCE.source,
        description: '"stage", "stage.output" or "stage@cell.output"',
      },
      resources: RESOURCES,
      stage: stageSchema(stages),
      ...Object.fromEntries(stages.flatMap(({ uses, params }) => [
        [uses, rebase(params, uses)],
        [partialName(uses), rebase(partial(params), partialName(uses))],
      ])),
    },
  };
}

function stageSchema(stages: readonly StageSchema[]): JsonObject {
  return {
    type: "object",
    required: ["uses"],
    additionalProperties: false,
    properties: {
      uses: {
        description: "The stage file: a name in stages/, or ./mine.ts beside the config",
        anyOf: [
          ...stages.map(({ uses, summary }) => ({ const: uses, description: summary })),
          { type: "string", pattern: "^\\.\\.?/.*\\.ts$" },
        ],
      },
      with: { type: "object", description: "The stage's params" },
      inputs: { ...inputMap, propertyNames: names, description: "What it takes, and from where" },
      variants: {
        type: "object",
        description: "Cells by name, each with its changes of with and inputs",
        minProperties: 1,
        propertyNames: names,
        additionalProperties: {
          type: ["object", "null"],
          additionalProperties: false,
          properties: { with: { type: "object" }, inputs: { ...inputMap, propertyNames: names } },
        },
      },
      matrix: {
        type: "object",
        description: "Params to lists of values; a cell for each combination",
        minProperties: 1,
        propertyNames: names,
        additionalProperties: { type: "array", minItems: 1, uniqueItems: true },
      },
      seeds: {
        type: "integer",
        minimum: 1,
        maximum: MOST_SEEDS,
        description: "Number of replicates, each with a seed of its own",
      },
      join: { const: "product", description: "Combine unrelated sets of cells" },
      cache: { type: "boolean", default: true, description: "false: run it again each time" },
      version: {
        anyOf: [{ type: "integer", minimum: 0 }, { type: "string", pattern: VERSION.source }],
        description: "Stands for its code: while it is the same, changed code re-runs nothing",
      },
      resources: { $ref: "#/$defs/resources" },
    },
    allOf: stages.flatMap(conditions),
  };
}

/** What `uses` says about the other keys. What is required may come from variants or a matrix instead. */
function conditions({ uses, params, inputs }: StageSchema): JsonObject[] {
  const is = { required: ["uses"], properties: { uses: { const: uses } } };
  const some = {
    properties: { with: { $ref: `#/$defs/${partialName(uses)}` }, inputs: only(inputs) },
  };
  const needed = inputs.filter(({ optional }) => !optional).map(({ name }) => name);
  const needsParams = Array.isArray(params.required) && params.required.length > 0;
  const axes = Object.keys(isMap(params.properties) ? params.properties : {});
  return [{
    if: is,
    then: {
      properties: {
        ...some.properties,
        variants: { additionalProperties: some },
        matrix: {
          properties: Object.fromEntries(axes.map((name) => [name, {
            items: { $ref: `#/$defs/${uses}/properties/${pointer(name)}` },
          }])),
        },
      },
    },
  }, {
    if: { ...is, not: { anyOf: [{ required: ["variants"] }, { required: ["matrix"] }] } },
    then: {
      required: [...(needsParams ? ["with"] : []), ...(needed.length > 0 ? ["inputs"] : [])],
      properties: { with: { $ref: `#/$defs/${uses}` }, inputs: { required: needed } },
    },
  }];
}

function only(inputs: StageSchema["inputs"]): JsonObject {
  return {
    additionalProperties: false,
    properties: Object.fromEntries(
      inputs.map(({ name, what }) => [name, { $ref: "#/$defs/input", description: what }]),
    ),
  };
}

/** No stage can be called so: names hold no point. */
function partialName(uses: string): string {
  return `${uses}.partial`;
}

/** The schema with nothing required in maps, since those are merged; lists are replaced as a whole. */
function partial(schema: Json): Json {
  if (!isMap(schema)) return schema;
  const { required: _, oneOf, anyOf, allOf, properties, $defs, ...rest } = schema;
  const all = (list: Json | undefined) => isList(list) ? list.map(partial) : [];
  // Without what tells the alternatives of `oneOf` apart, several may fit.
  const alternatives = [...all(oneOf), ...all(anyOf)];
  return {
    ...rest,
    ...(alternatives.length > 0 ? { anyOf: alternatives } : {}),
    ...(allOf === undefined ? {} : { allOf: all(allOf) }),
    ...(isMap(properties) ? { properties: mapValues(properties, partial) } : {}),
    ...(isMap($defs) ? { $defs: mapValues($defs, partial) } : {}),
  };
}

/** References from the schema's own root made to start from the whole document's. */
function rebase(schema: Json, name: string): Json {
  if (isList(schema)) return schema.map((item) => rebase(item, name));
  if (!isMap(schema)) return schema;
  const { $schema: _, ...rest } = schema;
  const { $ref } = rest;
  const rebased = mapValues(rest, (value) => rebase(value, name));
  return typeof $ref === "string" && $ref.startsWith("#")
    ? { ...rebased, $ref: `#/$defs/${name}${$ref.slice(1)}` }
    : rebased;
}

function pointer(name: string): string {
  return encodeURIComponent(name.replaceAll("~", "~0").replaceAll("/", "~1"));
}

function mapValues(map: JsonObject, change: (value: Json) => Json): JsonObject {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)]));
}

function isMap(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `Array.isArray` does not narrow readonly arrays. */
function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}
