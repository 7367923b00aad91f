// Activations, element by element, and softmax, row by row. A NaN comes out as a NaN.
import { exp, expm1, log1p, sigmoid, tanh } from "./math";

const LEAK: f32 = 0.2; // Keras' default

export function reluForward(n: i32, x: usize, y: usize): void {
  const zero = f32x4.splat(0);
  let i = 0;
  // pmax(a, b) is a < b ? b : a, which lets a NaN through.
  for (; i + 4 <= n; i += 4) {
    v128.store(y, f32x4.pmax(v128.load(x), zero));
    x += 16;
    y += 16;
  }
  for (; i < n; i++) {
    const v = load<f32>(x);
    store<f32>(y, v < 0 ? 0 : v);
    x += 4;
    y += 4;
  }
}

export function reluBackward(n: i32, y: usize, dy: usize, dx: usize): void {
  const zero = f32x4.splat(0);
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    v128.store(dx, v128.and(f32x4.gt(v128.load(y), zero), v128.load(dy)));
    y += 16;
    dy += 16;
    dx += 16;
  }
  for (; i < n; i++) {
    store<f32>(dx, load<f32>(y) > 0 ? load<f32>(dy) : 0);
    y += 4;
    dy += 4;
    dx += 4;
  }
}

export function sigmoidForward(n: i32, x: usize, y: usize): void {
  for (const end = x + (<usize>n << 2); x < end; x += 4, y += 4) {
    store<f32>(y, <f32>sigmoid(<f64>load<f32>(x)));
  }
}

export function sigmoidBackward(n: i32, y: usize, dy: usize, dx: usize): void {
  for (const end = y + (<usize>n << 2); y < end; y += 4, dy += 4, dx += 4) {
    const v = load<f32>(y);
    store<f32>(dx, load<f32>(dy) * (v * (1 - v)));
  }
}

export function tanhForward(n: i32, x: usize, y: usize): void {
  for (const end = x + (<usize>n << 2); x < end; x += 4, y += 4) {
    store<f32>(y, <f32>tanh(<f64>load<f32>(x)));
  }
}

export function tanhBackward(n: i32, y: usize, dy: usize, dx: usize): void {
  for (const end = y + (<usize>n << 2); y < end; y += 4, dy += 4, dx += 4) {
    const v = load<f32>(y);
    store<f32>(dx, load<f32>(dy) * (1 - v * v));
  }
}

export function eluForward(n: i32, x: usize, y: usize): void {
  for (const end = x + (<usize>n << 2); x < end; x += 4, y += 4) {
    const v = load<f32>(x);
    store<f32>(y, v > 0 ? v : <f32>expm1(<f64>v));
  }
}

export function eluBackward(n: i32, x: usize, y: usize, dy: usize, dx: usize): void {
  for (const end = x + (<usize>n << 2); x < end; x += 4, y += 4, dy += 4, dx += 4) {
    const slope: f32 = load<f32>(x) > 0 ? 1 : load<f32>(y) + 1;
    store<f32>(dx, load<f32>(dy) * slope);
  }
}

export function softplusForward(n: i32, x: usize, y: usize): void {
  for (const end = x + (<usize>n << 2); x < end; x += 4, y += 4) {
    const v = <f64>load<f32>(x);
    store<f32>(y, <f32>((v < 0 ? 0 : v) + log1p(exp(-abs<f64>(v)))));
  }
}

export function softplusBackward(n: i32, x: usize, dy: usize, dx: usize): void {
  for (const end = x + (<usize>n << 2); x < end; x += 4, dy += 4, dx += 4) {
    store<f32>(dx, load<f32>(dy) * <f32>sigmoid(<f64>load<f32>(x)));
  }
}

export function leakyReluForward(n: i32, x: usize, y: usize): void {
  for (const end = x + (<usize>n << 2); x < end; x += 4, y += 4) {
    const v = load<f32>(x);
    store<f32>(y, v < 0 ? LEAK * v : v);
  }
}

export function leakyReluBackward(n: i32, x: usize, dy: usize, dx: usize): void {
  for (const end = x + (<usize>n << 2); x < end; x += 4, dy += 4, dx += 4) {
    const v = load<f32>(dy);
    store<f32>(dx, load<f32>(x) > 0 ? v : LEAK * v);
  }
}

export function swishForward(n: i32, x: usize, y: usize): void {
  for (const end = x + (<usize>n << 2); x < end; x += 4, y += 4) {
    const v = <f64>load<f32>(x);
    store<f32>(y, <f32>(v * sigmoid(v)));
  }
}

export function swishBackward(n: i32, x: usize, y: usize, dy: usize, dx: usize): void {
  for (const end = x + (<usize>n << 2); x < end; x += 4, y += 4, dy += 4, dx += 4) {
    const s = sigmoid(<f64>load<f32>(x));
    store<f32>(dx, <f32>(<f64>load<f32>(dy) * (s + <f64>load<f32>(y) * (1.0 - s))));
  }
}

export function softmaxForward(rows: i32, columns: i32, x: usize, y: usize): void {
  const bytes = <usize>columns << 2;
  for (let r = 0; r < rows; r++) {
    let greatest = load<f32>(x);
    for (let c: usize = 4; c < bytes; c += 4) {
      const v = load<f32>(x + c);
      // A NaN stays the greatest, so that the whole row becomes NaN.
      if (v > greatest || v != v) greatest = v;
    }
    let sum: f64 = 0;
    for (let c: usize = 0; c < bytes; c += 4) {
      const power = exp(<f64>load<f32>(x + c) - <f64>greatest);
      sum += power;
      store<f32>(y + c, <f32>power);
    }
    for (let c: usize = 0; c < bytes; c += 4) {
      store<f32>(y + c, <f32>(<f64>load<f32>(y + c) / sum));
    }
    x += bytes;
    y += bytes;
  }
}

export function softmaxBackward(rows: i32, columns: i32, y: usize, dy: usize, dx: usize): void {
  const bytes = <usize>columns << 2;
  for (let r = 0; r < rows; r++) {
    let dot: f64 = 0;
    for (let c: usize = 0; c < bytes; c += 4) {
      dot += <f64>load<f32>(y + c) * <f64>load<f32>(dy + c);
    }
    for (let c: usize = 0; c < bytes; c += 4) {
      store<f32>(dx + c, <f32>(<f64>load<f32>(y + c) * (<f64>load<f32>(dy + c) - dot)));
    }
    y += bytes;
    dy += bytes;
    dx += bytes;
  }
}
