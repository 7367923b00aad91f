/** The pages that a run has published, read for who looks at the run. */

/** A page is less: its pictures are small. */
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * What stands at the path that a file of events names; that file is not taken at its word: null unless it is a
 * page that Crisol has published, of this run, or of the sweep that it belongs to. Another run of the same config
 * may have replaced it.
 */
export async function publishedPage(run: string, path: string): Promise<string | null> {
  if (!path.endsWith(".html")) return null;
  try {
    const { isFile, size } = await Deno.stat(path);
    if (!isFile || size > MOST_BYTES) return null;
    const text = await Deno.readTextFile(path);
    return isOf(run, text) ? text : null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) {
      return null;
    }
    throw error;
  }
}

function isOf(run: string, page: string): boolean {
  const slot = (id: string) =>
    new RegExp(`<script type="application/json" id="${id}">([^]*?)</script>`).exec(page)?.[1];
  const lineage = slot("crisol-lineage");
  if (lineage === undefined) return slot("crisol-sweep") !== undefined;
  try {
    return JSON.parse(lineage)?.id === run;
  } catch {
    return false;
  }
}

/** Its own policy holds as well; here it is kept from all that the server answers. */
export const PAGE_POLICY = "sandbox allow-scripts; default-src 'none'; img-src data:; " +
  "style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; " +
  "frame-ancestors 'none'";
