/** Moves states along a field, with the volume of phase space around them, and along the gradient of H. */

const STAGES = [
  [1 / 6, 1 / 2],
  [1 / 3, 1 / 2],
  [1 / 3, 1],
  [1 / 6, 0],
];
const ITERATIONS = 100; // of a fixed point; a step that needs more is too long for it
const ROUND_OFF = { float32: 2 ** -23, float64: 2 ** -52 };
const CLIMB = 32; // steps from one energy to another
const CORRECTIONS = 5; // of Newton's method, which needs two or three

/**
 * The methods: `stepper(dynamics, dimension)` returns `advance(z, h)`, which moves the state in place, and
 * `volume(dynamics, dimension)` returns `ratio(z, next, h)`, the determinant of the derivative of that step.
 */
export const METHODS = {
  rk4: { title: "Runge–Kutta 4", stepper: rungeKutta, volume: rungeKuttaVolume },
  leapfrog: { title: "Leapfrog", stepper: leapfrog, volume: leapfrogVolume },
  implicit_midpoint: { title: "Implicit midpoint", stepper: implicitMidpoint, volume: implicitMidpointVolume },
};

/** Returns the states at all steps, start included, one after the other: all NaN from the first that is not finite. */
export function follow(dynamics, start, method, step, steps) {
  const dimension = start.length;
  const path = new Float64Array((steps + 1) * dimension).fill(NaN);
  const state = Float64Array.from(start);
  const advance = METHODS[method].stepper(dynamics, dimension);
  path.set(state);
  for (let k = 1; k <= steps; k++) {
    advance(state, step);
    if (!state.every(Number.isFinite)) break;
    path.set(state, k * dimension);
  }
  return path;
}

/**
 * Returns the volume of a small cell that moves along the path against its first volume, at every state: that of phase
 * space, also where states are positions and velocities.
 */
export function volumes(dynamics, path, method, step) {
  const dimension = 2 * dynamics.degreesOfFreedom;
  const ratio = METHODS[method].volume(dynamics, dimension);
  const state = (k) => path.subarray(k * dimension, (k + 1) * dimension);
  const result = new Float64Array(path.length / dimension).fill(1);
  for (let k = 1; k < result.length; k++) result[k] = result[k - 1] * ratio(state(k - 1), state(k), step);
  const { density } = dynamics;
  return density ? result.map((cell, k) => (cell * density(state(k))) / density(state(0))) : result;
}

/**
 * Returns the state at which H has changed by `delta`, along dz/dE = grad H / |grad H|^2, or null where the gradient
 * does not lead there: below a minimum of H, or past a point where the gradient vanishes.
 */
export function changeEnergy(model, z, delta) {
  const state = Float64Array.from(z);
  if (delta === 0) return state;
  const start = model.hamiltonian(state);
  const advance = rungeKutta({ field: (at) => perEnergy(model.gradient(at)) }, state.length);
  for (let k = 1; k <= CLIMB; k++) {
    const before = state.slice();
    advance(state, delta / CLIMB);
    const reached = state.slice();
    correctEnergy(model, state, start + (delta * k) / CLIMB, k < CLIMB ? 1 : CORRECTIONS);
    // A correction near the length of the step means that the step went over a point without gradient.
    if (!(distance(reached, state) <= distance(before, reached) / 4)) return null;
  }
  const error = Math.abs(model.hamiltonian(state) - start - delta);
  return error <= 1e-3 * Math.abs(delta) ? state : null;
}

// The methods. What a field returns is overwritten by its next call.

/** Kutta 1901, order 4: for every stage its weight in the step, and how far its slope leads to the next stage. */
function rungeKutta({ field }, dimension) {
  const [sum, at] = [new Float64Array(dimension), new Float64Array(dimension)];
  return (z, h) => {
    sum.set(z);
    at.set(z);
    for (const [weight, reach] of STAGES) {
      const slope = field(at);
      moved(sum, sum, h * weight, slope);
      moved(at, z, h * reach, slope);
    }
    z.set(sum);
  };
}

/** Kick, drift, kick (Verlet 1967), order 2: momenta by their half of the field, positions by theirs. */
function leapfrog({ field }, dimension) {
  return (z, h) => {
    for (const [first, part] of kicksAndDrift(dimension, h)) {
      const slope = field(z);
      for (let k = first; k < first + dimension / 2; k++) z[k] += part * slope[k];
    }
  };
}

/** z1 = z0 + h f((z0 + z1) / 2), order 2; NaN where the iteration for the slope does not converge. */
function implicitMidpoint({ field, precision = "float64" }, dimension) {
  const [slope, at] = [new Float64Array(dimension), new Float64Array(dimension)];
  return (z, h) => {
    slope.set(field(z));
    let previous = Infinity;
    for (let iteration = 0; iteration < ITERATIONS; iteration++) {
      const next = field(moved(at, z, h / 2, slope));
      const change = relativeChange(z, h, slope, next) / ROUND_OFF[precision];
      slope.set(next);
      // At round-off it may change to and fro for ever.
      if (change <= 1 || (change <= 64 && change >= previous)) return moved(z, z, h, slope);
      previous = change;
    }
    return z.fill(NaN);
  };
}

// Their derivatives: the variational equation, moved by the same method.

function rungeKuttaVolume({ field, jacobian }, dimension) {
  const unit = identity(dimension);
  return (z, next, h) => {
    const total = unit.slice();
    let [at, derivative] = [z, unit];
    for (const [weight, reach] of STAGES) {
      const slope = field(at);
      const change = product(jacobian(at), derivative, dimension);
      moved(total, total, h * weight, change);
      at = moved(new Float64Array(dimension), z, h * reach, slope);
      derivative = moved(new Float64Array(unit.length), unit, h * reach, change);
    }
    return determinant(total, dimension);
  };
}

function leapfrogVolume({ field, jacobian }, dimension) {
  return (z, next, h) => {
    const at = z.slice();
    const total = identity(dimension);
    for (const [first, part] of kicksAndDrift(dimension, h)) {
      const slope = field(at);
      const change = product(jacobian(at), total, dimension);
      const last = first + dimension / 2;
      for (let k = first; k < last; k++) at[k] += part * slope[k];
      for (let k = first * dimension; k < last * dimension; k++) total[k] += part * change[k];
    }
    return determinant(total, dimension);
  };
}

function implicitMidpointVolume({ jacobian }, dimension) {
  const unit = identity(dimension);
  const middle = new Float64Array(dimension);
  return (z, next, h) => {
    const matrix = jacobian(middle.map((_, k) => (z[k] + next[k]) / 2));
    const [forward, backward] = [h / 2, -h / 2].map((part) => moved(unit.slice(), unit, part, matrix));
    return determinant(forward, dimension) / determinant(backward, dimension);
  };
}

/** Returns the first number that each part of a leapfrog step moves, and for how long. */
function kicksAndDrift(dimension, h) {
  return [
    [dimension / 2, h / 2],
    [0, h],
    [dimension / 2, h / 2],
  ];
}

// Energy

/** Returns the velocity along the gradient whose time is the energy. */
function perEnergy(gradient) {
  const square = gradient.reduce((sum, entry) => sum + entry * entry, 0);
  return Float64Array.from(gradient, (entry) => entry / square);
}

/** Newton's method along the gradient. */
function correctEnergy(model, z, target, times) {
  for (let k = 0; k < times; k++) {
    const missing = target - model.hamiltonian(z);
    moved(z, z, missing, perEnergy(model.gradient(z)));
  }
}

// Vectors and matrices

/** out = a + factor b. */
function moved(out, a, factor, b) {
  for (let k = 0; k < out.length; k++) out[k] = a[k] + factor * b[k];
  return out;
}

function distance(a, b) {
  return Math.hypot(...a.map((entry, k) => entry - b[k]));
}

/** Returns how far two slopes lead apart in a step, against the largest number it has to do with. */
function relativeChange(z, h, slope, next) {
  let [change, size] = [0, 0];
  for (let k = 0; k < z.length; k++) {
    change = Math.max(change, Math.abs(h * (next[k] - slope[k])));
    size = Math.max(size, Math.abs(z[k]) + Math.abs(h * next[k]));
  }
  return change === 0 ? 0 : change / size;
}

function identity(dimension) {
  return Float64Array.from({ length: dimension ** 2 }, (_, k) => (k % (dimension + 1) === 0 ? 1 : 0));
}

function product(a, b, dimension) {
  const result = new Float64Array(dimension ** 2);
  for (let i = 0; i < dimension; i++) {
    for (let k = 0; k < dimension; k++) {
      const factor = a[i * dimension + k];
      for (let j = 0; j < dimension; j++) result[i * dimension + j] += factor * b[k * dimension + j];
    }
  }
  return result;
}

/** Gaussian elimination with the largest pivot of each column; overwrites the matrix. */
function determinant(matrix, dimension) {
  let result = 1;
  for (let column = 0; column < dimension; column++) {
    const pivot = largestBelow(matrix, dimension, column);
    if (pivot !== column) {
      swapRows(matrix, dimension, pivot, column);
      result = -result;
    }
    const head = matrix[column * (dimension + 1)];
    if (head === 0) return 0;
    result *= head;
    for (let row = column + 1; row < dimension; row++) {
      const factor = matrix[row * dimension + column] / head;
      for (let k = column; k < dimension; k++) matrix[row * dimension + k] -= factor * matrix[column * dimension + k];
    }
  }
  return result;
}

function largestBelow(matrix, dimension, column) {
  const size = (row) => Math.abs(matrix[row * dimension + column]);
  let largest = column;
  for (let row = column + 1; row < dimension; row++) if (size(row) > size(largest)) largest = row;
  return largest;
}

function swapRows(matrix, dimension, first, second) {
  const kept = matrix.slice(first * dimension, (first + 1) * dimension);
  matrix.copyWithin(first * dimension, second * dimension, (second + 1) * dimension);
  matrix.set(kept, second * dimension);
}
