/** Batch normalisation with the pool behind it, as tasks. */
import { dropoutSettings } from "./dropout.ts";
import type { Dropping, NormPoolRoom, NormPoolShape, Ops } from "./ops.ts";
import { type Emit, type Phase, pieces } from "./tasks.ts";

type NormPool = Pick<Ops, "normPoolForward" | "normPoolInference" | "normPoolBackward">;

export function normPools(emit: Emit): NormPool {
  const family = "normpool";
  const one = (name: string, ...args: number[]) => emit([{ family, name, args }]);
  const sizesOf = ({ height, width, channels }: NormPoolShape) => ({
    x: height * width * channels,
    y: (height >> 1) * (width >> 1) * channels,
  });

  function pooled(
    s: NormPoolShape,
    dropping: Dropping | null,
    x: number,
    mean: number,
    beta: number,
    y: number,
    { terms, codes, picked }: NormPoolRoom,
  ): Phase {
    const { threshold, scale } = dropoutSettings(dropping?.rate ?? 0);
    const size = sizesOf(s);
    return pieces(s.batch).map(([first, many]) => ({
      family,
      name: "forward",
      args: [
        ...[many, s.height, s.width, s.channels, x + first * size.x * 4, mean, terms, beta],
        ...[y + first * size.y * 4, codes + first * size.y, picked + first * size.y * 4],
        ...[first * size.y, dropping?.keys ?? 0, threshold, scale],
      ],
    }));
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
      const { moments, mean, variance, terms } = room;
      const sizes = [s.batch, s.height * s.width, s.channels];
      const moving = [momentum, 1 - momentum, moments, movingMean, movingVariance];
      one("statistics", ...sizes, ...moving, mean, variance);
      one("scales", s.channels, epsilon, gamma, variance, terms);
      emit(pooled(s, dropping, x, mean, beta, y, room));
    },
    normPoolInference(s, epsilon, x, gamma, beta, mean, variance, y, room) {
      one("scales", s.channels, epsilon, gamma, variance, room.terms);
      emit(pooled(s, null, x, mean, beta, y, room));
    },
    normPoolBackward(s, epsilon, rate, x, gamma, dy, dx, dgamma, dbeta, room) {
      const { moments, mean, variance, terms, codes, picked } = room;
      const keep = dropoutSettings(rate).scale, size = sizesOf(s);
      emit(
        pieces(s.batch).map(([first, many]) => ({
          family,
          name: "slopeSums",
          args: [
            ...[many, size.y / s.channels, s.channels, keep, dy + first * size.y * 4],
            ...[codes + first * size.y, picked + first * size.y * 4, mean],
            moments + first * s.channels * 16,
          ],
        })),
      );
      const sizes = [s.batch, s.height * s.width, s.channels];
      one("slopes", ...sizes, epsilon, gamma, variance, moments, dgamma, dbeta, terms);
      emit(
        pieces(s.batch).map(([first, many]) => ({
          family,
          name: "backward",
          args: [
            ...[many, s.height, s.width, s.channels, keep, x + first * size.x * 4, mean, terms],
            ...[dy + first * size.y * 4, codes + first * size.y, dx + first * size.x * 4],
          ],
        })),
      );
    },
  };
}
