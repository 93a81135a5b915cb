/** Bodies in the plane: their orbits, and how fast they set out. */

import { HOW } from "symplect/handles.js";
import { arrow } from "symplect/portrait.js";
import { pictureRange } from "symplect/system.js";
import { colours, dot, evenFrame, LINES, polyline, readable, Surface } from "symplect/view.js";
import { trainingDots } from "symplect/words.js";

const MOMENTUM_SCALE = 0.6; // how long a momentum of one is drawn, in the unit of length

/** Returns where the coordinates of a body stand in a state `[x1, x2, ..., y1, ..., px1, ..., py1, ...]`. */
function places(body, count) {
  return { x: body, y: count + body, px: 2 * count + body, py: 3 * count + body };
}

/** Returns the coordinates of all bodies along x, and along y. */
function planes({ bodies: { count } }) {
  const bodies = Array.from({ length: count }, (_, body) => places(body, count));
  return [bodies.map(({ x }) => x), bodies.map(({ y }) => y)];
}

/** Draws the orbits of all bodies in one picture. */
export class Orbits {
  label = "Orbits from the start";
  isSlice = false;

  constructor(below, above, system) {
    this.below = new Surface(below);
    this.above = new Surface(above);
    this.system = system;
    this.count = system.bodies.count;
  }

  caption() {
    return `${trainingDots(this.system, ".")} Arrows: momenta at the start; drag their tips.`;
  }

  /** Lays the picture out; a length is the same along both sides. */
  layout({ paths, zoom }) {
    const ranges = planes(this.system).map((own) => pictureRange(this.system, own, paths, zoom));
    this.frame = evenFrame(ranges, this.below.width, this.below.height);
  }

  /** Draws where the data lie. */
  drawGround() {
    const context = this.below.cleared();
    const { frame, system, count } = this;
    frame.clipped(context, () => {
      context.fillStyle = colours().data;
      for (let at = 0; at < system.states.length; at += system.dimension) {
        for (let body = 0; body < count; body++) {
          const { x, y } = places(body, count);
          context.fillRect(frame.toX(system.states[at + x]) - 1, frame.toY(system.states[at + y]) - 1, 2, 2);
        }
      }
    });
    frame.axes(context, "x", "y");
  }

  /** Draws the orbits with every body where it is now, and the momenta at the start. */
  drawPaths(paths, { moment, start }) {
    const context = this.above.cleared();
    this.frame.clipped(context, () => {
      for (const path of paths) for (let body = 0; body < this.count; body++) this.#trail(context, path, body);
      for (const path of paths) for (let body = 0; body < this.count; body++) this.#body(context, path, body, moment);
      this.#momenta(context, start);
    });
  }

  /** Returns where the tip of a body's momentum is drawn. */
  tip(state, body) {
    const at = places(body, this.count);
    return [state[at.x] + MOMENTUM_SCALE * state[at.px], state[at.y] + MOMENTUM_SCALE * state[at.py]];
  }

  /** The bodies and the tips of their momenta; `set([place, value]...)` changes the start. */
  handles(start, set) {
    return Array.from({ length: this.count }, (_, body) => {
      const at = places(body, this.count);
      const place = [start[at.x], start[at.y]];
      return [
        {
          name: `momentum ${body}`,
          label: `Momentum of body ${body + 1}: ${readable(start[at.px])}, ${readable(start[at.py])}. ${HOW}`,
          text: "",
          kind: "momentum",
          at: this.tip(start, body),
          move: (to) =>
            set([at.px, (to[0] - place[0]) / MOMENTUM_SCALE], [at.py, (to[1] - place[1]) / MOMENTUM_SCALE]),
        },
        {
          name: `body ${body}`,
          label: `Body ${body + 1} at ${readable(place[0])}, ${readable(place[1])}. ${HOW}`,
          text: String(body + 1),
          kind: "body",
          at: place,
          move: (to) => set([at.x, to[0]], [at.y, to[1]]),
        },
      ];
    }).flat();
  }

  #trail(context, path, body) {
    const { x, y } = places(body, this.count);
    const { dimension, steps, back } = path;
    const line = (values, style) =>
      polyline(
        context,
        steps + 1,
        (k) => this.frame.toX(values[k * dimension + x]),
        (k) => this.frame.toY(values[k * dimension + y]),
        style,
        colours()[path.model.role],
      );
    line(path.forward, LINES[path.model.role]);
    if (back) line(back, { width: 1.5, dash: [1, 5] });
  }

  #body(context, path, body, moment) {
    if (moment === 0) return;
    const { x, y } = places(body, this.count);
    const now = path.moment(moment);
    dot(context, this.frame.toX(now[x]), this.frame.toY(now[y]), 7, colours()[path.model.role]);
  }

  #momenta(context, start) {
    context.strokeStyle = colours().text;
    context.lineWidth = 1.5;
    context.beginPath();
    for (let body = 0; body < this.count; body++) {
      const { x, y } = places(body, this.count);
      const [tipX, tipY] = this.tip(start, body);
      const from = [this.frame.toX(start[x]), this.frame.toY(start[y])];
      const by = [this.frame.toX(tipX) - from[0], this.frame.toY(tipY) - from[1]];
      arrow(context, ...from, ...by, Math.hypot(...by));
    }
    context.stroke();
  }
}
