// Batch normalisation behind a relu, a 2x2 max-pool and dropout as one operation, and its gradient: the
// normalised tensor in between does not exist. Channels are a multiple of 8. Sums are f64 in one order:
// pixels of an image, then images. Calls work on a range of images from the addresses given on.
import { two } from "./moments";
import { beats, kept4, storeCodes } from "./window";

// @ts-ignore: decorator
@inline
function read(address: usize, c: i32, absent: f32): f64 {
  return <f64>(address ? load<f32>(address + (<usize>c << 2)) : absent);
}

/** Mean and biased variance from the images' moments [batch][2][channels]; and the moving ones. */
export function statistics(
  batch: i32, pixels: i32, channels: i32, momentum: f32, renew: f32, moments: usize,
  movingMean: usize, movingVariance: usize, mean: usize, variance: usize,
): void {
  const many = <f64>batch * <f64>pixels;
  const image = <usize>channels << 4;
  for (let c = 0; c < channels; c++) {
    let sum: f64 = 0;
    let squares: f64 = 0;
    let p = moments + (<usize>c << 3);
    for (let b = 0; b < batch; b++, p += image) {
      sum += load<f64>(p);
      squares += load<f64>(p + (<usize>channels << 3));
    }
    const centre = sum / many;
    // Rounding could bring a constant channel's below 0; a NaN stays.
    let spread = squares / many - centre * centre;
    if (spread < 0) spread = 0;
    const at = <usize>c << 2;
    store<f32>(mean + at, <f32>centre);
    store<f32>(variance + at, <f32>spread);
    store<f32>(movingMean + at, load<f32>(movingMean + at) * momentum + <f32>centre * renew);
    const moving = load<f32>(movingVariance + at) * momentum + <f32>spread * renew;
    store<f32>(movingVariance + at, moving);
  }
}

/** gamma / sqrt(variance + epsilon) of each channel. */
export function scales(
  channels: i32, epsilon: f64, gamma: usize, variance: usize, scale: usize,
): void {
  for (let c = 0; c < channels; c++) {
    const spread = sqrt<f64>(read(variance, c, 0) + epsilon);
    store<f32>(scale + (<usize>c << 2), <f32>(read(gamma, c, 1) / spread));
  }
}

/**
 * y, its places' codes, and `picked`: x where the greatest is. Width and height are x's; `first` and `keys` as
 * in fused.ts.
 */
export function forward(
  batch: i32, height: i32, width: i32, channels: i32, x: usize, mean: usize, scale: usize, beta: usize,
  y: usize, codes: usize, picked: usize, first: i32, keys: usize, threshold: i32, keep: f32,
): void {
  const pixelBytes = <usize>channels << 2;
  const rowBytes = <usize>width * pixelBytes;
  const poolHeight = height >> 1;
  const poolWidth = width >> 1;
  const keeps = f32x4.splat(keep);
  const one = i32x4.splat(1), second = i32x4.splat(2), third = i32x4.splat(3);
  const none = f32x4.splat(0);
  for (let b = 0; b < batch; b++, x += <usize>height * rowBytes) {
    for (let py = 0; py < poolHeight; py++) {
      let corner = x + <usize>(2 * py) * rowBytes;
      for (let px = 0; px < poolWidth; px++, corner += 2 * pixelBytes) {
        for (let c: usize = 0; c < pixelBytes; c += 16) {
          const centre = v128.load(mean + c);
          const factor = v128.load(scale + c);
          const shift = beta ? v128.load(beta + c) : none;
          const p = corner + c;
          const x0 = v128.load(p);
          const x1 = v128.load(p + pixelBytes);
          const x2 = v128.load(p + rowBytes);
          const x3 = v128.load(p + rowBytes + pixelBytes);
          let best = f32x4.add(f32x4.mul(f32x4.sub(x0, centre), factor), shift);
          let pick = x0;
          let value = f32x4.add(f32x4.mul(f32x4.sub(x1, centre), factor), shift);
          let mask = beats(value, best);
          best = v128.bitselect(value, best, mask);
          pick = v128.bitselect(x1, pick, mask);
          let code = v128.and(mask, one);
          value = f32x4.add(f32x4.mul(f32x4.sub(x2, centre), factor), shift);
          mask = beats(value, best);
          best = v128.bitselect(value, best, mask);
          pick = v128.bitselect(x2, pick, mask);
          code = v128.bitselect(second, code, mask);
          value = f32x4.add(f32x4.mul(f32x4.sub(x3, centre), factor), shift);
          mask = beats(value, best);
          best = v128.bitselect(value, best, mask);
          pick = v128.bitselect(x3, pick, mask);
          code = v128.bitselect(third, code, mask);
          let alive = i32x4.splat(-1);
          if (keys) {
            alive = kept4(first, keys, threshold);
            best = v128.and(alive, f32x4.mul(best, keeps));
          }
          v128.store(y, best);
          v128.store(picked, pick);
          storeCodes(code, alive, codes);
          y += 16;
          picked += 16;
          codes += 4;
          first += 4;
        }
      }
    }
  }
}

/**
 * Each image's sums [batch][2][channels] f64: of the slopes, and of the slopes times what they have picked
 * less the mean.
 */
export function slopeSums(
  batch: i32, windows: i32, channels: i32, keep: f32, dy: usize, codes: usize, picked: usize,
  mean: usize, sums: usize,
): void {
  const stride = <usize>channels << 2;
  const keeps = f32x4.splat(keep);
  const dropped = i32x4.splat(255);
  for (let b = 0; b < batch; b++, sums += <usize>channels << 4) {
    for (let c: usize = 0; c < stride; c += 16) {
      const m0 = two(mean + c), m1 = two(mean + c + 8);
      let s0 = f64x2.splat(0), s1 = s0, d0 = s0, d1 = s0;
      let p = dy + c;
      let q = picked + c;
      let k = codes + (c >> 2);
      for (let i = 0; i < windows; i++, p += stride, q += stride, k += <usize>channels) {
        const code = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(k)));
        const slope = v128.and(f32x4.mul(v128.load(p), keeps), i32x4.ne(code, dropped));
        const g0 = f64x2.promote_low_f32x4(slope);
        const g1 = f64x2.promote_low_f32x4(i8x16.shuffle(
          slope, slope, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15,
        ));
        s0 = f64x2.add(s0, g0);
        s1 = f64x2.add(s1, g1);
        d0 = f64x2.add(d0, f64x2.mul(g0, f64x2.sub(two(q), m0)));
        d1 = f64x2.add(d1, f64x2.mul(g1, f64x2.sub(two(q + 8), m1)));
      }
      const to = sums + 2 * c;
      v128.store(to, s0);
      v128.store(to, s1, 16);
      const below = to + (<usize>channels << 3);
      v128.store(below, d0);
      v128.store(below, d1, 16);
    }
    dy += <usize>windows * stride;
    picked += <usize>windows * stride;
    codes += <usize>(windows * channels);
  }
}

/**
 * dgamma and dbeta (0: not wanted), and `terms` [3][channels]: what dx is made of, see `backward`. `pixels`:
 * of x, an image.
 */
export function slopes(
  batch: i32, pixels: i32, channels: i32, epsilon: f64, gamma: usize, variance: usize, sums: usize,
  dgamma: usize, dbeta: usize, terms: usize,
): void {
  const many = <f64>batch * <f64>pixels;
  for (let c = 0; c < channels; c++) {
    let sum: f64 = 0;
    let dot: f64 = 0;
    let p = sums + (<usize>c << 3);
    for (let b = 0; b < batch; b++, p += <usize>channels << 4) {
      sum += load<f64>(p);
      dot += load<f64>(p + (<usize>channels << 3));
    }
    const inverse = 1.0 / sqrt<f64>(read(variance, c, 0) + epsilon);
    const at = <usize>c << 2;
    if (dgamma) store<f32>(dgamma + at, <f32>(dot * inverse));
    if (dbeta) store<f32>(dbeta + at, <f32>sum);
    const scale = read(gamma, c, 1) * inverse;
    const to = terms + at;
    store<f32>(to, <f32>scale);
    store<f32>(to + (<usize>channels << 2), <f32>(scale * sum / many));
    store<f32>(to + (<usize>channels << 3), <f32>(scale * dot * inverse * inverse / many));
  }
}

/**
 * dx = scale * slope - shift - pull * (x - mean) where x, a relu's output, is above 0, and 0 elsewhere; the slope
 * is dy's at its window's place and 0 elsewhere.
 */
export function backward(
  batch: i32, height: i32, width: i32, channels: i32, keep: f32, x: usize, mean: usize, terms: usize,
  dy: usize, codes: usize, dx: usize,
): void {
  const pixelBytes = <usize>channels << 2;
  const rowBytes = <usize>width * pixelBytes;
  const poolHeight = height >> 1;
  const poolWidth = width >> 1;
  const keeps = f32x4.splat(keep);
  const zero = f32x4.splat(0);
  const one = i32x4.splat(1), second = i32x4.splat(2), third = i32x4.splat(3);
  for (let b = 0; b < batch; b++) {
    for (let py = 0; py < poolHeight; py++) {
      let at = <usize>(2 * py) * rowBytes;
      for (let px = 0; px < poolWidth; px++, at += 2 * pixelBytes) {
        for (let c: usize = 0; c < pixelBytes; c += 16) {
          const centre = v128.load(mean + c);
          const scale = v128.load(terms + c);
          const shift = v128.load(terms + c + pixelBytes);
          const pull = v128.load(terms + c + 2 * pixelBytes);
          const code = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(codes)));
          const slope = f32x4.mul(f32x4.mul(v128.load(dy), keeps), scale);
          codes += 4;
          dy += 16;
          const p = x + at + c;
          const q = dx + at + c;
          let v = v128.load(p);
          let own = v128.and(slope, i32x4.eq(code, zero));
          let d = f32x4.sub(f32x4.sub(own, shift), f32x4.mul(pull, f32x4.sub(v, centre)));
          v128.store(q, v128.and(d, f32x4.gt(v, zero)));
          v = v128.load(p + pixelBytes);
          own = v128.and(slope, i32x4.eq(code, one));
          d = f32x4.sub(f32x4.sub(own, shift), f32x4.mul(pull, f32x4.sub(v, centre)));
          v128.store(q + pixelBytes, v128.and(d, f32x4.gt(v, zero)));
          v = v128.load(p + rowBytes);
          own = v128.and(slope, i32x4.eq(code, second));
          d = f32x4.sub(f32x4.sub(own, shift), f32x4.mul(pull, f32x4.sub(v, centre)));
          v128.store(q + rowBytes, v128.and(d, f32x4.gt(v, zero)));
          v = v128.load(p + rowBytes + pixelBytes);
          own = v128.and(slope, i32x4.eq(code, third));
          d = f32x4.sub(f32x4.sub(own, shift), f32x4.mul(pull, f32x4.sub(v, centre)));
          v128.store(q + rowBytes + pixelBytes, v128.and(d, f32x4.gt(v, zero)));
        }
      }
      if (width & 1) edge(1, channels, x + at, mean, terms, dx + at, rowBytes);
    }
    if (height & 1) {
      const at = <usize>(height - 1) * rowBytes;
      row(width, channels, x + at, mean, terms, dx + at);
    }
    x += <usize>height * rowBytes;
    dx += <usize>height * rowBytes;
  }
}

/** The pixels beyond the last window, in both rows of a window. */
function edge(
  pixels: i32, channels: i32, x: usize, mean: usize, terms: usize, dx: usize, rowBytes: usize,
): void {
  row(pixels, channels, x, mean, terms, dx);
  row(pixels, channels, x + rowBytes, mean, terms, dx + rowBytes);
}

function row(pixels: i32, channels: i32, x: usize, mean: usize, terms: usize, dx: usize): void {
  const pixelBytes = <usize>channels << 2;
  const zero = f32x4.splat(0);
  for (let i = 0; i < pixels; i++) {
    for (let c: usize = 0; c < pixelBytes; c += 16, x += 16, dx += 16) {
      const v = v128.load(x);
      const pull = f32x4.mul(
        v128.load(terms + c + 2 * pixelBytes),
        f32x4.sub(v, v128.load(mean + c)),
      );
      const d = f32x4.sub(f32x4.sub(zero, v128.load(terms + c + pixelBytes)), pull);
      v128.store(dx, v128.and(d, f32x4.gt(v, zero)));
    }
  }
}
