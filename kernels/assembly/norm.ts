// Batch normalisation over [rows, channels]. Statistics are summed in f64, in the order of the rows.

// @ts-ignore: decorator
@inline
function read(address: usize, c: i32, absent: f32): f32 {
  return address ? load<f32>(address + (<usize>c << 2)) : absent;
}

// @ts-ignore: decorator
@inline
function two(address: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(address));
}

// Sixteen channels are one line of the cache, which is then fetched once a pass instead of eight times; each
// channel's sum keeps the order of the rows, and so its bits.

function sums16(rows: i32, stride: usize, x: usize, mean: usize, variance: usize): void {
  const many = f64x2.splat(<f64>rows);
  let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
  let from = x;
  for (let r = 0; r < rows; r++, from += stride) {
    s0 = f64x2.add(s0, two(from));
    s1 = f64x2.add(s1, two(from + 8));
    s2 = f64x2.add(s2, two(from + 16));
    s3 = f64x2.add(s3, two(from + 24));
    s4 = f64x2.add(s4, two(from + 32));
    s5 = f64x2.add(s5, two(from + 40));
    s6 = f64x2.add(s6, two(from + 48));
    s7 = f64x2.add(s7, two(from + 56));
  }
  squares8(rows, stride, x, f64x2.div(s0, many), f64x2.div(s1, many), f64x2.div(s2, many), f64x2.div(s3, many), mean, variance);
  squares8(rows, stride, x + 32, f64x2.div(s4, many), f64x2.div(s5, many), f64x2.div(s6, many), f64x2.div(s7, many), mean + 32, variance + 32);
}

function squares8(
  rows: i32,
  stride: usize,
  x: usize,
  c0: v128,
  c1: v128,
  c2: v128,
  c3: v128,
  mean: usize,
  variance: usize,
): void {
  const many = f64x2.splat(<f64>rows);
  let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0;
  for (let r = 0; r < rows; r++, x += stride) {
    const d0 = f64x2.sub(two(x), c0);
    const d1 = f64x2.sub(two(x + 8), c1);
    const d2 = f64x2.sub(two(x + 16), c2);
    const d3 = f64x2.sub(two(x + 24), c3);
    s0 = f64x2.add(s0, f64x2.mul(d0, d0));
    s1 = f64x2.add(s1, f64x2.mul(d1, d1));
    s2 = f64x2.add(s2, f64x2.mul(d2, d2));
    s3 = f64x2.add(s3, f64x2.mul(d3, d3));
  }
  put(mean, c0);
  put(mean + 8, c1);
  put(mean + 16, c2);
  put(mean + 24, c3);
  put(variance, f64x2.div(s0, many));
  put(variance + 8, f64x2.div(s1, many));
  put(variance + 16, f64x2.div(s2, many));
  put(variance + 24, f64x2.div(s3, many));
}

// @ts-ignore: decorator
@inline
function put(address: usize, value: v128): void {
  v128.store64_lane(address, f32x4.demote_f64x2_zero(value), 0);
}

export function inference(
  rows: i32,
  channels: i32,
  epsilon: f64,
  x: usize,
  gamma: usize,
  beta: usize,
  mean: usize,
  variance: usize,
  y: usize,
): void {
  const stride = <usize>channels << 2;
  const none = f32x4.splat(0);
  let c = 0;
  for (; c + 8 <= channels; c += 8) {
    const at = <usize>c << 2;
    const scale0 = scale4(variance, gamma, c, epsilon);
    const scale1 = scale4(variance, gamma, c + 4, epsilon);
    const shift0 = beta ? v128.load(beta + at) : none;
    const shift1 = beta ? v128.load(beta + at, 16) : none;
    const mean0 = v128.load(mean + at);
    const mean1 = v128.load(mean + at, 16);
    let from = x + at;
    let to = y + at;
    for (let r = 0; r < rows; r++, from += stride, to += stride) {
      v128.store(to, f32x4.add(f32x4.mul(f32x4.sub(v128.load(from), mean0), scale0), shift0));
      v128.store(
        to,
        f32x4.add(f32x4.mul(f32x4.sub(v128.load(from, 16), mean1), scale1), shift1),
        16,
      );
    }
  }
  for (; c < channels; c++) {
    const at = <usize>c << 2;
    const centre = load<f32>(mean + at);
    const scale = scaleOf(variance, gamma, c, epsilon);
    const shift = read(beta, c, 0);
    let from = x + at;
    let to = y + at;
    for (let r = 0; r < rows; r++, from += stride, to += stride) {
      store<f32>(to, (load<f32>(from) - centre) * scale + shift);
    }
  }
}

function scale4(variance: usize, gamma: usize, c: i32, epsilon: f64): v128 {
  let scale = f32x4.splat(scaleOf(variance, gamma, c, epsilon));
  scale = f32x4.replace_lane(scale, 1, scaleOf(variance, gamma, c + 1, epsilon));
  scale = f32x4.replace_lane(scale, 2, scaleOf(variance, gamma, c + 2, epsilon));
  return f32x4.replace_lane(scale, 3, scaleOf(variance, gamma, c + 3, epsilon));
}

function scaleOf(variance: usize, gamma: usize, c: i32, epsilon: f64): f32 {
  const v = <f64>load<f32>(variance + (<usize>c << 2));
  return <f32>(<f64>read(gamma, c, 1) / sqrt<f64>(v + epsilon));
}

/** Mean and variance of `some` channels, from the addresses given on, and the moving ones. */
export function statistics(
  rows: i32,
  channels: i32,
  some: i32,
  momentum: f32,
  renew: f32,
  x: usize,
  movingMean: usize,
  movingVariance: usize,
  mean: usize,
  variance: usize,
): void {
  const stride = <usize>channels << 2;
  const many = <f64>rows;
  let c = 0;
  for (; c + 16 <= some; c += 16) {
    const at = <usize>c << 2;
    sums16(rows, stride, x + at, mean + at, variance + at);
  }
  for (; c < some; c++) {
    const at = <usize>c << 2;
    let from = x + at;
    let sum: f64 = 0;
    for (let r = 0; r < rows; r++, from += stride) sum += <f64>load<f32>(from);
    const centre = sum / many;
    from = x + at;
    let squares: f64 = 0;
    for (let r = 0; r < rows; r++, from += stride) {
      const d = <f64>load<f32>(from) - centre;
      squares += d * d;
    }
    store<f32>(mean + at, <f32>centre);
    store<f32>(variance + at, <f32>(squares / many));
  }
  for (let at: usize = 0; at < <usize>some << 2; at += 4) {
    store<f32>(
      movingMean + at,
      load<f32>(movingMean + at) * momentum + load<f32>(mean + at) * renew,
    );
    store<f32>(
      movingVariance + at,
      load<f32>(movingVariance + at) * momentum + load<f32>(variance + at) * renew,
    );
  }
}

/** `backward` for eight channels: half a line of the cache. */
function backward8(
  rows: i32,
  stride: usize,
  epsilon: f64,
  x: usize,
  gamma: usize,
  mean: usize,
  variance: usize,
  dy: usize,
  dx: usize,
  dgamma: usize,
  dbeta: usize,
): void {
  const c0 = two(mean), c1 = two(mean + 8), c2 = two(mean + 16), c3 = two(mean + 24);
  let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0;
  let d0 = s0, d1 = s0, d2 = s0, d3 = s0;
  let from = x;
  let above = dy;
  for (let r = 0; r < rows; r++, from += stride, above += stride) {
    const a0 = two(above), a1 = two(above + 8), a2 = two(above + 16), a3 = two(above + 24);
    s0 = f64x2.add(s0, a0);
    s1 = f64x2.add(s1, a1);
    s2 = f64x2.add(s2, a2);
    s3 = f64x2.add(s3, a3);
    d0 = f64x2.add(d0, f64x2.mul(a0, f64x2.sub(two(from), c0)));
    d1 = f64x2.add(d1, f64x2.mul(a1, f64x2.sub(two(from + 8), c1)));
    d2 = f64x2.add(d2, f64x2.mul(a2, f64x2.sub(two(from + 16), c2)));
    d3 = f64x2.add(d3, f64x2.mul(a3, f64x2.sub(two(from + 24), c3)));
  }
  const i0 = inverse2(variance, epsilon), i1 = inverse2(variance + 8, epsilon);
  const i2 = inverse2(variance + 16, epsilon), i3 = inverse2(variance + 24, epsilon);
  d0 = f64x2.mul(d0, i0);
  d1 = f64x2.mul(d1, i1);
  d2 = f64x2.mul(d2, i2);
  d3 = f64x2.mul(d3, i3);
  if (dgamma) {
    put(dgamma, d0);
    put(dgamma + 8, d1);
    put(dgamma + 16, d2);
    put(dgamma + 24, d3);
  }
  if (dbeta) {
    put(dbeta, s0);
    put(dbeta + 8, s1);
    put(dbeta + 16, s2);
    put(dbeta + 24, s3);
  }
  const many = f64x2.splat(<f64>rows);
  const m0 = f64x2.div(s0, many), m1 = f64x2.div(s1, many);
  const m2 = f64x2.div(s2, many), m3 = f64x2.div(s3, many);
  d0 = f64x2.div(f64x2.mul(d0, i0), many);
  d1 = f64x2.div(f64x2.mul(d1, i1), many);
  d2 = f64x2.div(f64x2.mul(d2, i2), many);
  d3 = f64x2.div(f64x2.mul(d3, i3), many);
  let g0 = i0, g1 = i1, g2 = i2, g3 = i3;
  if (gamma) {
    g0 = f64x2.mul(g0, two(gamma));
    g1 = f64x2.mul(g1, two(gamma + 8));
    g2 = f64x2.mul(g2, two(gamma + 16));
    g3 = f64x2.mul(g3, two(gamma + 24));
  }
  from = x;
  above = dy;
  for (let r = 0; r < rows; r++, from += stride, above += stride, dx += stride) {
    put(dx, slope2(two(above), two(from), c0, m0, d0, g0));
    put(dx + 8, slope2(two(above + 8), two(from + 8), c1, m1, d1, g1));
    put(dx + 16, slope2(two(above + 16), two(from + 16), c2, m2, d2, g2));
    put(dx + 24, slope2(two(above + 24), two(from + 24), c3, m3, d3, g3));
  }
}

// @ts-ignore: decorator
@inline
function inverse2(variance: usize, epsilon: f64): v128 {
  return f64x2.div(f64x2.splat(1), f64x2.sqrt(f64x2.add(two(variance), f64x2.splat(epsilon))));
}

// @ts-ignore: decorator
@inline
function slope2(above: v128, x: v128, mean: v128, sum: v128, dot: v128, scale: v128): v128 {
  return f64x2.mul(
    scale,
    f64x2.sub(f64x2.sub(above, sum), f64x2.mul(f64x2.sub(x, mean), dot)),
  );
}

/** dx = gamma * inverse * (dy - (sum + standard * dot) / rows), standard = (x - mean) * inverse. For `some` channels. */
export function backward(
  rows: i32,
  channels: i32,
  some: i32,
  epsilon: f64,
  x: usize,
  gamma: usize,
  mean: usize,
  variance: usize,
  dy: usize,
  dx: usize,
  dgamma: usize,
  dbeta: usize,
): void {
  const stride = <usize>channels << 2;
  const many = <f64>rows;
  let c = 0;
  for (; c + 8 <= some; c += 8) {
    const at = <usize>c << 2;
    backward8(
      rows,
      stride,
      epsilon,
      x + at,
      gamma ? gamma + at : 0,
      mean + at,
      variance + at,
      dy + at,
      dx + at,
      dgamma ? dgamma + at : 0,
      dbeta ? dbeta + at : 0,
    );
  }
  for (; c < some; c++) {
    const at = <usize>c << 2;
    const centre = <f64>load<f32>(mean + at);
    const inverse = 1.0 / sqrt<f64>(<f64>load<f32>(variance + at) + epsilon);
    let sum: f64 = 0;
    let dot: f64 = 0;
    let from = x + at;
    let above = dy + at;
    for (let r = 0; r < rows; r++, from += stride, above += stride) {
      const slope = <f64>load<f32>(above);
      sum += slope;
      dot += slope * (<f64>load<f32>(from) - centre);
    }
    dot *= inverse;
    const scale = <f64>read(gamma, c, 1) * inverse;
    const meanSum = sum / many;
    const meanDot = (dot * inverse) / many;
    from = x + at;
    above = dy + at;
    let below = dx + at;
    for (let r = 0; r < rows; r++, from += stride, above += stride, below += stride) {
      const d = <f64>load<f32>(from) - centre;
      store<f32>(below, <f32>(scale * (<f64>load<f32>(above) - meanSum - d * meanDot)));
    }
    if (dgamma) store<f32>(dgamma + at, <f32>dot);
    if (dbeta) store<f32>(dbeta + at, <f32>sum);
  }
}
