/** Where a sweep's page lies, and the winner's config beside it. */
import type { SweepData } from "../report/sweep_data.ts";
import { readIfThere } from "../store/files.ts";
import type { Sweep } from "./sweep.ts";

type Named = Pick<Sweep, "page">;

/** Without what they end in: apart from the pages of configs, which may have a sweep's name. */
function base({ page }: Named, reports: string): string {
  return `${reports}/sweeps/${page}`;
}

/** Where a sweep's page and the winner's config lie. */
export function sweepFolder(sweep: Named, reports: string): string {
  const path = base(sweep, reports);
  return path.slice(0, path.lastIndexOf("/"));
}

/** The page, and the winner's config where there is one. */
export function pagesOf(sweep: Named, { winner }: SweepData, reports: string): string[] {
  const path = base(sweep, reports);
  return [`${path}.html`, ...winner === null ? [] : [`${path}-winner.yaml`]];
}

/** True if all of them are there. */
export function isPublished(sweep: Named, data: SweepData, reports: string): boolean {
  return pagesOf(sweep, data, reports).every((path) => readIfThere(path) !== null);
}
