/** The page of a sweep, and the winner's config beside it. */
import { buildClient } from "../report/build.ts";
import type { SweepData } from "../report/sweep_data.ts";
import { renderSweepPage } from "../report/sweep_page.ts";
import { publishFile } from "../store/files.ts";

/** Where a sweep's page and the winner's config lie: apart from the pages of configs, which may have its name. */
export function sweepFolder(reports: string): string {
  return `${reports}/sweeps`;
}

/**
 * The page's script, built before the sweep begins: Ctrl-C ends the bundler as well. `root`: the folder of deno.json,
 * since builds belong to the sources, whichever store the results go to.
 */
export async function sweepClient(root: string): Promise<string> {
  const { path } = await buildClient(`${root}/artifacts/cache/report`, "sweep-client");
  return await Deno.readTextFile(path);
}

/** Answers the paths, the page's first. */
export async function publishSweep(
  data: SweepData,
  client: string,
  reports: string,
): Promise<string[]> {
  const folder = sweepFolder(reports);
  const page = `${folder}/${data.name}.html`;
  publishFile(page, await renderSweepPage(data, client));
  if (data.winner === null) return [page];
  const config = `${folder}/${data.name}-winner.yaml`;
  publishFile(config, data.winner.yaml);
  return [page, config];
}
