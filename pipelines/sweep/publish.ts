/** The page of a sweep, and the winner's config beside it. */
import { buildClient } from "../report/build.ts";
import type { SweepData } from "../report/sweep_data.ts";
import { renderSweepPage } from "../report/sweep_page.ts";
import { publishFile } from "../store/files.ts";

/** Where a sweep's page and the winner's config lie: apart from the pages of configs, which may have its name. */
export function sweepFolder(reports: string): string {
  return `${reports}/sweeps`;
}

/** Answers the paths, the page's first. `root`: the folder of deno.json. */
export async function publishSweep(
  data: SweepData,
  root: string,
  reports: string,
): Promise<string[]> {
  // Builds belong to the sources, whichever store the results go to.
  const { path } = await buildClient(`${root}/artifacts/cache/report`, "sweep-client");
  const folder = sweepFolder(reports);
  const page = `${folder}/${data.name}.html`;
  publishFile(page, await renderSweepPage(data, await Deno.readTextFile(path)));
  if (data.winner === null) return [page];
  const config = `${folder}/${data.name}-winner.yaml`;
  publishFile(config, data.winner.yaml);
  return [page, config];
}
