/** Unpacking with a limit, so that a small hostile file cannot fill the memory. */

/** Unpacks gzip to at most `limit` bytes; throws if it is more, truncated or not gzip. */
export async function gunzip(
  bytes: Uint8Array<ArrayBuffer>,
  limit: number,
  name: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const out = new Uint8Array(limit);
  let length = 0;
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))
    .getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (length + value.length > limit) {
        throw new RangeError(`it unpacks to more than the ${limit} bytes that were wanted`);
      }
      out.set(value, length);
      length += value.length;
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`Cannot unpack "${name}": ${why}`, { cause: error });
  } finally {
    // Ends the decompressor; it may be broken already, which is what was just reported.
    await reader.cancel().catch(() => {});
  }
  return out.subarray(0, length);
}
