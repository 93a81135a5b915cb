/** Bodies in the plane: their orbits, and how fast they set out. */

import { arrow } from "symplect/portrait.js";
import { colours, dot, Frame, LINES, polyline, Surface } from "symplect/view.js";

/** Returns where the coordinates of a body stand in a state `[x1, x2, ..., y1, ..., px1, ..., py1, ...]`. */
export function places(body, count) {
  return { x: body, y: count + body, px: 2 * count + body, py: 3 * count + body };
}

/** Returns the coordinates of all bodies along x, and along y. */
export function planes({ bodies: { count } }) {
  const bodies = Array.from({ length: count }, (_, body) => places(body, count));
  return [bodies.map(({ x }) => x), bodies.map(({ y }) => y)];
}

/** Draws the orbits of all bodies in one picture. */
export class Orbits {
  constructor(below, above) {
    this.below = new Surface(below);
    this.above = new Surface(above);
  }

  /** Lays the picture out; a length is the same along both sides. */
  layout(system, _axes, ranges) {
    const [width, height] = [this.below.width, this.below.height];
    this.system = system;
    this.count = system.bodies.count;
    const draft = new Frame({ x: [0, 1], y: [0, 1], width, height });
    const [across, up] = [draft.right - draft.left, draft.bottom - draft.top];
    const middle = ranges.map(([low, high]) => (low + high) / 2);
    const half = Math.max((ranges[0][1] - ranges[0][0]) / 2, ((ranges[1][1] - ranges[1][0]) / 2) * (across / up));
    const x = [middle[0] - half, middle[0] + half];
    const y = [middle[1] - (half * up) / across, middle[1] + (half * up) / across];
    this.frame = new Frame({ x, y, width, height });
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
    const scale = this.momentumScale;
    return [state[at.x] + scale * state[at.px], state[at.y] + scale * state[at.py]];
  }

  /** How long a momentum of one is drawn, in the unit of length. */
  get momentumScale() {
    return 0.6;
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
