/** Where a sweep's page lies, and the winner's config beside it. */
import type { SweepData } from "../report/sweep_data.ts";
import { readIfThere } from "../store/files.ts";

/** Where a sweep's page and the winner's config lie: apart from the pages of configs, which may have its name. */
export function sweepFolder(reports: string): string {
  return `${reports}/sweeps`;
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
