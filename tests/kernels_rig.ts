/** Two memories with the same tensors, one for the reference and one for the compiled kernels. */
import assert from "node:assert/strict";
import { buildKernels } from "../kernels/build.ts";
import { FAMILIES } from "../kernels/families.ts";
import { createArena, createMemory } from "../kernels/memory.ts";
import { convRoom } from "../kernels/conv_room.ts";
import type { Address, ConvRoom, ConvShape, Ops } from "../kernels/ops.ts";
import { createReferenceOps } from "../kernels/reference/index.ts";
import { createOps, type KernelModules } from "../kernels/wasm.ts";
import { stream } from "../numerics/random.ts";

const cache = new URL("../artifacts/cache/kernels", import.meta.url);

/** The compiled families, from the project's cache. */
export async function loadModules(): Promise<KernelModules> {
  const { fileURLToPath } = await import("node:url");
  const built = await buildKernels(fileURLToPath(cache));
  const modules = await Promise.all(
    FAMILIES.map(async (family) => {
      const bytes = await Deno.readFile(built[family].path);
      return [family, await WebAssembly.compile(bytes)] as const;
    }),
  );
  return Object.fromEntries(modules);
}

export function both(pair: Pair, run: (ops: Ops) => void): void {
  run(pair.reference);
  run(pair.compiled);
}

export type Padding = "same" | "valid";

/** Keras' rule for "same": output = ceil(input / stride), the odd row of padding at the end. */
export function side(input: number, kernel: number, stride: number, padding: Padding) {
  if (padding === "valid") return { out: Math.floor((input - kernel) / stride) + 1, pad: 0 };
  const out = Math.ceil(input / stride);
  return { out, pad: Math.max(0, (out - 1) * stride + kernel - input) >> 1 };
}

/** Places tensors in both memories at the same addresses, filled with the same values. */
export interface Pair {
  readonly reference: Ops;
  readonly compiled: Ops;
  /** The compiled kernels'. */
  readonly memory: WebAssembly.Memory;
  /** A tensor of normal draws (or of a function of the index). */
  floats(n: number, value?: (index: number) => number): Address;
  integers(n: number, value: (index: number) => number): Address;
  bytes(n: number, value: (index: number) => number): Address;
  words(values: readonly number[]): Address;
  /** Room that both find full of the same rubbish. */
  room(n: number): Address;
  /** Where a convolution works, full of rubbish. */
  roomOf(s: ConvShape): ConvRoom;
  read(ops: Ops, address: Address, n: number): Float32Array;
  readIntegers(ops: Ops, address: Address, n: number): Int32Array;
  readBytes(ops: Ops, address: Address, n: number): Uint8Array;
  /** Asserts that the tensor agrees to a relative L2 error of `tolerance`, 0 meaning bit for bit. */
  agree(what: string, address: Address, n: number, tolerance: number): void;
}

/** `name` seeds the draws. */
export function createPair(modules: KernelModules, name: string): Pair {
  const memories = [createMemory(0), createMemory(0)] as const;
  const [first, second] = memories;
  const arena = createArena(first.buffer.byteLength);
  const draws = stream(7, "kernels", name);
  let drawn = 0;

  function floats(n: number, value: (index: number) => number = () => draws.normal(drawn++)) {
    const address = arena.take(n * 4);
    const values = Float32Array.from({ length: n }, (_, i) => value(i));
    for (const memory of memories) new Float32Array(memory.buffer, address, n).set(values);
    return address;
  }
  const reference = createReferenceOps(first), compiled = createOps(modules, second);
  const memoryOf = (ops: Ops) => ops === reference ? first : second;
  const read = (ops: Ops, address: Address, n: number) =>
    new Float32Array(memoryOf(ops).buffer, address, n);
  const room = (n: number) => floats(n, () => 1e30);

  return {
    reference,
    compiled,
    memory: second,
    floats,
    integers(n, value) {
      const address = arena.take(n * 4);
      const values = Int32Array.from({ length: n }, (_, i) => value(i));
      for (const memory of memories) new Int32Array(memory.buffer, address, n).set(values);
      return address;
    },
    words(values) {
      const address = arena.take(values.length * 4);
      for (const memory of memories) {
        new Uint32Array(memory.buffer, address, values.length).set(values);
      }
      return address;
    },
    bytes(n, value) {
      const address = arena.take(n);
      const values = Uint8Array.from({ length: n }, (_, i) => value(i));
      for (const memory of memories) new Uint8Array(memory.buffer, address, n).set(values);
      return address;
    },
    room,
    roomOf(s) {
      const { shared, own } = convRoom(s);
      return { shared: room(shared / 4), own: room(own / 4) };
    },
    read,
    readIntegers: (ops, address, n) => new Int32Array(memoryOf(ops).buffer, address, n),
    readBytes: (ops, address, n) => new Uint8Array(memoryOf(ops).buffer, address, n),
    agree(what, address, n, tolerance) {
      const wanted = read(reference, address, n), found = read(compiled, address, n);
      let error = 0, size = 0;
      for (let i = 0; i < n; i++) {
        const a = wanted[i] ?? NaN, b = found[i] ?? NaN;
        if (Object.is(a, b)) {
          if (Number.isFinite(a)) size += a * a;
          continue;
        }
        assert.ok(tolerance > 0, `${what}: element ${i} is ${b}, not ${a}`);
        error += (a - b) * (a - b);
        size += a * a;
      }
      const relative = Math.sqrt(error) / (Math.sqrt(size) || 1);
      assert.ok(relative <= tolerance, `${what}: relative error ${relative}, at most ${tolerance}`);
    },
  };
}
