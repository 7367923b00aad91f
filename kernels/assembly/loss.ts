// Losses and hits, row by row, in f64. A label outside the classes gives a NaN.
import { exp, log, log1p, sigmoid } from "./math";

const LEAST: f64 = <f64><f32>1e-7; // Keras' fuzz factor
const MOST: f64 = <f64><f32>0.9999999;

function limited(p: f64): f64 {
  return p < LEAST ? LEAST : p > MOST ? MOST : p;
}

// A call works on `rows` of the batch's `all` rows, which the mean is over.
// `form`: 0 probabilities whose shares are limited, 1 logits, 2 probabilities that are limited each.
export function categoricalCrossEntropy(
  rows: i32,
  all: i32,
  classes: i32,
  form: i32,
  prediction: usize,
  labels: usize,
  losses: usize,
  gradient: usize,
): void {
  const bytes = <usize>classes << 2;
  for (let r = 0; r < rows; r++) {
    const label = load<i32>(labels + (<usize>r << 2));
    const known = label >= 0 && label < classes;
    const own: f64 = known ? <f64>load<f32>(prediction + (<usize>label << 2)) : NaN;
    let value: f64;
    let sum: f64 = 0;
    if (form == 1) {
      let greatest = load<f32>(prediction);
      for (let c: usize = 4; c < bytes; c += 4) {
        const v = load<f32>(prediction + c);
        if (v > greatest || v != v) greatest = v;
      }
      for (let c: usize = 0; c < bytes; c += 4) {
        sum += exp(<f64>load<f32>(prediction + c) - <f64>greatest);
      }
      value = log(sum) - (own - <f64>greatest);
      if (gradient) {
        for (let c = 0; c < classes; c++) {
          const at = <usize>c << 2;
          const share = exp(<f64>load<f32>(prediction + at) - <f64>greatest) / sum;
          const hit: f64 = c == label ? 1 : 0;
          store<f32>(gradient + at, <f32>((share - hit) / <f64>all));
        }
      }
    } else if (form == 2) {
      for (let c: usize = 0; c < bytes; c += 4) sum += limited(<f64>load<f32>(prediction + c));
      const share = limited(own) / sum;
      value = -log(share);
      if (gradient) {
        for (let c = 0; c < classes; c++) {
          const at = <usize>c << 2;
          const p = <f64>load<f32>(prediction + at);
          const hit: f64 = c == label ? 1 : 0;
          const slope: f64 = p < LEAST || p > MOST ? 0.0 : (1.0 - hit / share) / sum;
          store<f32>(gradient + at, <f32>(slope / <f64>all));
        }
      }
    } else {
      for (let c: usize = 0; c < bytes; c += 4) sum += <f64>load<f32>(prediction + c);
      const share = own / sum;
      const inside = !(share < LEAST || share > MOST);
      value = -log(limited(share));
      if (gradient) {
        for (let c = 0; c < classes; c++) {
          const hit: f64 = c == label ? 1 : 0;
          const slope: f64 = inside ? (1.0 - hit / share) / sum : 0.0;
          store<f32>(gradient + (<usize>c << 2), <f32>(slope / <f64>all));
        }
      }
    }
    store<f32>(losses + (<usize>r << 2), <f32>value);
    prediction += bytes;
    if (gradient) gradient += bytes;
  }
}

export function binaryCrossEntropy(
  rows: i32,
  all: i32,
  fromLogits: i32,
  prediction: usize,
  labels: usize,
  losses: usize,
  gradient: usize,
): void {
  for (let r = 0; r < rows; r++) {
    const at = <usize>r << 2;
    const x = <f64>load<f32>(prediction + at);
    const label = load<i32>(labels + at);
    const t: f64 = label == 0 ? 0.0 : label == 1 ? 1.0 : NaN;
    let value: f64;
    let slope: f64;
    if (fromLogits) {
      value = (x < 0 ? 0 : x) - x * t + log1p(exp(-abs<f64>(x)));
      slope = sigmoid(x) - t;
    } else {
      const p = limited(x);
      value = t == 1 ? -log(p) : t == 0 ? -log(1.0 - p) : NaN;
      slope = x < LEAST || x > MOST ? 0.0 : (p - t) / (p * (1.0 - p));
    }
    store<f32>(losses + at, <f32>value);
    if (gradient) store<f32>(gradient + at, <f32>(slope / <f64>all));
  }
}

export function correct(
  rows: i32,
  classes: i32,
  threshold: f32,
  prediction: usize,
  labels: usize,
  hits: usize,
): void {
  for (let r = 0; r < rows; r++) {
    let found = 0;
    if (classes == 1) found = load<f32>(prediction) > threshold ? 1 : 0;
    else {
      let best = load<f32>(prediction);
      for (let c = 1; c < classes; c++) {
        const v = load<f32>(prediction + (<usize>c << 2));
        if (v > best) {
          best = v;
          found = c;
        }
      }
    }
    const at = <usize>r << 2;
    store<i32>(hits + at, found == load<i32>(labels + at) ? 1 : 0);
    prediction += <usize>classes << 2;
  }
}
