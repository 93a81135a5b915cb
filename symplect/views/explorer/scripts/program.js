/** Turns the programs of a model, which are lists of operations in JSON, into functions of the state. */

const BYTES = { float32: 4, float64: 8 };
const LARGEST = 2 ** 27; // numbers in all buffers of a model; more is a mistake
const SHORT = 16; // below it a loop copies faster than `set`

/**
 * Compiles the model: returns its `precision`, its `degreesOfFreedom` and a function of the state for each program,
 * `field`, `jacobian`, `gradient` (whose results are overwritten by the next call), `hamiltonian` and `density` (a
 * number).
 *
 * Throws an Error that names the place where the model is broken.
 */
export function compile(model, kernels) {
  const { precision, degrees_of_freedom: degreesOfFreedom } = model;
  expect(Object.hasOwn(BYTES, precision), `precision float32 or float64, found ${precision}`);
  expect(isLength(degreesOfFreedom) && degreesOfFreedom > 0, `degrees of freedom, found ${degreesOfFreedom}`);
  const { field, decode } = model.programs ?? {};
  expect(Array.isArray(model.arrays) && (field || decode), "arrays, and programs with a field or a picture");
  const weights = model.arrays.map((text) => decoded(text, precision));
  const programs = present(model.programs, 2 * degreesOfFreedom);
  for (const program of programs) checkSizes(program, weights);

  const workspace = kernels.workspace(precision, lengths(weights, programs));
  const arrays = weights.map((array) => filled(workspace.allocate(array.length), array));
  const evaluators = programs.map((program) => [program.name, evaluator(program, arrays, workspace)]);
  const compiled = { precision, degreesOfFreedom, ...Object.fromEntries(evaluators) };
  for (const name of ["hamiltonian", "density"]) if (compiled[name]) compiled[name] = first(compiled[name]);
  return compiled;
}

function expect(condition, message) {
  if (!condition) throw new Error(`model: expected ${message}`);
}

function isLength(size) {
  return Number.isInteger(size) && size >= 0;
}

/** Returns the programs that there are, with their names and the lengths of their states and results. */
function present(programs, dimension) {
  const { sizes, output } = programs.decode ?? { sizes: [], output: 0 };
  const results = {
    field: dimension,
    jacobian: dimension ** 2,
    hamiltonian: 1,
    gradient: dimension,
    density: 1,
    decode: sizes[output],
  };
  return Object.entries(results)
    .filter(([name]) => programs[name])
    .map(([name, result]) => ({ name, dimension, result, ...programs[name] }));
}

function checkSizes({ name, dimension, result, sizes, constants, steps, output }, arrays) {
  const lists = [sizes, constants, steps, ...(constants ?? []), ...(steps ?? [])];
  expect(lists.every(Array.isArray), `lists of sizes, constants and steps in ${name}`);
  expect(sizes.every(isLength), `lengths of buffers in ${name}`);
  expect(sizes[0] === dimension, `a state of length ${dimension} in ${name}, found ${sizes[0]}`);
  expect(sizes[output] === result, `an output of length ${result} in ${name}, found ${sizes[output]}`);
  for (const [buffer, array] of constants) {
    expect(buffer > 0 && arrays[array]?.length === sizes[buffer], `array ${array} to fit buffer ${buffer} of ${name}`);
  }
}

/** Returns the lengths of all arrays and of what the programs compute. */
function lengths(weights, programs) {
  const computed = programs.flatMap(({ sizes, constants }) => {
    const given = new Set(constants.map(([buffer]) => buffer));
    return sizes.filter((_, buffer) => !given.has(buffer));
  });
  const all = [...weights.map((array) => array.length), ...computed];
  const total = all.reduce((sum, length) => sum + length, 0);
  expect(total <= LARGEST, `at most ${LARGEST} numbers in all buffers, found ${total}`);
  return all;
}

function decoded(stored, precision) {
  if (stored?.levels) return ofLevels(stored);
  const bytes = bytesOf(stored);
  expect(bytes.length % BYTES[precision] === 0, `an array of ${precision}, found ${bytes.length} bytes`);
  return precision === "float32" ? new Float32Array(bytes.buffer) : new Float64Array(bytes.buffer);
}

/** Returns the numbers of a matrix that is stored in signed bytes: levels times the scales of their columns. */
function ofLevels({ levels, scales, columns }) {
  const whole = new Int8Array(bytesOf(levels).buffer);
  expect(scales?.length === columns && whole.length % columns === 0, "levels in rows, and a scale for every column");
  return Float32Array.from(whole, (level, place) => level * scales[place % columns]);
}

function bytesOf(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

function filled(array, values) {
  array.set(values);
  return array;
}

function first(evaluate) {
  return (z) => evaluate(z)[0];
}

/** Returns the function of the state that runs the steps; its result is a view of the output's buffer. */
function evaluator({ name, sizes, constants, steps, output }, arrays, workspace) {
  const given = new Map(constants.map(([buffer, array]) => [buffer, arrays[array]]));
  const buffers = sizes.map((length, buffer) => given.get(buffer) ?? workspace.allocate(length));
  const filledBuffers = new Set([0, ...given.keys()]);
  const actions = steps.map((step, place) => {
    const where = `${name}, step ${place} (${step[0]})`;
    const action = bound(step, new Operands(where, buffers, filledBuffers, step[1]), workspace);
    expect(step[1] > 0 && !given.has(step[1]), `an output that is neither state nor constant in ${where}`);
    filledBuffers.add(step[1]);
    return action;
  });
  expect(filledBuffers.has(output), `${name} to compute its output`);
  const state = buffers[0];
  const result = buffers[output];
  return (z) => {
    state.set(z);
    for (let place = 0; place < actions.length; place++) actions[place]();
    return result;
  };
}

/** The buffers of one step: what is read has been written before, and is not what is written. */
class Operands {
  #buffers;
  #filled;
  #written;

  constructor(where, buffers, filledBuffers, written) {
    this.where = where;
    this.#buffers = buffers;
    this.#filled = filledBuffers;
    this.#written = written;
    this.expect(Object.hasOwn(buffers, written), `an output buffer, found ${written}`);
  }

  expect(condition, message) {
    expect(condition, `${message} in ${this.where}`);
  }

  get out() {
    return this.#buffers[this.#written];
  }

  read(buffer, length = null) {
    this.expect(this.#filled.has(buffer) && buffer !== this.#written, `a buffer written before, found ${buffer}`);
    const array = this.#buffers[buffer];
    const fits = length === null || array.length === length;
    this.expect(fits, `length ${length} of buffer ${buffer}, found ${array.length}`);
    return array;
  }
}

/** Returns the step as a function without arguments. */
function bound([operation, , ...rest], operands, workspace) {
  if (Object.hasOwn(OPERATIONS, operation)) return OPERATIONS[operation](operands, workspace, ...rest);
  if (Object.hasOwn(UNARY, operation)) return entrywise(operands, UNARY[operation], ...rest);
  operands.expect(Object.hasOwn(BINARY, operation), "a known operation");
  return pairwise(operands, BINARY[operation], ...rest);
}

const OPERATIONS = {
  gather(operands, workspace, a, index) {
    const from = operands.read(a);
    return copying(operands.out, from, positions(operands, index, operands.out.length, from.length));
  },

  join(operands, workspace, parts) {
    operands.expect(Array.isArray(parts), "a list of buffers");
    const { out } = operands;
    const arrays = parts.map((part) => operands.read(part));
    let end = 0;
    const copies = arrays.map((array) => copyingRun(out.subarray(end, (end += array.length)), array));
    operands.expect(end === out.length, `parts of length ${out.length} together, found ${end}`);
    return sequence(copies);
  },

  sum(operands, workspace, a, n) {
    operands.expect(isLength(n), `a number of terms, found ${n}`);
    const from = operands.read(a, operands.out.length * n);
    return () => sum(operands.out, from, n);
  },

  matmul(operands, workspace, x, w, ...shape) {
    return product(operands, x, w, shape, (...arrays) => workspace.matmul(...arrays));
  },

  matmul_transposed(operands, workspace, x, w, ...shape) {
    return product(operands, x, w, shape, (...arrays) => workspace.matmulTransposed(...arrays));
  },

  scatter(operands, workspace, a, updates, index) {
    const { out } = operands;
    const from = operands.read(a, out.length);
    const added = operands.read(updates);
    const places = positions(operands, index, added.length, out.length);
    return () => {
      out.set(from);
      for (let k = 0; k < places.length; k++) out[places[k]] += added[k];
    };
  },

  power(operands, workspace, a, n) {
    operands.expect(Number.isFinite(n), `an exponent, found ${n}`);
    return entrywise(operands, n === 2 ? UNARY.square : (out, from) => power(out, from, n), a);
  },

  select(operands, workspace, which, a, b) {
    const { out } = operands;
    const [no, yes] = [operands.read(a, out.length), operands.read(b, out.length)];
    const test = operands.read(which);
    if (test.length === 1) return () => out.set(test[0] ? yes : no);
    operands.read(which, out.length);
    return () => {
      for (let k = 0; k < out.length; k++) out[k] = test[k] ? yes[k] : no[k];
    };
  },

  tanh(operands, workspace, a) {
    return workspace.tanh(operands.out, operands.read(a, operands.out.length));
  },
};

// A loop for each operation, because one loop that calls them all would spend its time on calls.
const UNARY = {
  neg: (out, a) => {
    for (let k = 0; k < out.length; k++) out[k] = -a[k];
  },
  abs: (out, a) => {
    for (let k = 0; k < out.length; k++) out[k] = Math.abs(a[k]);
  },
  sign: (out, a) => {
    for (let k = 0; k < out.length; k++) out[k] = Math.sign(a[k]);
  },
  sin: (out, a) => {
    for (let k = 0; k < out.length; k++) out[k] = Math.sin(a[k]);
  },
  cos: (out, a) => {
    for (let k = 0; k < out.length; k++) out[k] = Math.cos(a[k]);
  },
  tan: (out, a) => {
    for (let k = 0; k < out.length; k++) out[k] = Math.tan(a[k]);
  },
  exp: (out, a) => {
    for (let k = 0; k < out.length; k++) out[k] = Math.exp(a[k]);
  },
  expm1: (out, a) => {
    for (let k = 0; k < out.length; k++) out[k] = Math.expm1(a[k]);
  },
  log: (out, a) => {
    for (let k = 0; k < out.length; k++) out[k] = Math.log(a[k]);
  },
  log1p: (out, a) => {
    for (let k = 0; k < out.length; k++) out[k] = Math.log1p(a[k]);
  },
  sqrt: (out, a) => {
    for (let k = 0; k < out.length; k++) out[k] = Math.sqrt(a[k]);
  },
  rsqrt: (out, a) => {
    for (let k = 0; k < out.length; k++) out[k] = 1 / Math.sqrt(a[k]);
  },
  logistic: (out, a) => {
    for (let k = 0; k < out.length; k++) out[k] = 1 / (1 + Math.exp(-a[k]));
  },
  not: (out, a) => {
    for (let k = 0; k < out.length; k++) out[k] = a[k] ? 0 : 1;
  },
  square: (out, a) => {
    for (let k = 0; k < out.length; k++) out[k] = a[k] * a[k];
  },
};

const BINARY = {
  add: (out, a, b) => {
    for (let k = 0; k < out.length; k++) out[k] = a[k] + b[k];
  },
  sub: (out, a, b) => {
    for (let k = 0; k < out.length; k++) out[k] = a[k] - b[k];
  },
  mul: (out, a, b) => {
    for (let k = 0; k < out.length; k++) out[k] = a[k] * b[k];
  },
  div: (out, a, b) => {
    for (let k = 0; k < out.length; k++) out[k] = a[k] / b[k];
  },
  max: (out, a, b) => {
    for (let k = 0; k < out.length; k++) out[k] = Math.max(a[k], b[k]);
  },
  min: (out, a, b) => {
    for (let k = 0; k < out.length; k++) out[k] = Math.min(a[k], b[k]);
  },
  pow: (out, a, b) => {
    for (let k = 0; k < out.length; k++) out[k] = raised(a[k], b[k]);
  },
  eq: (out, a, b) => {
    for (let k = 0; k < out.length; k++) out[k] = a[k] === b[k] ? 1 : 0;
  },
  ne: (out, a, b) => {
    for (let k = 0; k < out.length; k++) out[k] = a[k] !== b[k] ? 1 : 0;
  },
  lt: (out, a, b) => {
    for (let k = 0; k < out.length; k++) out[k] = a[k] < b[k] ? 1 : 0;
  },
  le: (out, a, b) => {
    for (let k = 0; k < out.length; k++) out[k] = a[k] <= b[k] ? 1 : 0;
  },
  gt: (out, a, b) => {
    for (let k = 0; k < out.length; k++) out[k] = a[k] > b[k] ? 1 : 0;
  },
  ge: (out, a, b) => {
    for (let k = 0; k < out.length; k++) out[k] = a[k] >= b[k] ? 1 : 0;
  },
  and: (out, a, b) => {
    for (let k = 0; k < out.length; k++) out[k] = a[k] && b[k] ? 1 : 0;
  },
  or: (out, a, b) => {
    for (let k = 0; k < out.length; k++) out[k] = a[k] || b[k] ? 1 : 0;
  },
};

function entrywise(operands, loop, a) {
  const { out } = operands;
  const from = operands.read(a, out.length);
  return () => loop(out, from);
}

/** A single number is first written to every place of the output, where the loop then reads it. */
function pairwise(operands, loop, a, b) {
  const { out } = operands;
  const [left, right] = [operands.read(a), operands.read(b)];
  if (right.length === out.length && left.length === out.length) return () => loop(out, left, right);
  const [single, whole] = left.length === 1 ? [left, b] : [right, a];
  operands.read(whole, out.length);
  operands.expect(single.length === 1, `length 1 or ${out.length} of every operand, found ${single.length}`);
  const [first, second] = left === single ? [out, right] : [left, out];
  return () => {
    const value = single[0];
    for (let k = 0; k < out.length; k++) out[k] = value;
    loop(out, first, second);
  };
}

function power(out, a, n) {
  for (let k = 0; k < out.length; k++) out[k] = a[k] ** n;
}

/** a^b as IEEE 754 has it; ECMAScript says NaN where the base is 1 or -1 and the exponent no number or infinite. */
function raised(a, b) {
  return a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b;
}

function sum(out, a, n) {
  for (let k = 0, at = 0; k < out.length; k++) {
    let total = 0;
    for (let j = 0; j < n; j++) total += a[at++];
    out[k] = total;
  }
}

/** A matrix product row by row. */
function product(operands, x, w, [M, K, N], row) {
  const { out } = operands;
  operands.expect([M, K, N].every(isLength) && out.length === M * N, `sizes M K N with M N = ${out.length}`);
  const [left, right] = [operands.read(x, M * K), operands.read(w, K * N)];
  const rows = Array.from({ length: M }, (_, m) =>
    row(out.subarray(m * N, (m + 1) * N), left.subarray(m * K, (m + 1) * K), right),
  );
  return sequence(rows);
}

function sequence(actions) {
  if (actions.length === 1) return actions[0];
  return () => {
    for (let place = 0; place < actions.length; place++) actions[place]();
  };
}

/** Returns the index of a gather or scatter as a list, after a look whether it stays within the array. */
function positions(operands, index, count, length) {
  const list = Array.isArray(index) ? index : unrolled(operands, index ?? {}, count);
  operands.expect(list.length === count, `an index of length ${count}, found ${list.length}`);
  operands.expect(
    list.every((at) => isLength(at) && at < length),
    `an index below ${length}`,
  );
  return Int32Array.from(list);
}

/** Returns where nested loops with these strides pass, the last loop fastest. */
function unrolled(operands, { offset, sizes, strides }, count) {
  const nested = Array.isArray(sizes) && sizes.every(isLength) && strides?.length === sizes.length;
  operands.expect(nested, "an index with a stride for every size");
  const passes = sizes.reduce((product, size) => product * size, 1);
  operands.expect(passes === count, `an index of length ${count}, found ${passes}`);
  if (passes === 0) return [];
  let list = [offset];
  sizes.forEach((size, loop) => {
    const steps = Array.from({ length: size }, (_, k) => k * strides[loop]);
    list = list.flatMap((at) => steps.map((step) => at + step));
  });
  return list;
}

/** out[k] = a[index[k]]; a run of neighbours is copied whole. */
function copying(out, a, index) {
  const start = index[0] ?? 0;
  if (index.every((at, k) => at === start + k)) return copyingRun(out, a.subarray(start, start + out.length));
  return () => {
    for (let k = 0; k < out.length; k++) out[k] = a[index[k]];
  };
}

function copyingRun(out, a) {
  if (out.length > SHORT) return () => out.set(a);
  return () => {
    for (let k = 0; k < out.length; k++) out[k] = a[k];
  };
}
