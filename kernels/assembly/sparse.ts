// A convolution's gradients where most of dy is zero, as behind a max-pool, a relu or a dropout: lists of
// its non-zeros, then one accumulator row a non-zero. What is left out are terms that are exactly 0, in
// sums that go in the same order and start at +0, so that the bits are those of the dense kernels
// (unless a factor is infinite or NaN, which the forward pass has shown by then).

/** How many of n floats are not zero. */
export function nonZeros(n: i32, x: usize): i32 {
  const zero = f32x4.splat(0);
  let lanes = i32x4.splat(0);
  let i = 0;
  for (; i + 4 <= n; i += 4, x += 16) lanes = i32x4.sub(lanes, f32x4.ne(v128.load(x), zero));
  let count = i32x4.extract_lane(lanes, 0) + i32x4.extract_lane(lanes, 1) +
    i32x4.extract_lane(lanes, 2) + i32x4.extract_lane(lanes, 3);
  for (; i < n; i++, x += 4) count += i32(load<f32>(x) != 0);
  return count;
}

/**
 * An image's dy as lists of `some` of its filters, from the first at `dy` on, each of `pixels` places of 8 bytes: the window's offset and the value.
 * `counts` receives the bytes used of each list. Written without branches: what is zero is overwritten.
 */
export function listsByFilter(
  outHeight: i32, outWidth: i32, filters: i32, some: i32, stepY: usize, stepX: usize, dy: usize,
  counts: usize, lists: usize,
): void {
  const room = <usize>(outHeight * outWidth + 1) << 3;
  const rest = <usize>(filters - some) << 2;
  memory.fill(counts, 0, <usize>some << 2);
  for (let oy = 0; oy < outHeight; oy++) {
    let offset = <usize>oy * stepY;
    for (let ox = 0; ox < outWidth; ox++, offset += stepX, dy += rest) {
      let list = lists;
      let counter = counts;
      for (let f = 0; f < some; f++, dy += 4, counter += 4, list += room) {
        const value = load<f32>(dy);
        const used = load<u32>(counter);
        store<u32>(list + used, <u32>offset);
        store<f32>(list + used, value, 4);
        store<u32>(counter, used + (u32(value != 0) << 3));
      }
    }
  }
}

/** sums[f][0..many) = for each filter the sum of its non-zeros times their windows' row at `window`. */
export function weightSums(
  window: usize, many: i32, pixels: i32, filters: i32, counts: usize, lists: usize, sums: usize,
): void {
  const room = <usize>(pixels + 1) << 3;
  for (let f = 0; f < filters; f++, lists += room) {
    const end = lists + <usize>load<u32>(counts + (<usize>f << 2));
    let k = 0;
    for (; k + 32 <= many; k += 32, sums += 128) {
      const base = window + (<usize>k << 2);
      let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
      for (let p = lists; p < end; p += 8) {
        const x = base + <usize>load<u32>(p);
        const g = v128.load32_splat(p, 4);
        s0 = f32x4.add(s0, f32x4.mul(g, v128.load(x)));
        s1 = f32x4.add(s1, f32x4.mul(g, v128.load(x, 16)));
        s2 = f32x4.add(s2, f32x4.mul(g, v128.load(x, 32)));
        s3 = f32x4.add(s3, f32x4.mul(g, v128.load(x, 48)));
        s4 = f32x4.add(s4, f32x4.mul(g, v128.load(x, 64)));
        s5 = f32x4.add(s5, f32x4.mul(g, v128.load(x, 80)));
        s6 = f32x4.add(s6, f32x4.mul(g, v128.load(x, 96)));
        s7 = f32x4.add(s7, f32x4.mul(g, v128.load(x, 112)));
      }
      v128.store(sums, s0);
      v128.store(sums, s1, 16);
      v128.store(sums, s2, 32);
      v128.store(sums, s3, 48);
      v128.store(sums, s4, 64);
      v128.store(sums, s5, 80);
      v128.store(sums, s6, 96);
      v128.store(sums, s7, 112);
    }
    for (; k + 4 <= many; k += 4, sums += 16) {
      const base = window + (<usize>k << 2);
      let s0 = f32x4.splat(0);
      for (let p = lists; p < end; p += 8) {
        const x = v128.load(base + <usize>load<u32>(p));
        s0 = f32x4.add(s0, f32x4.mul(v128.load32_splat(p, 4), x));
      }
      v128.store(sums, s0);
    }
    for (; k < many; k++, sums += 4) {
      const base = window + (<usize>k << 2);
      let s: f32 = 0;
      for (let p = lists; p < end; p += 8) {
        s += load<f32>(p, 4) * load<f32>(base + <usize>load<u32>(p));
      }
      store<f32>(sums, s);
    }
  }
}

/** db[f] += the sum of each filter's non-zeros. */
export function biasSums(pixels: i32, filters: i32, counts: usize, lists: usize, db: usize): void {
  const room = <usize>(pixels + 1) << 3;
  for (let f = 0; f < filters; f++, lists += room, db += 4) {
    const end = lists + <usize>load<u32>(counts + (<usize>f << 2));
    let s: f32 = 0;
    for (let p = lists; p < end; p += 8) s += load<f32>(p, 4);
    store<f32>(db, load<f32>(db) + s);
  }
}

/** Bytes of a pixel's list: its length in bytes, then offset and value of each non-zero. */
export function recordBytes(filters: i32): usize {
  return <usize>(filters + 2) << 3;
}

/** One pixel's list; an entry's offset is that of its filter's row of `rowBytes`. */
export function listByPixel(filters: i32, rowBytes: usize, dy: usize, record: usize): void {
  let to = record + 8;
  let offset: u32 = 0;
  for (let f = 0; f < filters; f++, dy += 4, offset += <u32>rowBytes) {
    const value = load<f32>(dy);
    store<u32>(to, offset);
    store<f32>(to, value, 4);
    to += usize(value != 0) << 3;
  }
  store<u32>(record, <u32>(to - record - 8));
}

/**
 * One input pixel's gradient [channels]: over the taps of a window of lists, the sum of each non-zero
 * times its row of the turned kernel. A frame's row of lists is `frameRow` long, a tap `tapBytes`.
 */
export function inputSums(
  record: usize, frameRow: usize, recordSize: usize, kernelHeight: i32, kernelWidth: i32,
  turned: usize, tapBytes: usize, channels: i32, dx: usize,
): void {
  let c = 0;
  for (; c + 32 <= channels; c += 32, dx += 128) {
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
    let tap = turned + (<usize>c << 2);
    for (let ky = 0; ky < kernelHeight; ky++) {
      let list = record + <usize>ky * frameRow;
      for (let kx = 0; kx < kernelWidth; kx++, list += recordSize, tap += tapBytes) {
        const end = list + 8 + <usize>load<u32>(list);
        for (let p = list + 8; p < end; p += 8) {
          const w = tap + <usize>load<u32>(p);
          const g = v128.load32_splat(p, 4);
          s0 = f32x4.add(s0, f32x4.mul(g, v128.load(w)));
          s1 = f32x4.add(s1, f32x4.mul(g, v128.load(w, 16)));
          s2 = f32x4.add(s2, f32x4.mul(g, v128.load(w, 32)));
          s3 = f32x4.add(s3, f32x4.mul(g, v128.load(w, 48)));
          s4 = f32x4.add(s4, f32x4.mul(g, v128.load(w, 64)));
          s5 = f32x4.add(s5, f32x4.mul(g, v128.load(w, 80)));
          s6 = f32x4.add(s6, f32x4.mul(g, v128.load(w, 96)));
          s7 = f32x4.add(s7, f32x4.mul(g, v128.load(w, 112)));
        }
      }
    }
    v128.store(dx, s0);
    v128.store(dx, s1, 16);
    v128.store(dx, s2, 32);
    v128.store(dx, s3, 48);
    v128.store(dx, s4, 64);
    v128.store(dx, s5, 80);
    v128.store(dx, s6, 96);
    v128.store(dx, s7, 112);
  }
  for (; c < channels; c++, dx += 4) {
    let s: f32 = 0;
    let tap = turned + (<usize>c << 2);
    for (let ky = 0; ky < kernelHeight; ky++) {
      let list = record + <usize>ky * frameRow;
      for (let kx = 0; kx < kernelWidth; kx++, list += recordSize, tap += tapBytes) {
        const end = list + 8 + <usize>load<u32>(list);
        for (let p = list + 8; p < end; p += 8) s += load<f32>(p, 4) * load<f32>(tap + <usize>load<u32>(p));
      }
    }
    store<f32>(dx, s);
  }
}
