/** Draws charts: vega-lite in, SVG and the compiled vega spec for the reader's browser out. */
import type { TopLevelSpec } from "vega-lite";
import { CHART_CONFIG } from "./theme.ts";

export interface Drawing {
  readonly id: string;
  readonly svg: string;
  /** Plain JSON: a vega spec. */
  readonly spec: unknown;
}

/** `title` and `description` are read out; `spec` is drawn. */
export interface Chart {
  readonly id: string;
  readonly description: string;
  readonly spec: TopLevelSpec;
}

/** Draws all charts, one after another, so that the ids inside an SVG follow from the chart alone. */
export async function draw(charts: readonly Chart[]): Promise<Map<string, Drawing>> {
  // Here, not at the top: a stage that only describes itself need not load them.
  const vega = await import("vega");
  const { compile } = await import("vega-lite");
  const { expressionInterpreter } = await import("vega-interpreter");
  const drawings = new Map<string, Drawing>();
  for (const { id, description, spec } of charts) {
    const compiled = compile({ ...spec, description }, { config: CHART_CONFIG }).spec;
    vega.resetSVGDefIds();
    const view = new vega.View(vega.parse(compiled, undefined, { ast: true }), {
      renderer: "none",
      expr: expressionInterpreter,
      logLevel: vega.Error,
    });
    const svg = await view.toSVG();
    view.finalize();
    drawings.set(id, { id, svg: own(svg, id), spec: compiled });
  }
  return drawings;
}

/** Makes the ids inside an SVG its own: a page holds many. */
function own(svg: string, id: string): string {
  return svg.replace(/ id="([^"]+)"/g, ` id="${id}-$1"`)
    .replace(/url\(#([^)]+)\)/g, `url(#${id}-$1)`);
}
