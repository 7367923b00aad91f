/** Batch normalisation with the pool behind it, in plain loops and f64. */
import { dropoutSettings } from "../dropout.ts";
import type { Dropping, NormPoolRoom, NormPoolShape, Ops } from "../ops.ts";
import { dropoutHash } from "./dropout.ts";
import { bytes, floats, words } from "./views.ts";

type NormPool = Pick<Ops, "normPoolForward" | "normPoolInference" | "normPoolBackward">;

export function normPool(memory: WebAssembly.Memory): NormPool {
  const read = (address: number, index: number, absent: number) =>
    address === 0 ? absent : floats(memory, address).get(index);
  /** x's indices of a channel. */
  function* own({ batch, height, width, channels }: NormPoolShape, c: number) {
    for (let i = c; i < batch * height * width * channels; i += channels) yield i;
  }
  /** Each element behind the pool, and the four of x that it may come from. */
  function eachWindow(
    { batch, height, width, channels }: NormPoolShape,
    visit: (pooled: number, channel: number, places: readonly number[]) => void,
  ): void {
    const down = height >> 1, across = width >> 1;
    for (let i = 0; i < batch * down * across * channels; i++) {
      const c = i % channels, window = (i - c) / channels;
      const px = window % across, row = (window - px) / across;
      const py = row % down, b = (row - py) / down;
      const at = (y: number, x: number) => ((b * height + y) * width + x) * channels + c;
      const y = 2 * py, x = 2 * px;
      visit(i, c, [at(y, x), at(y, x + 1), at(y + 1, x), at(y + 1, x + 1)]);
    }
  }

  function pool(
    s: NormPoolShape,
    epsilon: number,
    dropping: Dropping | null,
    x: number,
    [gamma, beta, mean, variance]: readonly [number, number, number, number],
    y: number,
    room: NormPoolRoom,
  ): void {
    const input = floats(memory, x), output = floats(memory, y);
    const codes = bytes(memory, room.codes), picked = floats(memory, room.picked);
    const { threshold, scale } = dropoutSettings(dropping?.rate ?? 0);
    const keys = words(memory, dropping?.keys ?? 0);
    eachWindow(s, (pooled, c, places) => {
      const factor = read(gamma, c, 1) / Math.sqrt(read(variance, c, 0) + epsilon);
      const values = places.map((place) =>
        (input.get(place) - read(mean, c, 0)) * factor + read(beta, c, 0)
      );
      let code = 0;
      for (const [k, value] of values.entries()) {
        const best = values[code] ?? NaN;
        if (value > best || (Number.isNaN(value) && !Number.isNaN(best))) code = k;
      }
      const kept = dropping === null ||
        dropoutHash(pooled, keys.get(0), keys.get(1)) >= threshold;
      codes.set(pooled, kept ? code : 255);
      picked.set(pooled, input.get(places[code] ?? 0));
      const value = values[code] ?? NaN;
      output.set(pooled, dropping === null ? value : kept ? value * scale : 0);
    });
  }

  return {
    normPoolForward(
      s,
      epsilon,
      momentum,
      dropping,
      x,
      gamma,
      beta,
      movingMean,
      movingVariance,
      y,
      room,
    ) {
      const input = floats(memory, x);
      for (let c = 0; c < s.channels; c++) {
        const values = [...own(s, c)].map((i) => input.get(i));
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
        const variance = values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) /
          values.length;
        for (
          const [value, batch, moving] of [
            [mean, room.mean, movingMean],
            [variance, room.variance, movingVariance],
          ] as const
        ) {
          floats(memory, batch).set(c, value);
          const kept = floats(memory, moving);
          kept.set(c, kept.get(c) * momentum + Math.fround(value) * (1 - momentum));
        }
      }
      pool(s, epsilon, dropping, x, [gamma, beta, room.mean, room.variance], y, room);
    },
    normPoolInference(s, epsilon, x, gamma, beta, mean, variance, y, room) {
      pool(s, epsilon, null, x, [gamma, beta, mean, variance], y, room);
    },
    normPoolBackward(s, epsilon, rate, x, gamma, dy, dx, dgamma, dbeta, room) {
      const input = floats(memory, x), above = floats(memory, dy), below = floats(memory, dx);
      const codes = bytes(memory, room.codes), { scale: keep } = dropoutSettings(rate);
      const slopes = new Float64Array(s.batch * s.height * s.width * s.channels);
      eachWindow(s, (pooled, _, places) => {
        const place = places[codes.get(pooled)];
        if (place !== undefined) slopes[place] = above.get(pooled) * keep;
      });
      for (let c = 0; c < s.channels; c++) {
        const inverse = 1 / Math.sqrt(read(room.variance, c, 0) + epsilon);
        const standard = (i: number) => (input.get(i) - read(room.mean, c, 0)) * inverse;
        let sum = 0, dot = 0, many = 0;
        for (const i of own(s, c)) {
          sum += slopes[i] ?? 0;
          dot += (slopes[i] ?? 0) * standard(i);
          many++;
        }
        for (const i of own(s, c)) {
          const slope = (slopes[i] ?? 0) - (sum + standard(i) * dot) / many;
          below.set(i, input.get(i) > 0 ? read(gamma, c, 1) * inverse * slope : 0);
        }
        if (dgamma !== 0) floats(memory, dgamma).set(c, dot);
        if (dbeta !== 0) floats(memory, dbeta).set(c, sum);
      }
    },
  };
}
