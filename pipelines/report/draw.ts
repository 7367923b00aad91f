/** Draws charts: vega-lite in, SVG and the compiled vega spec for the reader's browser out. */
import type { TopLevelSpec } from "vega-lite";
import { type Html, html, raw } from "./html.ts";
import { CHART_CONFIG } from "./theme.ts";

interface Drawing {
  readonly svg: string;
  /** Plain JSON: a vega spec. */
  readonly spec: unknown;
}

/** `description` is read out; `spec` is drawn. */
export interface Chart {
  readonly id: string;
  readonly description: string;
  readonly spec: TopLevelSpec;
}

/** Charts that are drawn: each has one place on the page, and none goes without a word. */
export class Drawings {
  readonly #drawings: ReadonlyMap<Chart, Drawing>;
  readonly #unplaced: Set<Chart>;

  constructor(drawings: ReadonlyMap<Chart, Drawing>) {
    this.#drawings = drawings;
    this.#unplaced = new Set(drawings.keys());
  }

  /** The chart as a figure; `more`: attributes. */
  place(chart: Chart | null, more: Html | null = null): Html | null {
    if (chart === null) return null;
    const drawing = this.#drawings.get(chart);
    if (drawing === undefined || !this.#unplaced.delete(chart)) {
      throw new Error(
        `Cannot place the chart "${chart.id}": it ${
          drawing === undefined ? "was not drawn" : "has a place already"
        }`,
      );
    }
    return html`<figure class="chart" id="${chart.id}" ${more}>${raw(drawing.svg)}</figure>`;
  }

  /** @throws Error where a chart was drawn for nothing */
  checkPlaced(): void {
    const [lost] = this.#unplaced;
    if (lost !== undefined) throw new Error(`The chart "${lost.id}" has no place on the page`);
  }

  /** By id, for the reader's browser. */
  specs(): Readonly<Record<string, unknown>> {
    return Object.fromEntries([...this.#drawings].map(([{ id }, { spec }]) => [id, spec]));
  }
}

/** Draws all charts, one after another, so that the ids inside an SVG follow from the chart alone. */
export async function draw(all: readonly (Chart | null)[]): Promise<Drawings> {
  // Here, not at the top: a stage that only describes itself need not load them.
  const vega = await import("vega");
  const { compile } = await import("vega-lite");
  const { expressionInterpreter } = await import("vega-interpreter");
  const drawings = new Map<Chart, Drawing>();
  const ids = new Set<string>();
  for (const chart of all) {
    if (chart === null) continue;
    const { id, description, spec } = chart;
    if (ids.has(id)) throw new Error(`Two charts are called "${id}"`);
    ids.add(id);
    const compiled = compile({ ...spec, description }, { config: CHART_CONFIG }).spec;
    vega.resetSVGDefIds();
    const view = new vega.View(vega.parse(compiled, undefined, { ast: true }), {
      renderer: "none",
      expr: expressionInterpreter,
      logLevel: vega.Error,
    });
    const svg = await view.toSVG();
    view.finalize();
    drawings.set(chart, { svg: own(svg, id), spec: compiled });
  }
  return new Drawings(drawings);
}

/** Makes the ids inside an SVG its own: a page holds many. */
function own(svg: string, id: string): string {
  return svg.replace(/ id="([^"]+)"/g, ` id="${id}-$1"`)
    .replace(/url\(#([^)]+)\)/g, `url(#${id}-$1)`);
}
