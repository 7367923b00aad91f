/** Batch normalisation in plain loops and f64. */
import type { Ops } from "../ops.ts";
import { floats } from "./views.ts";

export function normalization(
  memory: WebAssembly.Memory,
): Pick<Ops, "batchNormForward" | "batchNormInference" | "batchNormBackward"> {
  const read = (address: number, index: number, absent: number) =>
    address === 0 ? absent : floats(memory, address).get(index);

  const normalize: Ops["batchNormInference"] = (
    rows,
    channels,
    epsilon,
    x,
    gamma,
    beta,
    mean,
    variance,
    y,
  ) => {
    const input = floats(memory, x), output = floats(memory, y);
    for (let c = 0; c < channels; c++) {
      const centre = read(mean, c, 0);
      const scale = read(gamma, c, 1) / Math.sqrt(read(variance, c, 0) + epsilon);
      for (let i = c; i < rows * channels; i += channels) {
        output.set(i, (input.get(i) - centre) * scale + read(beta, c, 0));
      }
    }
  };

  return {
    batchNormForward(
      rows,
      channels,
      epsilon,
      momentum,
      x,
      gamma,
      beta,
      movingMean,
      movingVariance,
      mean,
      variance,
      y,
    ) {
      const input = floats(memory, x);
      const means = floats(memory, mean), variances = floats(memory, variance);
      const movingMeans = floats(memory, movingMean);
      const movingVariances = floats(memory, movingVariance);
      for (let c = 0; c < channels; c++) {
        let sum = 0, squares = 0;
        for (let r = 0; r < rows; r++) sum += input.get(r * channels + c);
        for (let r = 0; r < rows; r++) {
          const distance = input.get(r * channels + c) - sum / rows;
          squares += distance * distance;
        }
        means.set(c, sum / rows);
        variances.set(c, squares / rows);
        const keep = momentum, renew = 1 - momentum;
        movingMeans.set(c, movingMeans.get(c) * keep + means.get(c) * renew);
        movingVariances.set(c, movingVariances.get(c) * keep + variances.get(c) * renew);
      }
      normalize(rows, channels, epsilon, x, gamma, beta, mean, variance, y);
    },
    batchNormInference: normalize,
    batchNormBackward(
      rows,
      channels,
      epsilon,
      x,
      gamma,
      mean,
      variance,
      dy,
      dx,
      dgamma,
      dbeta,
    ) {
      const input = floats(memory, x), above = floats(memory, dy), below = floats(memory, dx);
      for (let c = 0; c < channels; c++) {
        const centre = read(mean, c, 0);
        const inverse = 1 / Math.sqrt(read(variance, c, 0) + epsilon);
        let sum = 0, dot = 0;
        for (let i = c; i < rows * channels; i += channels) {
          sum += above.get(i);
          dot += above.get(i) * (input.get(i) - centre) * inverse;
        }
        const scale = read(gamma, c, 1) * inverse;
        for (let i = c; i < rows * channels; i += channels) {
          const standard = (input.get(i) - centre) * inverse;
          below.set(i, scale * (above.get(i) - (sum + standard * dot) / rows));
        }
        if (dgamma !== 0) floats(memory, dgamma).set(c, dot);
        if (dbeta !== 0) floats(memory, dbeta).set(c, sum);
      }
    },
  };
}
