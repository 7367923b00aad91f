/** Reading and writing tensors in the memory, element by element. */

/** A tensor's elements, by flat index. */
export interface View {
  get(index: number): number;
  /** Rounds to the element's type. */
  set(index: number, value: number): void;
}

function view(
  array: Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array,
  first: number,
): View {
  return {
    get(index) {
      const value = array[first + index];
      if (value === undefined) throw new RangeError(`Element ${index} lies outside the memory`);
      return value;
    },
    set(index, value) {
      array[first + index] = value;
    },
  };
}

export function floats(memory: WebAssembly.Memory, address: number): View {
  return view(new Float32Array(memory.buffer), address / 4);
}

export function integers(memory: WebAssembly.Memory, address: number): View {
  return view(new Int32Array(memory.buffer), address / 4);
}

export function bytes(memory: WebAssembly.Memory, address: number): View {
  return view(new Uint8Array(memory.buffer), address);
}

export function words(memory: WebAssembly.Memory, address: number): View {
  return view(new Uint32Array(memory.buffer), address / 4);
}

export function doubles(memory: WebAssembly.Memory, address: number): View {
  return view(new Float64Array(memory.buffer), address / 8);
}
