/** The page of a sweep, and the winner's config beside it. */
import { builds } from "../plan/assets.ts";
import { buildClient } from "../report/build.ts";
import type { SweepData } from "../report/sweep_data.ts";
import { renderSweepPage } from "../report/sweep_page.ts";
import { publishFile } from "../store/files.ts";
import type { Store } from "../store/local.ts";
import type { Sweep } from "./sweep.ts";
import { pagesOf } from "./pages.ts";

/** The page's script, built before the sweep begins: Ctrl-C ends the bundler as well. */
export async function sweepClient(store: Store): Promise<string> {
  const [folder, seals] = builds(store, "report");
  const { path } = await buildClient(folder, "sweep-client", seals);
  return await Deno.readTextFile(path);
}

/** Answers the paths. */
export async function publishSweep(
  sweep: Pick<Sweep, "page">,
  data: SweepData,
  client: string,
  reports: string,
): Promise<string[]> {
  const [page = "", config] = pagesOf(sweep, data, reports);
  publishFile(page, await renderSweepPage(data, client));
  if (config !== undefined && data.winner !== null) publishFile(config, data.winner.yaml);
  return config === undefined ? [page] : [page, config];
}
