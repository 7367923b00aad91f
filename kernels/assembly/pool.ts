// Pooling over NHWC. A window that lies wholly in the padding gives 0 and argmax -1.

/** The first NaN counts as the greatest, so that it is not hidden. */
// @ts-ignore: decorator
@inline
function beats(value: v128, best: v128): v128 {
  const late = v128.and(f32x4.ne(value, value), f32x4.eq(best, best));
  return v128.or(f32x4.gt(value, best), late);
}

export function maxForward(
  batch: i32, inHeight: i32, inWidth: i32, channels: i32, poolHeight: i32, poolWidth: i32,
  strideY: i32, strideX: i32, padTop: i32, padLeft: i32, outHeight: i32, outWidth: i32,
  x: usize, y: usize, argmax: usize,
): void {
  for (let b = 0; b < batch; b++) {
    for (let oy = 0; oy < outHeight; oy++) {
      const top = max(oy * strideY - padTop, 0);
      const bottom = min(oy * strideY - padTop + poolHeight, inHeight);
      for (let ox = 0; ox < outWidth; ox++) {
        const left = max(ox * strideX - padLeft, 0);
        const right = min(ox * strideX - padLeft + poolWidth, inWidth);
        const some = top < bottom && left < right;
        const first = ((b * inHeight + top) * inWidth + left) * channels;
        let c = 0;
        for (; c + 4 <= channels; c += 4) {
          let best = f32x4.splat(0);
          let place = i32x4.splat(-1);
          if (some) {
            best = v128.load(x + (<usize>(first + c) << 2));
            place = i32x4.add(i32x4.splat(first + c), i32x4(0, 1, 2, 3));
            for (let iy = top; iy < bottom; iy++) {
              let i = ((b * inHeight + iy) * inWidth + left) * channels + c;
              for (let ix = left; ix < right; ix++, i += channels) {
                const value = v128.load(x + (<usize>i << 2));
                const mask = beats(value, best);
                best = v128.bitselect(value, best, mask);
                place = v128.bitselect(i32x4.add(i32x4.splat(i), i32x4(0, 1, 2, 3)), place, mask);
              }
            }
          }
          v128.store(y, best);
          v128.store(argmax, place);
          y += 16;
          argmax += 16;
        }
        for (; c < channels; c++) {
          let best: f32 = 0;
          let place = -1;
          for (let iy = top; iy < bottom; iy++) {
            let i = ((b * inHeight + iy) * inWidth + left) * channels + c;
            for (let ix = left; ix < right; ix++, i += channels) {
              const value = load<f32>(x + (<usize>i << 2));
              if (place < 0 || value > best || (value != value && best == best)) {
                best = value;
                place = i;
              }
            }
          }
          store<f32>(y, best);
          store<i32>(argmax, place);
          y += 4;
          argmax += 4;
        }
      }
    }
  }
}

export function maxBackward(outputs: i32, inputs: i32, dy: usize, argmax: usize, dx: usize): void {
  memory.fill(dx, 0, <usize>inputs << 2);
  for (let i = 0; i < outputs; i++, dy += 4, argmax += 4) {
    const place = load<i32>(argmax);
    if (place < 0) continue;
    const at = dx + (<usize>place << 2);
    store<f32>(at, load<f32>(at) + load<f32>(dy));
  }
}

export function averageForward(
  batch: i32, inHeight: i32, inWidth: i32, channels: i32, poolHeight: i32, poolWidth: i32,
  strideY: i32, strideX: i32, padTop: i32, padLeft: i32, outHeight: i32, outWidth: i32,
  x: usize, y: usize,
): void {
  for (let b = 0; b < batch; b++) {
    for (let oy = 0; oy < outHeight; oy++) {
      const top = max(oy * strideY - padTop, 0);
      const bottom = min(oy * strideY - padTop + poolHeight, inHeight);
      for (let ox = 0; ox < outWidth; ox++) {
        const left = max(ox * strideX - padLeft, 0);
        const right = min(ox * strideX - padLeft + poolWidth, inWidth);
        const count = max(bottom - top, 0) * max(right - left, 0);
        for (let c = 0; c < channels; c++) {
          let sum: f32 = 0;
          for (let iy = top; iy < bottom; iy++) {
            let i = ((b * inHeight + iy) * inWidth + left) * channels + c;
            for (let ix = left; ix < right; ix++, i += channels) {
              sum += load<f32>(x + (<usize>i << 2));
            }
          }
          store<f32>(y, count == 0 ? 0 : sum / <f32>count);
          y += 4;
        }
      }
    }
  }
}

export function averageBackward(
  batch: i32, inHeight: i32, inWidth: i32, channels: i32, poolHeight: i32, poolWidth: i32,
  strideY: i32, strideX: i32, padTop: i32, padLeft: i32, outHeight: i32, outWidth: i32,
  dy: usize, dx: usize,
): void {
  memory.fill(dx, 0, <usize>(batch * inHeight * inWidth * channels) << 2);
  for (let b = 0; b < batch; b++) {
    for (let oy = 0; oy < outHeight; oy++) {
      const top = max(oy * strideY - padTop, 0);
      const bottom = min(oy * strideY - padTop + poolHeight, inHeight);
      for (let ox = 0; ox < outWidth; ox++) {
        const left = max(ox * strideX - padLeft, 0);
        const right = min(ox * strideX - padLeft + poolWidth, inWidth);
        const count = max(bottom - top, 0) * max(right - left, 0);
        for (let c = 0; c < channels; c++) {
          const part = load<f32>(dy) / <f32>count;
          dy += 4;
          for (let iy = top; iy < bottom; iy++) {
            let i = ((b * inHeight + iy) * inWidth + left) * channels + c;
            for (let ix = left; ix < right; ix++, i += channels) {
              const at = dx + (<usize>i << 2);
              store<f32>(at, load<f32>(at) + part);
            }
          }
        }
      }
    }
  }
}
