/** Reads a sweep's file and its base config, and checks all that needs no stage. */
import { basename, dirname } from "node:path";
import { type Config, ConfigError, type StageConfig } from "../config/config.ts";
import { suggest } from "../config/nearest.ts";
import { absolute } from "../config/paths.ts";
import { placeOf, withOverrides } from "../config/place.ts";
import { readConfig, readText, refuseOther } from "../config/read.ts";
import { ConfigSource, diagnostics } from "../config/source.ts";
import { child, type MapTree, type Problem, quote, toJson, type Tree } from "../config/tree.ts";
import { OWN_KEY, TreeReader } from "../config/tree_reader.ts";
import { parseDuration } from "../config/units.ts";
import { parseYaml } from "../config/yaml.ts";
import { type Head, SpaceReader } from "./read_space.ts";
import { StrategyReader } from "./read_strategy.ts";
import { type Goal, MOST_TRIALS, type Parameter, type Sweep } from "./sweep.ts";
import { wholesFirst } from "./values.ts";

const KEYS = [
  "base",
  "set",
  "stage",
  "space",
  "metric",
  "goal",
  "strategy",
  "budget",
  "replicates",
  "retries",
  "timeout",
  "seed",
  "asynchronous",
];

export const MOST_REPLICATES = 100;
const HOUR = 3_600_000;

/** `G`: its goal, which the file need not say. */
export interface ReadSweep<G extends Goal | null = Goal> {
  readonly sweep: Sweep<G>;
  /** Where the values of the sweep's file stand. */
  readonly source: ConfigSource;
  /** The key of each param in the file's space, by its path. */
  readonly keys: ReadonlyMap<string, string>;
  readonly base: Config;
  /** Where those of the base config stand. */
  readonly baseSource: ConfigSource;
}

/**
 * Reads the sweep at `path` and its base config, with the sweep's `set` and then `overrides` applied to that.
 * `project` is the absolute folder of deno.json.
 *
 * @throws {ConfigError} With all that is wrong in either file, the sweep's first.
 */
export async function readSweep(
  path: string,
  project: string,
  overrides: readonly string[],
): Promise<ReadSweep<Goal | null>> {
  const file = absolute(path);
  const text = await readText(file, "sweep");
  const problems: Problem[] = [];
  const fail = () => {
    if (problems.length > 0) throw new ConfigError(diagnostics(file, text, problems));
  };
  const tree = parseYaml(text, problems);
  refuseOther(file, tree, "sweep");
  fail();
  if (tree === null) throw new Error(`The YAML of "${path}" has no value, and no error`);
  const reader = new SweepReader(problems);
  const read = reader.read(tree, file);
  fail();
  if (read === null) throw new Error(`The sweep "${path}" was not read, and gave no error`);
  const { config, source } = await readConfig(read.base, project, [
    ...read.overrides,
    ...overrides,
  ]);
  reader.checkStages(config);
  fail();
  const cells = reader.cells(config);
  fail();
  const place = await placeOf(file, `${project}/configs/sweeps`, project);
  const page = await withOverrides(place, overrides);
  return {
    sweep: { ...read, page, cells, overrides: [...read.overrides, ...overrides] },
    source: new ConfigSource(file, text, tree),
    keys: reader.spaceKeys,
    base: config,
    baseSource: source,
  };
}

class SweepReader extends TreeReader {
  #space: SpaceReader;
  #root: MapTree | null = null;
  #sweep: Sweep<Goal | null> | null = null;

  constructor(problems: Problem[]) {
    super(problems);
    this.#space = new SpaceReader(problems);
  }

  get spaceKeys(): ReadonlyMap<string, string> {
    return this.#space.names;
  }

  read(tree: Tree, file: string): Sweep<Goal | null> | null {
    const root = this.map(tree, 'a map with the keys "base" and "space"');
    if (root === null) return null;
    this.#root = root;
    const stages = root.entries.get("stages");
    if (stages !== undefined && !root.entries.has("base")) {
      const help = "`deno task run` runs it; a sweep names it as its `base`";
      return this.complain("This is a config, not a sweep", stages.key, help);
    }
    this.keys(root, KEYS, "a sweep", OWN_KEY);
    const of = (key: string) => child(root, key)?.value;
    for (const key of ["base", "space"]) {
      if (of(key) === undefined) this.complain(`The key "${key}" is missing`, root.place);
    }
    const base = of("base") === undefined ? null : this.text(of("base") as Tree); // it is there
    const head = this.#head(of("stage"));
    const strategies = new StrategyReader(this.problems);
    const strategy = strategies.read(of("strategy"));
    const isGrid = strategy.type === "grid";
    const spaceTree = of("space");
    const space = spaceTree === undefined ? [] : this.#space.read(spaceTree, head, isGrid);
    const last = head?.stage ?? this.#space.heads.at(-1)?.head.stage ?? "";
    const rungs = "rungs" in strategy ? strategies.counted(of("strategy"), last) : null;
    if (rungs !== null) this.#refuseRungs(space, rungs);
    this.#sweep = {
      path: file,
      name: basename(file).replace(/\.ya?ml$/i, ""),
      page: "",
      base: base === null ? "" : absolute(dirname(file), base),
      overrides: this.#set(of("set")),
      seed: this.whole(of("seed"), 0, Number.MAX_SAFE_INTEGER) ?? 1,
      space,
      metric: this.#metric(of("metric")),
      goal: this.#goal(of("goal")),
      strategy,
      rungs,
      budget: this.#budget(of("budget"), isGrid, root),
      replicates: this.whole(of("replicates"), 1, MOST_REPLICATES) ?? 1,
      retries: this.whole(of("retries"), 0, 10) ?? 0,
      timeout: this.#duration(of("timeout")),
      asynchronous: this.boolean(of("asynchronous")) ?? false,
      cells: {},
    };
    return this.#sweep;
  }

  /** Stages that the sweep names must be there. */
  checkStages(config: Config): void {
    const root = this.#root, sweep = this.#sweep;
    if (root === null || sweep === null) return;
    const names = config.stages.map(({ name }) => name);
    const unknown = (name: string, place: Tree["place"]) => {
      if (names.includes(name)) return;
      this.complain(`There is no stage "${name}" in "${config.name}"`, place, suggest(name, names));
    };
    for (const { head, key } of this.#space.heads) {
      unknown(head.stage, child(root, "stage")?.value.place ?? key);
      if (child(root, "stage") !== undefined) break;
    }
    const metric = child(root, "metric");
    unknown(sweep.metric.stage, metric?.value.place ?? root.place);
    const strategy = child(root, "strategy");
    if (sweep.rungs !== null) unknown(sweep.rungs.stage, strategy?.value.place ?? root.place);
  }

  /** The variant of each swept stage that has some. */
  cells(config: Config): Record<string, string> {
    const cells: Record<string, string> = {};
    const root = this.#root;
    const stageTree = root === null ? undefined : child(root, "stage");
    for (const { head, key } of this.#space.heads) {
      const stage = config.stages.find(({ name }) => name === head.stage);
      if (stage === undefined) continue;
      const place = stageTree?.value.place ?? key;
      const before = cells[head.stage];
      if (head.cell !== null && before !== undefined && before !== head.cell) {
        this.complain(
          `"${head.stage}" is swept as "${before}" above: one sweep takes one of them`,
          place,
        );
        continue;
      }
      const cell = head.cell ?? before ?? null;
      if (cell !== null) cells[head.stage] = cell;
      const wrong = wrongCell(stage, cell);
      if (wrong !== null) {
        this.complain(...[wrong.message, place, wrong.help] as const);
        break;
      }
    }
    return cells;
  }

  #head(tree: Tree | undefined): Head | null {
    if (tree === undefined) return null;
    const text = this.text(tree);
    const [, stage, cell] = /^([A-Za-z0-9_-]+)(?:@([A-Za-z0-9_+-]+))?$/.exec(text ?? "") ?? [];
    if (stage === undefined) {
      return text === null ? null : this.wanted(tree, '"stage" or "stage@variant"');
    }
    return { stage, cell: cell ?? null };
  }

  #set(tree: Tree | undefined): string[] {
    const map = tree === undefined ? null : this.map(tree, "a map of paths to values");
    const values = this.entries(map).map(([path, { value }]) => [path, toJson(value)] as const);
    return wholesFirst(Object.fromEntries(values)).map(([path, value]) =>
      `${path}=${JSON.stringify(value)}`
    );
  }

  #metric(tree: Tree | undefined): Sweep["metric"] {
    const map = tree?.kind === "map" ? tree : null;
    if (map !== null) this.keys(map, ["of", "on"], "a metric");
    const of = map === null ? tree : child(map, "of")?.value;
    const text = of === undefined ? "evaluate.accuracy" : this.text(of) ?? "";
    const [, stage, tensor] = /^([A-Za-z0-9_-]+)\.([A-Za-z_][\w/-]*)$/.exec(text) ?? [];
    if (of !== undefined && stage === undefined && text !== "") {
      this.wanted(of, '"stage.figure", e.g. "evaluate.accuracy" or "train.val_loss"');
    }
    const on = map === null ? undefined : child(map, "on")?.value;
    const found = on?.kind === "scalar" ? on.value : null;
    if (on !== undefined && found !== "validation" && found !== "test") {
      this.wanted(on, '"validation" or "test"');
    }
    return {
      stage: stage ?? "",
      tensor: tensor ?? "",
      on: found === "test" ? "test" : "validation",
    };
  }

  #goal(tree: Tree | undefined): Goal | null {
    const value = tree?.kind === "scalar" ? tree.value : null;
    if (value === "maximize" || value === "minimize") return value;
    return tree === undefined ? null : this.wanted(tree, '"maximize" or "minimize"');
  }

  #budget(tree: Tree | undefined, isGrid: boolean, root: MapTree): Sweep["budget"] {
    const map = tree?.kind === "map" ? tree : null;
    if (map !== null) this.keys(map, ["trials", "hours"], "a budget");
    const trials = map === null ? tree : child(map, "trials")?.value;
    if (trials === undefined && !isGrid) {
      this.complain(
        "There is no budget",
        tree?.place ?? root.place,
        'Say how many points are tried: "budget: { trials: 60 }"',
      );
    }
    const hours = map === null ? undefined : child(map, "hours")?.value;
    const time = hours?.kind === "scalar" ? hours.value : null;
    if (hours !== undefined && !(typeof time === "number" && time > 0)) {
      this.wanted(hours, "a number of hours above 0");
    }
    return {
      trials: this.whole(trials, 1, MOST_TRIALS) ?? MOST_TRIALS,
      time: typeof time === "number" ? time * HOUR : null,
    };
  }

  #duration(tree: Tree | undefined): number | null {
    if (tree === undefined) return null;
    const found = tree.kind === "scalar" ? parseDuration(String(tree.value)) : null;
    return found !== null && found > 0 ? found : this.wanted(tree, "a time, e.g. 90min, 2h, 45s");
  }

  /** What halving decides cannot be drawn as well. */
  #refuseRungs(space: readonly Parameter[], rungs: NonNullable<Sweep["rungs"]>): void {
    const path = `${rungs.stage}.${rungs.param}`;
    const tree = this.#root === null ? undefined : child(this.#root, "space");
    if (space.some((one) => one.path === path) && tree !== undefined) {
      this.complain(
        `${quote(path)} is what the rungs of "strategy" count: the space cannot hold it`,
        tree.value.place,
      );
    }
  }
}

/** A stage with variants is swept in one of them; other cells of its own would mix with the trials. */
function wrongCell(
  stage: StageConfig,
  cell: string | null,
): { message: string; help: string | undefined } | null {
  const names = stage.variants.map(({ name }) => name);
  if (names.length > 0 && (cell === null || !names.includes(cell))) {
    const message = cell === null
      ? `"${stage.name}" has variants`
      : `"${stage.name}" has no variant "${cell}"`;
    const help = cell === null
      ? `Say which is swept: "${stage.name}@${names[0]}"; there are: ${names.join(", ")}`
      : suggest(cell, names);
    return { message, help };
  }
  if (names.length === 0 && cell !== null) {
    return { message: `"${stage.name}" has no variants`, help: `Write "${stage.name}"` };
  }
  if (Object.keys(stage.matrix).length > 0) {
    return {
      message: `"${stage.name}" has a matrix: a sweep makes the cells of what it changes`,
      help: "Move its lists into the space",
    };
  }
  return null;
}
