/** The plane of two coordinates: contours of H, the field, the data and where they lie, and the paths. */

import { grid, trace } from "symplect/contours.js";
import { HOW } from "symplect/handles.js";
import { pictureRange } from "symplect/system.js";
import { colours, dot, Frame, LINES, polyline, readable, Surface } from "symplect/view.js";
import { trainingDots } from "symplect/words.js";

const FINE = 64; // nodes of a grid for contours along each side
const COARSE = 40; // where the slice moves with the start
const ARROWS = 15;
const LEVELS = 9;
const REACH = 0.06; // of the picture, around a training state

/** Draws the plane of two coordinates on two canvases, what stays below what moves. */
export class Portrait {
  label = "Phase plane with the paths from the start";

  constructor(below, above, system) {
    this.below = new Surface(below);
    this.above = new Surface(above);
    this.system = system;
    this.isSlice = system.dimension > 2; // so that what does not move depends on the start
  }

  caption(learned) {
    const { measured, truth } = this.system;
    const slice = this.isSlice ? " on the slice through the start" : "";
    const contours = `Thin lines${slice}: equal learned H${truth ? ", over equal true H in grey" : ""}.`;
    return [
      trainingDots(this.system, ", the shade is where they lie."),
      measured.length ? "Larger dots: measured, not trained on." : "",
      `${learned.hasHamiltonian ? contours : ""} Arrows: the learned field${slice}.`,
    ].join(" ");
  }

  /** Lays the picture out for two coordinates, wide enough for paths. */
  layout({ axes, paths, zoom }) {
    this.axes = axes;
    const [x, y] = axes.map((axis) => pictureRange(this.system, [axis], paths, zoom));
    this.frame = new Frame({ x, y, width: this.below.width, height: this.below.height });
  }

  /** The start; `set([place, value]...)` changes it. */
  handles(start, set) {
    const [i, j] = this.axes;
    const [across, up] = this.axes.map((axis) => `${this.system.coordinates[axis].name} ${readable(start[axis])}`);
    return [
      {
        name: "start",
        label: `Start: ${across}, ${up}. ${HOW}`,
        text: "",
        kind: "state",
        at: [start[i], start[j]],
        move: (to) => set([i, to[0]], [j, to[1]]),
      },
    ];
  }

  /** Draws what does not move: the data, and on the slice through a state the contours and the field. */
  drawGround(learned, truth, slice) {
    const context = this.below.cleared();
    const { frame, system, axes } = this;
    if (frame.right - frame.left < 20) return;
    frame.clipped(context, () => {
      this.#domain(context);
      this.#contours(context, truth, learned, slice);
      this.#field(context, learned, slice);
      this.#data(context);
    });
    frame.axes(context, system.coordinates[axes[0]].label, system.coordinates[axes[1]].label);
  }

  /** Draws the paths, with dots where each of them is now. */
  drawPaths(paths, { moment, measured }) {
    const context = this.above.cleared();
    const { frame, axes } = this;
    const [i, j] = axes;
    frame.clipped(context, () => {
      for (const { states } of measured) this.#measured(context, states);
      for (const path of paths) {
        const { dimension, steps, back } = path;
        const line = (values, style) =>
          polyline(
            context,
            steps + 1,
            (k) => frame.toX(values[k * dimension + i]),
            (k) => frame.toY(values[k * dimension + j]),
            style,
            colours()[path.model.role],
          );
        line(path.forward, LINES[path.model.role]);
        if (back) line(back, { width: 1.5, dash: [1, 5] });
      }
      for (const path of paths) {
        const now = path.moment(moment);
        if (moment > 0) dot(context, frame.toX(now[i]), frame.toY(now[j]), 6, colours()[path.model.role]);
      }
    });
  }

  /** One shape out of discs around the training states. */
  #domain(context) {
    const { frame, system, axes } = this;
    const radius = REACH * Math.min(frame.right - frame.left, frame.bottom - frame.top);
    context.beginPath();
    this.#each(system.states, (x, y) => {
      context.moveTo(x + radius, y);
      context.arc(x, y, radius, 0, 2 * Math.PI);
    });
    context.fillStyle = colours().domain;
    context.fill();
  }

  #data(context) {
    context.fillStyle = colours().data;
    this.#each(this.system.states, (x, y) => context.fillRect(x - 1, y - 1, 2, 2));
  }

  #measured(context, states) {
    context.fillStyle = colours().text;
    for (const state of states) {
      context.fillRect(this.frame.toX(state[this.axes[0]]) - 1.5, this.frame.toY(state[this.axes[1]]) - 1.5, 3, 3);
    }
  }

  #each(states, draw) {
    const { frame, system, axes } = this;
    for (let at = 0; at < states.length; at += system.dimension) {
      draw(frame.toX(states[at + axes[0]]), frame.toY(states[at + axes[1]]));
    }
  }

  /** Contours at equal levels: H is known up to a constant, which is chosen so that both agree on the data. */
  #contours(context, truth, learned, slice) {
    const pictures = [truth, learned]
      .filter((model) => model?.hasHamiltonian)
      .map((model) => ({ model, heights: this.#heights(model, slice) }));
    if (!pictures.length) return;
    const shift = pictures.length > 1 ? middleDifference(pictures, this.system) : 0;
    const levels = chosenLevels(pictures[0], this.system, slice);
    for (const { model, heights } of pictures) {
      const isTruth = model.role === "truth";
      const size = Math.sqrt(heights.length);
      context.beginPath();
      for (const level of levels) {
        trace(context, heights, size, isTruth ? level : level + shift, this.#node(size, "x"), this.#node(size, "y"));
      }
      context.lineWidth = isTruth ? 3 : 1.2;
      context.strokeStyle = isTruth ? colours().level : colours().contour;
      context.stroke();
    }
  }

  #heights(model, slice) {
    const { frame, axes } = this;
    const state = Float64Array.from(slice);
    const size = this.system.dimension === 2 ? FINE : COARSE;
    return grid(
      (x, y) => {
        state[axes[0]] = x;
        state[axes[1]] = y;
        return model.dynamics.hamiltonian(state);
      },
      frame.x,
      frame.y,
      size,
    );
  }

  #node(size, side) {
    const { frame } = this;
    return side === "x"
      ? (node) => frame.left + (node / (size - 1)) * (frame.right - frame.left)
      : (node) => frame.bottom - (node / (size - 1)) * (frame.bottom - frame.top);
  }

  #field(context, model, slice) {
    const { frame, axes } = this;
    const state = Float64Array.from(slice);
    const arrows = [];
    for (let a = 0; a < ARROWS; a++) {
      for (let b = 0; b < ARROWS; b++) {
        const x = frame.left + ((a + 0.5) / ARROWS) * (frame.right - frame.left);
        const y = frame.bottom - ((b + 0.5) / ARROWS) * (frame.bottom - frame.top);
        state[axes[0]] = frame.fromX(x);
        state[axes[1]] = frame.fromY(y);
        const field = model.dynamics.field(state);
        const dx = frame.toX(frame.x[0] + field[axes[0]]) - frame.left;
        const dy = frame.toY(frame.y[0] + field[axes[1]]) - frame.bottom;
        arrows.push([x, y, dx, dy]);
      }
    }
    const lengths = arrows.map(([, , dx, dy]) => Math.hypot(dx, dy)).filter(Number.isFinite);
    const typical = lengths.sort((a, b) => a - b)[Math.floor(0.9 * lengths.length)] || 1;
    const longest = (0.75 * (frame.right - frame.left)) / ARROWS;
    context.strokeStyle = colours().arrow;
    context.lineWidth = 1;
    context.beginPath();
    for (const [x, y, dx, dy] of arrows)
      arrow(context, x, y, dx, dy, longest * Math.min(1, Math.hypot(dx, dy) / typical));
    context.stroke();
  }
}

/** Adds an arrow of a length to the current path. */
export function arrow(context, x, y, dx, dy, length) {
  const size = Math.hypot(dx, dy);
  if (!(size > 0) || !Number.isFinite(length)) return;
  const [ux, uy] = [dx / size, dy / size];
  const [tipX, tipY] = [x + ux * length, y + uy * length];
  const head = Math.min(4, 0.4 * length);
  context.moveTo(x, y);
  context.lineTo(tipX, tipY);
  context.moveTo(tipX - head * (ux + 0.6 * uy), tipY - head * (uy - 0.6 * ux));
  context.lineTo(tipX, tipY);
  context.lineTo(tipX - head * (ux - 0.6 * uy), tipY - head * (uy + 0.6 * ux));
}

function middleDifference(pictures, system) {
  const [truth, learned] = pictures.map(({ model }) => model.dynamics);
  const differences = someStates(system).map((state) => learned.hamiltonian(state) - truth.hamiltonian(state));
  return median(differences);
}

function someStates(system) {
  const { states, dimension } = system;
  const step = Math.max(1, Math.floor(states.length / dimension / 100));
  const found = [];
  for (let at = 0; at < states.length; at += step * dimension)
    found.push(Float64Array.from(states.subarray(at, at + dimension)));
  return found.length ? found : [Float64Array.from(system.start)];
}

function median(values) {
  return values.filter(Number.isFinite).sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** Levels at equal steps over the energies of the data, and one through the state itself. */
function chosenLevels({ model, heights }, system, slice) {
  const own = model.dynamics.hamiltonian(slice);
  const known = someStates(system).map((state) => model.dynamics.hamiltonian(state));
  const sorted = [...known, own].filter(Number.isFinite).sort((a, b) => a - b);
  const lowest = heights.reduce((least, value) => (value < least ? value : least), Infinity);
  const low = system.dimension === 2 ? Math.max(lowest, 2 * sorted[0] - sorted.at(-1)) : sorted[0];
  const high = sorted.at(-1) > low ? sorted.at(-1) : low + 1;
  return Array.from({ length: LEVELS }, (_, k) => low + ((k + 0.5) / (LEVELS - 2)) * (high - low));
}
