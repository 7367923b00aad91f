/** Pooling in plain loops. A window that lies wholly in the padding gives 0 and argmax -1. */
import type { Ops, PoolShape } from "../ops.ts";
import { floats, integers } from "./views.ts";

/** Calls back for each output with the flat input indices of its window inside the image. */
function eachWindow(s: PoolShape, visit: (output: number, inputs: readonly number[]) => void) {
  for (let b = 0; b < s.batch; b++) {
    for (let oy = 0; oy < s.outHeight; oy++) {
      for (let ox = 0; ox < s.outWidth; ox++) {
        for (let c = 0; c < s.channels; c++) {
          const inputs: number[] = [];
          for (let ky = 0; ky < s.poolHeight; ky++) {
            const iy = oy * s.strideY + ky - s.padTop;
            if (iy < 0 || iy >= s.inHeight) continue;
            for (let kx = 0; kx < s.poolWidth; kx++) {
              const ix = ox * s.strideX + kx - s.padLeft;
              if (ix < 0 || ix >= s.inWidth) continue;
              inputs.push(((b * s.inHeight + iy) * s.inWidth + ix) * s.channels + c);
            }
          }
          visit(((b * s.outHeight + oy) * s.outWidth + ox) * s.channels + c, inputs);
        }
      }
    }
  }
}

const outputs = (s: PoolShape) => s.batch * s.outHeight * s.outWidth * s.channels;
const inputs = (s: PoolShape) => s.batch * s.inHeight * s.inWidth * s.channels;

export function pool(
  memory: WebAssembly.Memory,
): Pick<
  Ops,
  "maxPoolForward" | "maxPoolBackward" | "averagePoolForward" | "averagePoolBackward"
> {
  return {
    maxPoolForward(s, x, y, argmax) {
      const input = floats(memory, x), output = floats(memory, y);
      const places = integers(memory, argmax);
      eachWindow(s, (o, window) => {
        let place = -1, best = 0;
        for (const i of window) {
          const value = input.get(i);
          // The first NaN counts as the greatest, so that it is not hidden.
          if (place < 0 || value > best || (Number.isNaN(value) && !Number.isNaN(best))) {
            place = i;
            best = value;
          }
        }
        output.set(o, best);
        places.set(o, place);
      });
    },
    maxPoolBackward(s, dy, argmax, dx) {
      const above = floats(memory, dy), places = integers(memory, argmax);
      const below = floats(memory, dx);
      const sums = new Float64Array(inputs(s));
      for (let o = 0; o < outputs(s); o++) {
        const place = places.get(o);
        if (place >= 0) sums[place] = (sums[place] ?? 0) + above.get(o);
      }
      sums.forEach((sum, i) => below.set(i, sum));
    },
    averagePoolForward(s, x, y) {
      const input = floats(memory, x), output = floats(memory, y);
      eachWindow(s, (o, window) => {
        const sum = window.reduce((total, i) => total + input.get(i), 0);
        output.set(o, window.length === 0 ? 0 : sum / window.length);
      });
    },
    averagePoolBackward(s, dy, dx) {
      const above = floats(memory, dy), below = floats(memory, dx);
      const sums = new Float64Array(inputs(s));
      eachWindow(s, (o, window) => {
        for (const i of window) sums[i] = (sums[i] ?? 0) + above.get(o) / window.length;
      });
      sums.forEach((sum, i) => below.set(i, sum));
    },
  };
}
