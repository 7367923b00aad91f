// Pooling over NHWC. A window that lies wholly in the padding gives 0 and argmax -1.

/** The first NaN counts as the greatest, so that it is not hidden. */
// @ts-ignore: decorator
@inline
function beats(value: v128, best: v128): v128 {
  const late = v128.and(f32x4.ne(value, value), f32x4.eq(best, best));
  return v128.or(f32x4.gt(value, best), late);
}

/** Images `image` to `image + batch`; x is the whole batch, y and argmax begin at the first of them. */
export function maxForward(
  image: i32, batch: i32, inHeight: i32, inWidth: i32, channels: i32, poolHeight: i32, poolWidth: i32,
  strideY: i32, strideX: i32, padTop: i32, padLeft: i32, outHeight: i32, outWidth: i32,
  x: usize, y: usize, argmax: usize,
): void {
  const lanes = i32x4(0, 1, 2, 3);
  const pixelBytes = <usize>channels << 2;
  const rowBytes = <usize>inWidth * pixelBytes;
  for (let b = image; b < image + batch; b++) {
    for (let oy = 0; oy < outHeight; oy++) {
      const top = max(oy * strideY - padTop, 0);
      const bottom = min(oy * strideY - padTop + poolHeight, inHeight);
      for (let ox = 0; ox < outWidth; ox++) {
        const left = max(ox * strideX - padLeft, 0);
        const right = min(ox * strideX - padLeft + poolWidth, inWidth);
        const first = ((b * inHeight + top) * inWidth + left) * channels;
        const corner = x + (<usize>first << 2);
        if (top >= bottom || left >= right) {
          memory.fill(y, 0, pixelBytes);
          memory.fill(argmax, 0xff, pixelBytes);
        } else if (bottom - top == 2 && right - left == 2) {
          windowOfFour(channels, inWidth, corner, first, y, argmax);
        } else {
          window(
            channels, bottom - top, right - left, inWidth, corner, first, rowBytes, lanes, y, argmax,
          );
        }
        y += pixelBytes;
        argmax += pixelBytes;
      }
    }
  }
}

/** The maximum of a window of any size, all channels. */
function window(
  channels: i32, height: i32, width: i32, inWidth: i32, corner: usize, first: i32, rowBytes: usize,
  lanes: v128, y: usize, argmax: usize,
): void {
  const pixelBytes = <usize>channels << 2;
  let c = 0;
  for (; c + 4 <= channels; c += 4) {
    const at = <usize>c << 2;
    let best = v128.load(corner + at);
    let place = i32x4.add(i32x4.splat(first + c), lanes);
    for (let ky = 0; ky < height; ky++) {
      let i = first + ky * inWidth * channels + c;
      let p = corner + at + <usize>ky * rowBytes;
      for (let kx = 0; kx < width; kx++, p += pixelBytes, i += channels) {
        const value = v128.load(p);
        const mask = beats(value, best);
        best = v128.bitselect(value, best, mask);
        place = v128.bitselect(i32x4.add(i32x4.splat(i), lanes), place, mask);
      }
    }
    v128.store(y + at, best);
    v128.store(argmax + at, place);
  }
  for (; c < channels; c++) {
    const at = <usize>c << 2;
    let best = load<f32>(corner + at);
    let place = first + c;
    for (let ky = 0; ky < height; ky++) {
      let i = first + ky * inWidth * channels + c;
      let p = corner + at + <usize>ky * rowBytes;
      for (let kx = 0; kx < width; kx++, p += pixelBytes, i += channels) {
        const value = load<f32>(p);
        if (value > best || (value != value && best == best)) {
          best = value;
          place = i;
        }
      }
    }
    store<f32>(y + at, best);
    store<i32>(argmax + at, place);
  }
}

/** The same for 2x2, by far the most frequent. */
function windowOfFour(
  channels: i32, inWidth: i32, corner: usize, first: i32, y: usize, argmax: usize,
): void {
  const next = <usize>channels << 2;
  const below = <usize>inWidth * next;
  const last = below + next;
  const right = i32x4.splat(channels);
  const down = i32x4.splat(inWidth * channels);
  const far = i32x4.splat((inWidth + 1) * channels);
  const four = i32x4.splat(4);
  let here = i32x4.add(i32x4.splat(first), i32x4(0, 1, 2, 3));
  let c = 0;
  for (; c + 4 <= channels; c += 4) {
    const p = corner + (<usize>c << 2);
    let best = v128.load(p);
    let place = here;
    let value = v128.load(p + next);
    let mask = beats(value, best);
    best = v128.bitselect(value, best, mask);
    place = v128.bitselect(i32x4.add(here, right), place, mask);
    value = v128.load(p + below);
    mask = beats(value, best);
    best = v128.bitselect(value, best, mask);
    place = v128.bitselect(i32x4.add(here, down), place, mask);
    value = v128.load(p + last);
    mask = beats(value, best);
    best = v128.bitselect(value, best, mask);
    place = v128.bitselect(i32x4.add(here, far), place, mask);
    v128.store(y + (<usize>c << 2), best);
    v128.store(argmax + (<usize>c << 2), place);
    here = i32x4.add(here, four);
  }
  if (c < channels) {
    const at = <usize>c << 2;
    const step = <usize>channels << 2;
    tail(channels - c, channels, inWidth, corner + at, first + c, step, y + at, argmax + at);
  }
}

/** The last channels of a 2x2 window. */
function tail(
  count: i32, channels: i32, inWidth: i32, corner: usize, first: i32, pixelBytes: usize,
  y: usize, argmax: usize,
): void {
  for (let c = 0; c < count; c++, corner += 4, y += 4, argmax += 4) {
    let best = load<f32>(corner);
    let place = first + c;
    for (let k = 1; k < 4; k++) {
      const step = (k >> 1) * inWidth + (k & 1);
      const value = load<f32>(corner + <usize>step * pixelBytes);
      if (value > best || (value != value && best == best)) {
        best = value;
        place = first + c + step * channels;
      }
    }
    store<f32>(y, best);
    store<i32>(argmax, place);
  }
}

/**
 * For windows that overlap: each output's slope is added where its maximum was, in order. dx is the whole
 * batch, of which the `inputs` floats at `own` belong to these outputs.
 */
export function maxBackward(
  outputs: i32, inputs: i32, dy: usize, argmax: usize, dx: usize, own: usize,
): void {
  memory.fill(own, 0, <usize>inputs << 2);
  for (let i = 0; i < outputs; i++, dy += 4, argmax += 4) {
    const place = load<i32>(argmax);
    if (place < 0) continue;
    const at = dx + (<usize>place << 2);
    store<f32>(at, load<f32>(at) + load<f32>(dy));
  }
}

/**
 * For windows that tile the image without gap, overlap or padding, channels a multiple of 4: each input
 * is written once, its slope or 0 (a slope of -0 as 0, like the sum 0 + -0 above). As in `maxForward`.
 */
export function maxBackwardTiled(
  image: i32, batch: i32, inWidth: i32, channels: i32, poolHeight: i32, poolWidth: i32,
  outHeight: i32, outWidth: i32, dy: usize, argmax: usize, dx: usize,
): void {
  const lanes = i32x4(0, 1, 2, 3);
  const zero = f32x4.splat(0);
  const pixelBytes = <usize>channels << 2;
  for (let row = image * outHeight; row < (image + batch) * outHeight; row++) {
    for (let ox = 0; ox < outWidth; ox++) {
      const first = (row * poolHeight * inWidth + ox * poolWidth) * channels;
      for (let c = 0; c < channels; c += 4, dy += 16, argmax += 16) {
        const slope = f32x4.add(v128.load(dy), zero);
        const place = i32x4.sub(v128.load(argmax), lanes);
        for (let ky = 0; ky < poolHeight; ky++) {
          let i = first + ky * inWidth * channels + c;
          let p = dx + (<usize>i << 2);
          for (let kx = 0; kx < poolWidth; kx++, i += channels, p += pixelBytes) {
            v128.store(p, v128.and(slope, i32x4.eq(place, i32x4.splat(i))));
          }
        }
      }
    }
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
