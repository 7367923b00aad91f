/** The strategy of a sweep's file, with its defaults. */
import { suggest } from "../config/nearest.ts";
import { child, type MapTree, quote, toJson, type Tree } from "../config/tree.ts";
import { TreeReader } from "../config/tree_reader.ts";
import type { StrategySpec, Sweep } from "./sweep.ts";

const TYPES = ["grid", "random", "sobol", "tpe", "halving", "asha"] as const;
type Type = typeof TYPES[number];

/** Beside `type`. */
const KEYS: Readonly<Record<Type, readonly string[]>> = {
  grid: [],
  random: [],
  sobol: [],
  tpe: ["startup", "lag", "gamma", "candidates"],
  halving: ["eta", "rungs", "of"],
  asha: ["eta", "rungs", "of", "lag"],
};
/** Where nothing is said. A lag of four keeps two workers busy, and costs few of what TPE could know. */
const LAG = 4;
const ETA = 3;
const MOST_RUNGS = 20;

export class StrategyReader extends TreeReader {
  /** Without the key: random. */
  read(tree: Tree | undefined): StrategySpec {
    const map = tree?.kind === "map" ? tree : null;
    const named = map === null ? tree : child(map, "type")?.value;
    if (map !== null && named === undefined) {
      this.complain('The key "type" is missing', map.place, `There are: ${TYPES.join(", ")}`);
    }
    const text = named === undefined ? "random" : this.text(named);
    const type = TYPES.find((one) => one === text) ?? null;
    if (type === null) {
      if (text !== null && named !== undefined) {
        this.complain(`There is no strategy ${quote(text)}`, named.place, suggest(text, TYPES));
      }
      return { type: "random" };
    }
    if (map !== null) this.keys(map, ["type", ...KEYS[type]], `the strategy "${type}"`);
    return this.#spec(type, map, named);
  }

  /** The stage and param that rungs count: `of`, else the epochs of the stage that is swept last. */
  counted(tree: Tree | undefined, last: string): Sweep["rungs"] {
    const of = tree?.kind === "map" ? child(tree, "of")?.value : undefined;
    if (of === undefined) return { stage: last, param: "epochs" };
    const [, stage, param] = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/.exec(this.text(of) ?? "") ?? [];
    return stage === undefined || param === undefined
      ? this.wanted(of, '"stage.param", e.g. "train.epochs"')
      : { stage, param };
  }

  #spec(type: Type, map: MapTree | null, named: Tree | undefined): StrategySpec {
    const of = (key: string) => map === null ? undefined : child(map, key)?.value;
    const lag = () => this.whole(of("lag"), 1, 1000) ?? LAG;
    switch (type) {
      case "grid":
      case "random":
      case "sobol":
        return { type };
      case "tpe":
        return {
          type,
          startup: this.whole(of("startup"), 1, 10_000) ?? 10,
          lag: lag(),
          gamma: this.#part(of("gamma")) ?? 0.1,
          candidates: this.whole(of("candidates"), 1, 1000) ?? 24,
        };
      case "halving":
      case "asha": {
        const eta = this.whole(of("eta"), 2, 100) ?? ETA;
        const rungs = this.#rungs(of("rungs"), map, named);
        return type === "halving" ? { type, eta, rungs } : { type, eta, rungs, lag: lag() };
      }
      default:
        return type satisfies never;
    }
  }

  #rungs(tree: Tree | undefined, map: MapTree | null, named: Tree | undefined): number[] {
    if (tree === undefined) {
      const place = map?.place ?? named?.place ?? { start: 0, end: 0 };
      this.complain("The strategy has no rungs", place, 'e.g. "rungs: [1, 3, 9]", in epochs');
      return [1];
    }
    const values = tree.kind === "list" ? tree.items.map(toJson) : [];
    const isAscending = values.every((value, index) =>
      typeof value === "number" && Number.isSafeInteger(value) && value >= 1 &&
      (index === 0 || value > Number(values[index - 1]))
    );
    if (isAscending && values.length >= 1 && values.length <= MOST_RUNGS) return values.map(Number);
    this.wanted(tree, `1 to ${MOST_RUNGS} whole numbers, each larger than the one before it`);
    return [1];
  }

  #part(tree: Tree | undefined): number | null {
    if (tree === undefined) return null;
    const value = tree.kind === "scalar" ? tree.value : null;
    return typeof value === "number" && value > 0 && value < 1
      ? value
      : this.wanted(tree, "a number between 0 and 1");
  }
}
