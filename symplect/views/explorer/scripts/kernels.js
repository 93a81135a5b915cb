/** Matrix products and tanh: in WebAssembly for float32 where the browser has it, in plain loops otherwise. */

const ARRAYS = { float32: Float32Array, float64: Float64Array };
const PAGE = 65536; // bytes by which WebAssembly's memory grows
const GRAIN = 16; // bytes of the four numbers that are read at once, at best from an aligned place

/** Hands out workspaces. */
export class Kernels {
  #module;

  constructor(module = null) {
    this.#module = module;
  }

  /** Compiles the bytes of kernels.wasm; where the browser refuses, everything runs in plain JavaScript. */
  static async load(bytes) {
    try {
      const { module } = await WebAssembly.instantiate(bytes);
      return new Kernels(module);
    } catch {
      return new Kernels();
    }
  }

  /** Whether float32 runs in WebAssembly. */
  get accelerated() {
    return this.#module !== null;
  }

  /** Makes room for arrays of these lengths, which `allocate` then hands out one after the other. */
  workspace(precision, lengths) {
    if (precision !== "float32" || !this.accelerated) return new PlainWorkspace(ARRAYS[precision]);
    try {
      return new FastWorkspace(this.#module, lengths);
    } catch {
      return new PlainWorkspace(Float32Array); // no memory to be had
    }
  }
}

/** Arrays in a memory of their own, which never grows again, because growing would detach them. */
class FastWorkspace {
  #exports;
  #free = 0;

  constructor(module, lengths) {
    this.#exports = new WebAssembly.Instance(module).exports;
    const bytes = lengths.reduce((sum, length) => sum + aligned(4 * length), 0);
    const { memory } = this.#exports;
    memory.grow(Math.max(0, Math.ceil((bytes - memory.buffer.byteLength) / PAGE)));
  }

  allocate(length) {
    const array = new Float32Array(this.#exports.memory.buffer, this.#free, length);
    this.#free += aligned(4 * length);
    return array;
  }

  matmul(out, x, w) {
    const { matmul } = this.#exports;
    const [to, from, by, inner, outer] = [out.byteOffset, x.byteOffset, w.byteOffset, x.length, out.length];
    return () => matmul(to, from, by, inner, outer);
  }

  matmulTransposed(out, x, w) {
    const { matmul_transposed: matmulTransposed } = this.#exports;
    const [to, from, by, inner, outer] = [out.byteOffset, x.byteOffset, w.byteOffset, x.length, out.length];
    return () => matmulTransposed(to, from, by, inner, outer);
  }

  tanh(out, a) {
    const { tanh } = this.#exports;
    const [to, from, length] = [out.byteOffset, a.byteOffset, a.length];
    return () => tanh(to, from, length);
  }
}

/** The same for any browser and for float64; each product is of one row, `x`. */
class PlainWorkspace {
  #Numbers;

  constructor(Numbers) {
    this.#Numbers = Numbers;
  }

  allocate(length) {
    return new this.#Numbers(length);
  }

  matmul(out, x, w) {
    return () => multiply(out, x, w);
  }

  matmulTransposed(out, x, w) {
    return () => multiplyTransposed(out, x, w);
  }

  tanh(out, a) {
    return () => {
      for (let k = 0; k < a.length; k++) out[k] = Math.tanh(a[k]);
    };
  }
}

function aligned(bytes) {
  return Math.ceil(bytes / GRAIN) * GRAIN;
}

/** out[j] = sum_k x[k] w[k N + j]; four columns at a time share the loads of x. */
function multiply(out, x, w) {
  const [inner, outer] = [x.length, out.length];
  let j = 0;
  for (; j + 4 <= outer; j += 4) {
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let k = 0, at = j; k < inner; k++, at += outer) {
      const value = x[k];
      a += value * w[at];
      b += value * w[at + 1];
      c += value * w[at + 2];
      d += value * w[at + 3];
    }
    out[j] = a;
    out[j + 1] = b;
    out[j + 2] = c;
    out[j + 3] = d;
  }
  for (; j < outer; j++) {
    let sum = 0;
    for (let k = 0, at = j; k < inner; k++, at += outer) sum += x[k] * w[at];
    out[j] = sum;
  }
}

/** out[j] = sum_k x[k] w[j K + k]; four rows at a time share the loads of x. */
function multiplyTransposed(out, x, w) {
  const [inner, outer] = [x.length, out.length];
  let j = 0;
  for (; j + 4 <= outer; j += 4) {
    const at = j * inner;
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let k = 0; k < inner; k++) {
      const value = x[k];
      a += value * w[at + k];
      b += value * w[at + inner + k];
      c += value * w[at + 2 * inner + k];
      d += value * w[at + 3 * inner + k];
    }
    out[j] = a;
    out[j + 1] = b;
    out[j + 2] = c;
    out[j + 3] = d;
  }
  for (; j < outer; j++) {
    let sum = 0;
    for (let k = 0, at = j * inner; k < inner; k++, at++) sum += x[k] * w[at];
    out[j] = sum;
  }
}
