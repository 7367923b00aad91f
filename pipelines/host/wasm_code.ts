/**
 * Looks through a WebAssembly module's code for instructions whose result depends on the processor: those of relaxed
 * SIMD. An instruction that is not known here could be one of them. That the module is valid is the engine's business:
 * what is read otherwise than it does is refused.
 */

import { uncurry } from "./primordials.ts";

/** Null: it computes the same everywhere. Else why not. */
export function unsteady(bytes: Uint8Array): string | null {
  if (!mayBeRelaxed(bytes)) return null;
  const reader = createReader(bytes);
  try {
    reader.skip(8); // what it is, and its version
    while (!reader.isOver()) {
      const section = reader.byte(), end = reader.u32() + reader.at();
      if (section !== CODE) reader.moveTo(end);
      else readCode(reader, end);
    }
    return null;
  } catch (error) {
    if (typeof error === "string") return error;
    throw error;
  }
}

const indexOf = uncurry(Uint8Array.prototype.indexOf);

/**
 * Whether the code of such an instruction stands anywhere, be it as part of something else. To read a large module
 * takes as long as to compile it, and hardly one needs it.
 */
function mayBeRelaxed(bytes: Uint8Array): boolean {
  for (let at = indexOf(bytes, 0xfd, 0); at >= 0; at = indexOf(bytes, 0xfd, at + 1)) {
    let value = 0, scale = 1;
    for (let i = 1; i <= 5; i++) {
      const found = bytes[at + i] ?? 0;
      value += (found & 0x7f) * scale;
      if (found < 0x80) break;
      scale *= 128;
    }
    // Those that are given out, and what is kept for more.
    if (value >= 0x100 && value < 0x180) return true;
  }
  return false;
}

const CODE = 10;
const CUT = "it cannot be read: it is cut off, or no WebAssembly";

type Reader = ReturnType<typeof createReader>;

/** Throws texts: they are caught above. */
function createReader(bytes: Uint8Array) {
  let at = 0;
  const skip = (count: number): void => {
    at += count;
    if (at > bytes.length) throw CUT;
  };
  const byte = (): number => {
    skip(1);
    return bytes[at - 1] ?? 0;
  };
  return {
    at: () => at,
    isOver: () => at >= bytes.length,
    skip,
    byte,
    moveTo(to: number) {
      if (to < at) throw CUT;
      skip(to - at);
    },
    u32(): number {
      let value = 0, scale = 1;
      for (let i = 0; i < 5; i++) {
        const found = byte();
        value += (found & 0x7f) * scale;
        if (found < 0x80) return value;
        scale *= 128;
      }
      throw CUT;
    },
    /** Numbers of any size and sign. */
    numbers(count: number) {
      for (let i = 0; i < count; i++) while (byte() >= 0x80);
    },
  };
}

function readCode(reader: Reader, end: number): void {
  const functions = reader.u32();
  for (let i = 0; i < functions; i++) {
    const after = reader.u32() + reader.at();
    const locals = reader.u32();
    for (let k = 0; k < locals; k++) {
      reader.numbers(1);
      readType(reader);
    }
    while (reader.at() < after) readInstruction(reader);
    if (reader.at() !== after) throw CUT;
  }
  if (reader.at() !== end) throw CUT;
}

/** A type of values, or of a block, which may be a number instead. */
function readType(reader: Reader): void {
  const first = reader.byte();
  // References name what they refer to.
  if (first === 0x63 || first === 0x64) reader.numbers(1);
  else if (first >= 0x80) reader.numbers(1);
}

/** An access to memory: alignment, perhaps which memory, offset. */
function readAccess(reader: Reader): void {
  reader.numbers((reader.u32() & 0x40) === 0 ? 1 : 2);
}

function readInstruction(reader: Reader): void {
  const code = reader.byte();
  // Most instructions have no more than their code.
  if (code >= 0x45 && code <= 0xc4) return;
  if (code >= 0x28 && code <= 0x3e) return readAccess(reader);
  switch (code) {
    case 0x00: // unreachable
    case 0x01: // nop
    case 0x05: // else
    case 0x0a: // throw_ref
    case 0x0b: // end
    case 0x0f: // return
    case 0x19: // catch_all
    case 0x1a: // drop
    case 0x1b: // select
    case 0xd1: // ref.is_null
    case 0xd3: // ref.eq
    case 0xd4: // ref.as_non_null
      return;
    case 0x02: // block
    case 0x03: // loop
    case 0x04: // if
    case 0x06: // try
      return readType(reader);
    case 0x07: // catch
    case 0x08: // throw
    case 0x09: // rethrow
    case 0x0c: // br
    case 0x0d: // br_if
    case 0x10: // call
    case 0x12: // return_call
    case 0x14: // call_ref
    case 0x15: // return_call_ref
    case 0x18: // delegate
    case 0x20: // local.get
    case 0x21: // local.set
    case 0x22: // local.tee
    case 0x23: // global.get
    case 0x24: // global.set
    case 0x25: // table.get
    case 0x26: // table.set
    case 0x3f: // memory.size
    case 0x40: // memory.grow
    case 0x41: // i32.const
    case 0x42: // i64.const
    case 0xd0: // ref.null
    case 0xd2: // ref.func
    case 0xd5: // br_on_null
    case 0xd6: // br_on_non_null
      return reader.numbers(1);
    case 0x11: // call_indirect
    case 0x13: // return_call_indirect
      return reader.numbers(2);
    case 0x0e: // br_table
      return reader.numbers(reader.u32() + 1);
    case 0x1c: // select of a type
      for (let left = reader.u32(); left > 0; left--) readType(reader);
      return;
    case 0x1f: { // try_table
      readType(reader);
      for (let left = reader.u32(); left > 0; left--) reader.numbers(reader.byte() < 2 ? 2 : 1);
      return;
    }
    case 0x43: // f32.const
      return reader.skip(4);
    case 0x44: // f64.const
      return reader.skip(8);
    case 0xfb:
      return readObjects(reader);
    case 0xfc:
      return readBulk(reader);
    case 0xfd:
      return readVector(reader);
    case 0xfe:
      return readAtomic(reader);
    default:
      throw unknown(code, -1);
  }
}

const unknown = (prefix: number, code: number): string =>
  `it has the instruction ${prefix.toString(16)}${
    code < 0 ? "" : ` ${code}`
  }, which is not known here`;

function readObjects(reader: Reader): void {
  const code = reader.u32();
  if (code > 30) throw unknown(0xfb, code);
  // br_on_cast and br_on_cast_fail: flags before three numbers.
  if (code === 24 || code === 25) {
    reader.skip(1);
    return reader.numbers(3);
  }
  if (code === 15 || code >= 26) return;
  const isOfTwo = (code >= 2 && code <= 5) || (code >= 8 && code <= 10) ||
    (code >= 17 && code <= 19);
  reader.numbers(isOfTwo ? 2 : 1);
}

function readBulk(reader: Reader): void {
  const code = reader.u32();
  if (code > 17) throw unknown(0xfc, code);
  if (code < 8) return; // conversions
  reader.numbers(code === 8 || code === 10 || code === 12 || code === 14 ? 2 : 1);
}

function readVector(reader: Reader): void {
  const code = reader.u32();
  if (code >= 0x100) {
    throw `it has an instruction of relaxed SIMD (fd ${code}), whose result depends on the processor`;
  }
  if (code <= 11 || code === 92 || code === 93) return readAccess(reader);
  if (code === 12 || code === 13) return reader.skip(16); // v128.const, i8x16.shuffle
  if (code >= 21 && code <= 34) return reader.skip(1); // lanes
  if (code >= 84 && code <= 91) {
    readAccess(reader);
    reader.skip(1);
  }
}

function readAtomic(reader: Reader): void {
  const code = reader.u32();
  if (code === 3) return reader.skip(1); // a fence
  if (code > 0x4e) throw unknown(0xfe, code);
  readAccess(reader);
}
