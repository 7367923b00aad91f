/** The IDX format of MNIST: big-endian sizes, then bytes. Read strictly, since it comes from outside. */

/** Reads bytes of an IDX file whose shape is known; throws unless magic, sizes and length are exact. */
export function parseIdx(
  bytes: Uint8Array<ArrayBuffer>,
  shape: readonly number[],
  name: string,
): Uint8Array<ArrayBuffer> {
  const header = 4 + 4 * shape.length;
  const fail = (problem: string): never => {
    throw new Error(`Cannot read "${name}" as IDX: ${problem}`);
  };
  if (bytes.length < header) {
    fail(`it ends within the header: ${bytes.length} bytes, wanted at least ${header}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const hex = (n: number) => `0x${n.toString(16).padStart(8, "0")}`;
  const magic = view.getUint32(0), wanted = 0x0800 + shape.length;
  if (magic !== wanted) {
    fail(
      `its magic number is ${hex(magic)}, wanted ${
        hex(wanted)
      } (unsigned bytes, ${shape.length} dimensions)`,
    );
  }
  const found = shape.map((_, i) => view.getUint32(4 + 4 * i));
  if (found.some((size, i) => size !== shape[i])) {
    fail(`its shape is [${found.join(", ")}], wanted [${shape.join(", ")}]`);
  }
  const length = shape.reduce((product, size) => product * size, 1);
  if (bytes.length !== header + length) {
    fail(`it holds ${bytes.length - header} bytes of data, wanted ${length}`);
  }
  return bytes.slice(header);
}
