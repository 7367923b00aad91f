// Updates of the weights, element by element in f32; regularisers. `rateAt` is where the rate stands.

export function regularizerGradient(n: i32, l1: f32, l2: f32, w: usize, dw: usize): void {
  const twice = l2 + l2;
  for (const end = w + (<usize>n << 2); w < end; w += 4, dw += 4) {
    const v = load<f32>(w);
    const sign: f32 = v > 0 ? 1 : v < 0 ? -1 : 0;
    store<f32>(dw, load<f32>(dw) + (l1 * sign + twice * v));
  }
}

export function regularizerLoss(n: i32, l1: f64, l2: f64, w: usize, to: usize): void {
  let magnitudes: f64 = 0;
  let squares: f64 = 0;
  for (const end = w + (<usize>n << 2); w < end; w += 4) {
    const v = <f64>load<f32>(w);
    magnitudes += abs<f64>(v);
    squares += v * v;
  }
  store<f64>(to, l1 * magnitudes + l2 * squares);
}

export function rmsprop(
  n: i32,
  rateAt: usize,
  rho: f32,
  renew: f32,
  momentum: f32,
  epsilon: f32,
  g: usize,
  v: usize,
  m: usize,
  w: usize,
): void {
  const rate = load<f32>(rateAt);
  const rates = f32x4.splat(rate);
  const rhos = f32x4.splat(rho);
  const renews = f32x4.splat(renew);
  const momenta = f32x4.splat(momentum);
  const epsilons = f32x4.splat(epsilon);
  let i = 0;
  for (; i + 4 <= n; i += 4, g += 16, v += 16, w += 16) {
    const slope = v128.load(g);
    const square = f32x4.add(
      f32x4.mul(rhos, v128.load(v)),
      f32x4.mul(renews, f32x4.mul(slope, slope)),
    );
    v128.store(v, square);
    let change = f32x4.div(f32x4.mul(rates, slope), f32x4.sqrt(f32x4.add(square, epsilons)));
    if (m) {
      change = f32x4.add(f32x4.mul(momenta, v128.load(m)), change);
      v128.store(m, change);
      m += 16;
    }
    v128.store(w, f32x4.sub(v128.load(w), change));
  }
  for (; i < n; i++, g += 4, v += 4, w += 4) {
    const slope = load<f32>(g);
    const square = rho * load<f32>(v) + renew * (slope * slope);
    store<f32>(v, square);
    let change = (rate * slope) / sqrt<f32>(square + epsilon);
    if (m) {
      change = momentum * load<f32>(m) + change;
      store<f32>(m, change);
      m += 4;
    }
    store<f32>(w, load<f32>(w) - change);
  }
}

export function adam(
  n: i32,
  rateAt: usize,
  renew1: f32,
  renew2: f32,
  epsilon: f32,
  g: usize,
  m: usize,
  v: usize,
  w: usize,
): void {
  const rate = load<f32>(rateAt);
  const rates = f32x4.splat(rate);
  const renews1 = f32x4.splat(renew1);
  const renews2 = f32x4.splat(renew2);
  const epsilons = f32x4.splat(epsilon);
  let i = 0;
  for (; i + 4 <= n; i += 4, g += 16, m += 16, v += 16, w += 16) {
    const slope = v128.load(g);
    let mean = v128.load(m);
    mean = f32x4.add(mean, f32x4.mul(f32x4.sub(slope, mean), renews1));
    v128.store(m, mean);
    let square = v128.load(v);
    square = f32x4.add(
      square,
      f32x4.mul(f32x4.sub(f32x4.mul(slope, slope), square), renews2),
    );
    v128.store(v, square);
    const change = f32x4.div(f32x4.mul(mean, rates), f32x4.add(f32x4.sqrt(square), epsilons));
    v128.store(w, f32x4.sub(v128.load(w), change));
  }
  for (; i < n; i++, g += 4, m += 4, v += 4, w += 4) {
    const slope = load<f32>(g);
    let mean = load<f32>(m);
    mean = mean + (slope - mean) * renew1;
    store<f32>(m, mean);
    let square = load<f32>(v);
    square = square + (slope * slope - square) * renew2;
    store<f32>(v, square);
    store<f32>(w, load<f32>(w) - (mean * rate) / (sqrt<f32>(square) + epsilon));
  }
}

export function sgd(
  n: i32,
  rateAt: usize,
  momentum: f32,
  nesterov: i32,
  g: usize,
  m: usize,
  w: usize,
): void {
  const rate = load<f32>(rateAt);
  for (const end = g + (<usize>n << 2); g < end; g += 4, w += 4) {
    const slope = rate * load<f32>(g);
    let change = -slope;
    if (m) {
      const moment = momentum * load<f32>(m) - slope;
      store<f32>(m, moment);
      change = nesterov ? momentum * moment - slope : moment;
      m += 4;
    }
    store<f32>(w, load<f32>(w) + change);
  }
}
