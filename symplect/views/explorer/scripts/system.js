/** A system as the page shows it: its models, its data, and the paths from one start. */

import { follow, volumes } from "symplect/integrate.js";
import { compile } from "symplect/program.js";

const MOST_STEPS = 20000;

/** One learned, plain or true dynamics, compiled when it is first asked for. */
export class Model {
  #compiled = null;

  constructor(content, kernels) {
    Object.assign(this, content);
    this.kernels = kernels;
  }

  get dynamics() {
    this.#compiled ??= compile(this.model, this.kernels);
    return this.#compiled;
  }

  get hasHamiltonian() {
    return "hamiltonian" in this.model.programs;
  }

  /** Leapfrog needs H = T(p) + V(q); what has none of that form is moved by Runge–Kutta. */
  method(wanted) {
    return wanted === "leapfrog" && !this.separable ? "rk4" : wanted;
  }

  /** Returns the decoded picture of a latent state, numbers from 0 to 1, or null. */
  image(z) {
    if (!this.decoder) return null;
    this.compiledDecoder ??= compile(this.decoder, this.kernels);
    return this.compiledDecoder.decode(z);
  }
}

/** All that is known of one system. */
export class System {
  constructor(content, kernels) {
    Object.assign(this, content);
    this.models = content.models.map((model) => new Model(model, kernels));
    this.dimension = this.coordinates.length;
    this.degreesOfFreedom = this.dimension / 2;
    this.states = decodeStates(content.data.states);
    this.truth = this.models.find((model) => model.role === "truth") ?? null;
    this.baseline = this.models.find((model) => model.role === "baseline") ?? null;
    this.learned = this.models.filter((model) => model.role === "learned");
  }

  /** Returns the models whose paths are compared: the truth, the baseline and the learned one that is chosen. */
  compared(name) {
    const chosen = this.models.find((model) => model.name === name);
    return [this.truth, this.baseline === chosen ? null : this.baseline, chosen].filter(Boolean);
  }

  /** How much the energies of the data differ by the H of a model. */
  energyScale({ dynamics }) {
    const { states, dimension } = this;
    const stride = Math.max(1, Math.floor(states.length / dimension / 200)) * dimension;
    const energies = [];
    for (let at = 0; at < states.length; at += stride) {
      energies.push(dynamics.hamiltonian(states.subarray(at, at + dimension)));
    }
    const [low, high] = extent(energies, 0, 1);
    return high > low ? high - low : Math.abs(dynamics.hamiltonian(Float64Array.from(this.start))) || 1;
  }

  /** Returns the smallest and the largest value of a coordinate in the data. */
  range(coordinate) {
    return extent(this.states.length ? this.states : this.start, coordinate, this.dimension);
  }

  /** Returns the same with what paths add to it, half of the data's width to either side at most. */
  rangeWith(coordinate, paths) {
    const [low, high] = this.range(coordinate);
    const reach = this.states.length ? (high - low) / 2 : Infinity;
    const all = paths
      .map((path) => extent(path, coordinate, this.dimension))
      .filter((side) => side.every(Number.isFinite));
    const least = Math.max(low - reach, Math.min(low, ...all.map(([value]) => value)));
    const most = Math.min(high + reach, Math.max(high, ...all.map(([, value]) => value)));
    const margin = most > least ? 0 : Math.abs(most) || 1;
    return [least - margin, most + margin];
  }
}

const MARGIN = 0.2; // around what a picture shows

/** Returns the range of one side of a picture that shows some coordinates. */
export function pictureRange(system, coordinates, paths, zoom = 1) {
  const all = coordinates.map((coordinate) => system.rangeWith(coordinate, paths));
  const [low, high] = [Math.min(...all.map(([value]) => value)), Math.max(...all.map(([, value]) => value))];
  const half = ((high - low) / 2) * (1 + MARGIN) * zoom;
  return [(low + high) / 2 - half, (low + high) / 2 + half];
}

function extent(values, first, dimension) {
  let [low, high] = [Infinity, -Infinity];
  for (let i = first; i < values.length; i += dimension) {
    if (values[i] < low) low = values[i];
    if (values[i] > high) high = values[i];
  }
  return [low, high];
}

/** Returns the number of steps that a horizon has. */
export function stepCount(horizon, step) {
  return Math.max(1, Math.min(MOST_STEPS, Math.round(horizon / step)));
}

/** The path of one model: forward, and back from its end. */
export class Path {
  constructor(model, start, { method, step, horizon, backward }) {
    this.model = model;
    this.step = step;
    this.steps = stepCount(horizon, step);
    this.method = model.method(method);
    this.dimension = start.length;
    this.knownEnergies = Object.create(null);
    this.forward = follow(model.dynamics, start, this.method, step, this.steps);
    this.back = backward ? follow(model.dynamics, this.end, this.method, -step, this.steps) : null;
  }

  at(k) {
    return this.forward.subarray(k * this.dimension, (k + 1) * this.dimension);
  }

  get end() {
    return this.at(this.steps);
  }

  /** The state on the way there and, beyond it, on the way back. */
  moment(k) {
    if (k <= this.steps || !this.back) return this.at(Math.min(k, this.steps));
    const at = Math.min(k - this.steps, this.steps) * this.dimension;
    return this.back.subarray(at, at + this.dimension);
  }

  /** How far from the start the way there and back ends, or null without a way back. */
  get missed() {
    if (!this.back) return null;
    return Math.hypot(...this.moment(2 * this.steps).map((value, i) => value - this.forward[i]));
  }

  /** The H of a model along the way there. */
  energies({ name, dynamics }) {
    this.knownEnergies[name] ??= Float64Array.from({ length: this.steps + 1 }, (_, k) =>
      dynamics.hamiltonian(this.at(k)),
    );
    return this.knownEnergies[name];
  }

  /** The volume of a small cell of phase space along the way, against the first; null where that is too much work. */
  get volumes() {
    if (!("jacobian" in this.model.model.programs)) return null;
    this.knownVolumes ??= volumes(this.model.dynamics, this.forward, this.method, this.step);
    return this.knownVolumes;
  }
}

function decodeStates(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}
