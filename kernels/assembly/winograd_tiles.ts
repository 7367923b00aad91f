// Register tiles of Winograd's products: four by eight accumulators, sums in the order of what is walked over.

import { lane0, lane1, lane2, lane3 } from "./lanes";

/**
 * Products of `groups` of four tiles with one panel of eight filters: a [groups][quads][4 tiles][4 channels], w
 * [4 * quads channels][8], y [2 quads of filters][4 tiles][4] for each group, groups `yStep` bytes apart.
 */
export function productOfTiles(a: usize, groups: i32, quads: i32, w: usize, y: usize, yStep: usize): void {
  const bytes = <usize>quads << 6;
  for (; groups > 0; groups--, y += yStep) {
    let s00 = f32x4.splat(0), s01 = s00, s10 = s00, s11 = s00;
    let s20 = s00, s21 = s00, s30 = s00, s31 = s00;
    let q = w;
    for (const end = a + bytes; a < end; a += 64, q += 128) {
      const v0 = v128.load(a);
      const v1 = v128.load(a, 16);
      const v2 = v128.load(a, 32);
      const v3 = v128.load(a, 48);
      let w0 = v128.load(q);
      let w1 = v128.load(q, 16);
      let v = lane0(v0);
      s00 = f32x4.add(s00, f32x4.mul(v, w0));
      s01 = f32x4.add(s01, f32x4.mul(v, w1));
      v = lane0(v1);
      s10 = f32x4.add(s10, f32x4.mul(v, w0));
      s11 = f32x4.add(s11, f32x4.mul(v, w1));
      v = lane0(v2);
      s20 = f32x4.add(s20, f32x4.mul(v, w0));
      s21 = f32x4.add(s21, f32x4.mul(v, w1));
      v = lane0(v3);
      s30 = f32x4.add(s30, f32x4.mul(v, w0));
      s31 = f32x4.add(s31, f32x4.mul(v, w1));
      w0 = v128.load(q, 32);
      w1 = v128.load(q, 48);
      v = lane1(v0);
      s00 = f32x4.add(s00, f32x4.mul(v, w0));
      s01 = f32x4.add(s01, f32x4.mul(v, w1));
      v = lane1(v1);
      s10 = f32x4.add(s10, f32x4.mul(v, w0));
      s11 = f32x4.add(s11, f32x4.mul(v, w1));
      v = lane1(v2);
      s20 = f32x4.add(s20, f32x4.mul(v, w0));
      s21 = f32x4.add(s21, f32x4.mul(v, w1));
      v = lane1(v3);
      s30 = f32x4.add(s30, f32x4.mul(v, w0));
      s31 = f32x4.add(s31, f32x4.mul(v, w1));
      w0 = v128.load(q, 64);
      w1 = v128.load(q, 80);
      v = lane2(v0);
      s00 = f32x4.add(s00, f32x4.mul(v, w0));
      s01 = f32x4.add(s01, f32x4.mul(v, w1));
      v = lane2(v1);
      s10 = f32x4.add(s10, f32x4.mul(v, w0));
      s11 = f32x4.add(s11, f32x4.mul(v, w1));
      v = lane2(v2);
      s20 = f32x4.add(s20, f32x4.mul(v, w0));
      s21 = f32x4.add(s21, f32x4.mul(v, w1));
      v = lane2(v3);
      s30 = f32x4.add(s30, f32x4.mul(v, w0));
      s31 = f32x4.add(s31, f32x4.mul(v, w1));
      w0 = v128.load(q, 96);
      w1 = v128.load(q, 112);
      v = lane3(v0);
      s00 = f32x4.add(s00, f32x4.mul(v, w0));
      s01 = f32x4.add(s01, f32x4.mul(v, w1));
      v = lane3(v1);
      s10 = f32x4.add(s10, f32x4.mul(v, w0));
      s11 = f32x4.add(s11, f32x4.mul(v, w1));
      v = lane3(v2);
      s20 = f32x4.add(s20, f32x4.mul(v, w0));
      s21 = f32x4.add(s21, f32x4.mul(v, w1));
      v = lane3(v3);
      s30 = f32x4.add(s30, f32x4.mul(v, w0));
      s31 = f32x4.add(s31, f32x4.mul(v, w1));
    }
    v128.store(y, s00);
    v128.store(y, s10, 16);
    v128.store(y, s20, 32);
    v128.store(y, s30, 48);
    v128.store(y, s01, 64);
    v128.store(y, s11, 80);
    v128.store(y, s21, 96);
    v128.store(y, s31, 112);
  }
}

/**
 * Adds to sums [panels][4 channels][8 filters] the products of one quad of channels, a [tiles][4], with panels of
 * filters, b [2 * panels][tiles][4], quads `step` bytes apart.
 */
export function productOfQuads(a: usize, b: usize, step: usize, tiles: i32, panels: i32, sums: usize): void {
  const end = a + (<usize>tiles << 4);
  for (; panels > 0; panels--, b += 2 * step, sums += 128) {
    let s00 = v128.load(sums);
    let s01 = v128.load(sums, 16);
    let s10 = v128.load(sums, 32);
    let s11 = v128.load(sums, 48);
    let s20 = v128.load(sums, 64);
    let s21 = v128.load(sums, 80);
    let s30 = v128.load(sums, 96);
    let s31 = v128.load(sums, 112);
    let p = b, q = b + step;
    for (let i = a; i < end; i += 16, p += 16, q += 16) {
      const four = v128.load(i);
      const d0 = v128.load(p);
      const d1 = v128.load(q);
      let v = lane0(four);
      s00 = f32x4.add(s00, f32x4.mul(v, d0));
      s01 = f32x4.add(s01, f32x4.mul(v, d1));
      v = lane1(four);
      s10 = f32x4.add(s10, f32x4.mul(v, d0));
      s11 = f32x4.add(s11, f32x4.mul(v, d1));
      v = lane2(four);
      s20 = f32x4.add(s20, f32x4.mul(v, d0));
      s21 = f32x4.add(s21, f32x4.mul(v, d1));
      v = lane3(four);
      s30 = f32x4.add(s30, f32x4.mul(v, d0));
      s31 = f32x4.add(s31, f32x4.mul(v, d1));
    }
    v128.store(sums, s00);
    v128.store(sums, s01, 16);
    v128.store(sums, s10, 32);
    v128.store(sums, s11, 48);
    v128.store(sums, s20, 64);
    v128.store(sums, s21, 80);
    v128.store(sums, s30, 96);
    v128.store(sums, s31, 112);
  }
}
