// Batch normalisation over [rows, channels]. Statistics are summed in f64, in the order of the rows.

// @ts-ignore: decorator
@inline
function read(address: usize, c: i32, absent: f32): f32 {
  return address ? load<f32>(address + (<usize>c << 2)) : absent;
}

function normalize4(
  rows: i32,
  stride: usize,
  x: usize,
  mean: v128,
  scale: v128,
  shift: v128,
  y: usize,
): void {
  for (let r = 0; r < rows; r++, x += stride, y += stride) {
    v128.store(y, f32x4.add(f32x4.mul(f32x4.sub(v128.load(x), mean), scale), shift));
  }
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
  let c = 0;
  for (; c + 4 <= channels; c += 4) {
    const at = <usize>c << 2;
    let scale = f32x4.splat(0);
    let shift = f32x4.splat(0);
    scale = f32x4.replace_lane(scale, 0, scaleOf(variance, gamma, c, epsilon));
    scale = f32x4.replace_lane(scale, 1, scaleOf(variance, gamma, c + 1, epsilon));
    scale = f32x4.replace_lane(scale, 2, scaleOf(variance, gamma, c + 2, epsilon));
    scale = f32x4.replace_lane(scale, 3, scaleOf(variance, gamma, c + 3, epsilon));
    if (beta) shift = v128.load(beta + at);
    normalize4(rows, stride, x + at, v128.load(mean + at), scale, shift, y + at);
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

function scaleOf(variance: usize, gamma: usize, c: i32, epsilon: f64): f32 {
  const v = <f64>load<f32>(variance + (<usize>c << 2));
  return <f32>(<f64>read(gamma, c, 1) / sqrt<f64>(v + epsilon));
}

export function forward(
  rows: i32,
  channels: i32,
  epsilon: f64,
  momentum: f32,
  renew: f32,
  x: usize,
  gamma: usize,
  beta: usize,
  movingMean: usize,
  movingVariance: usize,
  mean: usize,
  variance: usize,
  y: usize,
): void {
  const stride = <usize>channels << 2;
  const many = <f64>rows;
  let c = 0;
  for (; c + 2 <= channels; c += 2) {
    const at = <usize>c << 2;
    let from = x + at;
    let sum = f64x2.splat(0);
    for (let r = 0; r < rows; r++, from += stride) {
      sum = f64x2.add(sum, f64x2.promote_low_f32x4(v128.load64_zero(from)));
    }
    const centre = f64x2.div(sum, f64x2.splat(many));
    from = x + at;
    let squares = f64x2.splat(0);
    for (let r = 0; r < rows; r++, from += stride) {
      const d = f64x2.sub(f64x2.promote_low_f32x4(v128.load64_zero(from)), centre);
      squares = f64x2.add(squares, f64x2.mul(d, d));
    }
    v128.store64_lane(mean + at, f32x4.demote_f64x2_zero(centre), 0);
    v128.store64_lane(
      variance + at,
      f32x4.demote_f64x2_zero(f64x2.div(squares, f64x2.splat(many))),
      0,
    );
  }
  for (; c < channels; c++) {
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
  for (let at: usize = 0; at < stride; at += 4) {
    store<f32>(
      movingMean + at,
      load<f32>(movingMean + at) * momentum + load<f32>(mean + at) * renew,
    );
    store<f32>(
      movingVariance + at,
      load<f32>(movingVariance + at) * momentum + load<f32>(variance + at) * renew,
    );
  }
  inference(rows, channels, epsilon, x, gamma, beta, mean, variance, y);
}

/** dx = gamma * inverse * (dy - (sum + standard * dot) / rows), standard = (x - mean) * inverse. */
export function backward(
  rows: i32,
  channels: i32,
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
  for (; c + 2 <= channels; c += 2) {
    const at = <usize>c << 2;
    const centre = f64x2.promote_low_f32x4(v128.load64_zero(mean + at));
    const inverse = f64x2.div(
      f64x2.splat(1),
      f64x2.sqrt(
        f64x2.add(f64x2.promote_low_f32x4(v128.load64_zero(variance + at)), f64x2.splat(epsilon)),
      ),
    );
    let sum = f64x2.splat(0);
    let dot = f64x2.splat(0);
    let from = x + at;
    let above = dy + at;
    for (let r = 0; r < rows; r++, from += stride, above += stride) {
      const slope = f64x2.promote_low_f32x4(v128.load64_zero(above));
      const d = f64x2.sub(f64x2.promote_low_f32x4(v128.load64_zero(from)), centre);
      sum = f64x2.add(sum, slope);
      dot = f64x2.add(dot, f64x2.mul(slope, d));
    }
    dot = f64x2.mul(dot, inverse);
    let scale = inverse;
    if (gamma) scale = f64x2.mul(scale, f64x2.promote_low_f32x4(v128.load64_zero(gamma + at)));
    const meanSum = f64x2.div(sum, f64x2.splat(many));
    const meanDot = f64x2.div(f64x2.mul(dot, inverse), f64x2.splat(many));
    from = x + at;
    above = dy + at;
    let below = dx + at;
    for (let r = 0; r < rows; r++, from += stride, above += stride, below += stride) {
      const slope = f64x2.promote_low_f32x4(v128.load64_zero(above));
      const d = f64x2.sub(f64x2.promote_low_f32x4(v128.load64_zero(from)), centre);
      const rest = f64x2.sub(f64x2.sub(slope, meanSum), f64x2.mul(d, meanDot));
      v128.store64_lane(below, f32x4.demote_f64x2_zero(f64x2.mul(scale, rest)), 0);
    }
    if (dgamma) v128.store64_lane(dgamma + at, f32x4.demote_f64x2_zero(dot), 0);
    if (dbeta) v128.store64_lane(dbeta + at, f32x4.demote_f64x2_zero(sum), 0);
  }
  for (; c < channels; c++) {
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
