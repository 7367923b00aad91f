/** The graphs that the engine is measured by, written into a copy of the project. */
import { fileURLToPath } from "node:url";
import type { Workplace } from "../../tests/rig.ts";

const HERE = "bench/engine";
/** Paths from the copy's root. */
export const FAN = `${HERE}/fan.yaml`;
export const CHAIN = `${HERE}/chain.yaml`;
/** Its nodes are as many as a sweep's trials. */
export const CELLS = `${HERE}/cells.yaml`;
export const SWEEP = `${HERE}/sweep.yaml`;
export const FASHION = "configs/fashion.yaml";

export interface Sizes {
  /** Nodes of the fan and of the chain. */
  readonly stages: number;
  readonly trials: number;
}

export function writeGraphs(place: Workplace, { stages, trials }: Sizes): void {
  const module = fileURLToPath(new URL("nothing.ts", import.meta.url));
  place.write(`${HERE}/nothing.ts`, Deno.readTextFileSync(module));
  const config = (path: string, lines: readonly string[]) =>
    place.write(path, `${["stages:", ...lines].join("\n")}\n`);
  const node = (name: string, more: string) => [`  ${name}:`, "    uses: ./nothing.ts", more];
  const all = (count: number) => Array.from({ length: count }, (_, i) => i);
  config(FAN, node("work", `    matrix: { y: [${all(stages)}] }`));
  config(
    CHAIN,
    all(stages).flatMap((i) => [
      ...node(`work${i}`, `    with: { y: ${i} }`),
      ...i === 0 ? [] : [`    inputs: { before: work${i - 1} }`],
    ]),
  );
  config(CELLS, node("work", `    matrix: { y: [${all(trials)}] }`));
  config(`${HERE}/one.yaml`, node("work", "    with: { y: 1 }"));
  const sweep = [
    "base: one.yaml",
    "stage: work",
    "space: { x: { float: [0, 1] }, y: { int: [1, 100] } }",
    "metric: work.score",
    "goal: maximize",
    "strategy: random",
    `budget: { trials: ${trials} }`,
  ];
  place.write(SWEEP, `${sweep.join("\n")}\n`);
}

/**
 * Ten epochs of four trainings take minutes, one takes seconds. It makes as many nodes and artifacts, and tensors
 * of the same shapes but for the histories, so that a run that has nothing to do does the same.
 */
export function shortenFashion(place: Workplace): void {
  place.edit(FASHION, "epochs: 10\n", "epochs: 1\n");
  // It is that of ten epochs: the first run makes one of its own.
  Deno.removeSync(`${place.root}/${FASHION.replace(".yaml", ".lock.yaml")}`);
}
