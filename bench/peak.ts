/** The multiply-add peak of one thread through WebAssembly's SIMD: what kernels are measured by. */

const V128 = 0x7b, I32 = 0x7f, F32 = 0x7d;
const simd = (...code: readonly number[]) => [0xfd, ...code];
const ADD = simd(0xe4, 0x01),
  MULTIPLY = simd(0xe6, 0x01),
  SPLAT = simd(0x13),
  FIRST = simd(0x1f, 0);
const get = (local: number) => [0x20, local], set = (local: number) => [0x21, local];

/** A LEB128 length, then the bytes. */
function sized(bytes: readonly number[]): number[] {
  const length: number[] = [];
  let left = bytes.length;
  do {
    length.push(left > 127 ? left % 128 + 128 : left);
    left = Math.floor(left / 128);
  } while (left > 0);
  return [...length, ...bytes];
}

/**
 * A module with `run(times: i32, by: f32) -> f32`: `chains` registers, each times `by` plus `by`, four rounds an
 * iteration. A chain waits for itself, so that it takes enough of them to fill the units.
 */
function loopOf(chains: number): Uint8Array<ArrayBuffer> {
  const by = 2, first = 3;
  const all = Array.from({ length: chains }, (_, i) => first + i);
  const round = all.flatMap((chain) => [
    ...get(chain),
    ...get(by),
    ...MULTIPLY,
    ...get(by),
    ...ADD,
    ...set(chain),
  ]);
  const body = [
    ...[1, chains + 1, V128],
    ...[...get(1), ...SPLAT, ...set(by)],
    ...[0x03, 0x40, ...round, ...round, ...round, ...round],
    // times = times - 1; again unless it is 0
    ...[...get(0), 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b],
    ...all.flatMap((chain, i) => [...get(chain), ...i === 0 ? [] : ADD]),
    ...[...FIRST, 0x0b],
  ];
  const section = (id: number, bytes: readonly number[]) => [id, ...sized(bytes)];
  const name = [...new TextEncoder().encode("run")];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 2, I32, F32, 1, F32]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...sized(name), 0, 0]),
    ...section(10, [1, ...sized(body)]),
  ]);
}

const ITERATIONS = 100_000, LANES = 4, ROUNDS = 4;

/** GFLOP/s of the best of some tries, a multiplication and an addition counting two. */
export async function peakOf(tries = 60): Promise<number> {
  let best = 0;
  for (const chains of [8, 10, 12, 14]) {
    const { instance } = await WebAssembly.instantiate(loopOf(chains));
    const run = instance.exports["run"] as (times: number, by: number) => number; // as made above
    for (let i = 0; i < tries; i++) {
      const start = performance.now();
      run(ITERATIONS, 0.5);
      const milliseconds = performance.now() - start;
      best = Math.max(best, 2 * LANES * ROUNDS * chains * ITERATIONS / milliseconds / 1e6);
    }
  }
  return best;
}
