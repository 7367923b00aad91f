// Bytes to floats by a table; sums of tensors.

export function lookUp(n: i32, bytes: usize, table: usize, y: usize): void {
  for (const end = bytes + <usize>n; bytes < end; bytes++, y += 4) {
    store<f32>(y, load<f32>(table + (<usize>load<u8>(bytes) << 2)));
  }
}

export function add(n: i32, x: usize, y: usize): void {
  let i = 0;
  for (; i + 4 <= n; i += 4, x += 16, y += 16) {
    v128.store(y, f32x4.add(v128.load(y), v128.load(x)));
  }
  for (; i < n; i++, x += 4, y += 4) store<f32>(y, load<f32>(y) + load<f32>(x));
}
