/** The page of a sweep, and the winner's config beside it. */
import { buildClient } from "../report/build.ts";
import type { SweepData } from "../report/sweep_data.ts";
import { renderSweepPage } from "../report/sweep_page.ts";
import { publishFile, readIfThere } from "../store/files.ts";

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

/** The page, and the winner's config where there is one. */
export function pagesOf({ name, winner }: SweepData, reports: string): string[] {
  const folder = sweepFolder(reports);
  const config = winner === null ? [] : [`${folder}/${name}-winner.yaml`];
  return [`${folder}/${name}.html`, ...config];
}

/** True if all of them are there. */
export function isPublished(data: SweepData, reports: string): boolean {
  return pagesOf(data, reports).every((path) => readIfThere(path) !== null);
}

/** Answers the paths. */
export async function publishSweep(
  data: SweepData,
  client: string,
  reports: string,
): Promise<string[]> {
  const [page = "", config] = pagesOf(data, reports);
  publishFile(page, await renderSweepPage(data, client));
  if (config !== undefined && data.winner !== null) publishFile(config, data.winner.yaml);
  return config === undefined ? [page] : [page, config];
}
