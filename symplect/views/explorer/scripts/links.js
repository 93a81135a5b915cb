/** A chain of links in a vertical plane, and where the end of the last one goes. */

import { HOW } from "symplect/handles.js";
import { colours, dot, evenFrame, LINES, polyline, readable, Surface } from "symplect/view.js";
import { trainingDots } from "symplect/words.js";

const TURN = 2 * Math.PI;
const MARGIN = 1.15; // how much of the plane is shown, in lengths of the stretched chain
const SUPPORT = 9; // half the width of what the chain hangs from, in pixels

/** Draws the links of a state, and lets their ends be dragged. */
export class Linkage {
  label = "The links, and the path of the end of the last one";
  isSlice = false;

  /** `relative`: whether angles count from the link before. */
  constructor(below, above, system, relative) {
    this.below = new Surface(below);
    this.above = new Surface(above);
    this.system = system;
    this.relative = relative;
    this.lengths = system.links.lengths ?? new Array(system.degreesOfFreedom).fill(1);
  }

  caption() {
    const several = this.lengths.length > 1;
    return [
      several ? "Links, and the path of the last one's end: drag the joints." : "The link: drag its end.",
      trainingDots(this.system, several ? ", the end of the last link." : "."),
      this.system.links.lengths ? "" : "Lengths are not known and drawn equal; the first link hangs at angle 0.",
    ].join(" ");
  }

  /** Lays the picture out, so that all that the links can reach is seen. */
  layout({ zoom }) {
    const reach = MARGIN * zoom * this.lengths.reduce((sum, length) => sum + length, 0);
    const side = [-reach, reach];
    this.frame = evenFrame([side, side], this.below.width, this.below.height);
  }

  /** Draws the ends of the last link in the data. */
  drawGround() {
    const context = this.below.cleared();
    const { frame, system } = this;
    frame.clipped(context, () => {
      context.fillStyle = colours().data;
      for (let at = 0; at < system.states.length; at += system.dimension) {
        const [x, y] = this.joints(system.states.subarray(at)).at(-1);
        context.fillRect(frame.toX(x) - 1, frame.toY(y) - 1, 2, 2);
      }
    });
    const unit = system.links.lengths ? "" : " (lengths of a link)";
    frame.axes(context, `x${unit}`, `y${unit}`);
  }

  /** Draws the chain at the start and, on the way, that of every path where it is now. */
  drawPaths(paths, { moment, start }) {
    const context = this.above.cleared();
    this.frame.clipped(context, () => {
      for (const path of paths) this.#trail(context, path);
      this.#support(context);
      this.#chain(context, start, { width: 3, dash: [] }, moment ? colours().line : colours().text);
      if (moment === 0) return;
      for (const path of paths) {
        const { width, dash } = LINES[path.model.role];
        const colour = colours()[path.model.role];
        const now = path.moment(moment);
        this.#chain(context, now, { width: width + 2, dash }, colour);
        for (const [x, y] of this.joints(now).slice(1)) dot(context, this.frame.toX(x), this.frame.toY(y), 6, colour);
      }
    });
  }

  /** Returns the places of all joints and of the end of the last link, that of the fixed joint first. */
  joints(state) {
    let [x, y, before] = [0, 0, this.system.links.zero];
    const found = [[x, y]];
    this.lengths.forEach((length, link) => {
      const direction = before + state[link];
      x += length * Math.cos(direction);
      y += length * Math.sin(direction);
      found.push([x, y]);
      if (this.relative) before = direction;
    });
    return found;
  }

  /** The ends of the links: each sets the angle of its own. */
  handles(start, set) {
    const joints = this.joints(start);
    return this.lengths.map((_, link) => ({
      name: `joint ${link}`,
      label: `End of link ${link + 1}: ${this.system.coordinates[link].name} ${readable(start[link])}. ${HOW}`,
      text: this.lengths.length > 1 ? String(link + 1) : "",
      kind: "joint",
      at: joints[link + 1],
      move: (to) => set([link, this.#angle(start, link, joints[link], joints[link + 1], to)]),
    }));
  }

  /** The angle that turns the end of a link toward a place, without full turns that lead out of the data. */
  #angle(start, link, joint, end, to) {
    const turned = direction(joint, to) - direction(joint, end);
    const [low, high] = this.system.range(link);
    const near = (angle, middle) => angle - TURN * Math.round((angle - middle) / TURN);
    const angle = near(start[link] + turned, start[link]);
    return low <= angle && angle <= high ? angle : near(angle, (low + high) / 2);
  }

  #chain(context, state, style, colour) {
    const joints = this.joints(state);
    const x = (k) => this.frame.toX(joints[k][0]);
    const y = (k) => this.frame.toY(joints[k][1]);
    polyline(context, joints.length, x, y, style, colour);
  }

  #trail(context, path) {
    const { dimension, steps, back } = path;
    const line = (states, style) => {
      const ends = Array.from({ length: steps + 1 }, (_, k) => this.joints(states.subarray(k * dimension)).at(-1));
      const x = (k) => this.frame.toX(ends[k][0]);
      const y = (k) => this.frame.toY(ends[k][1]);
      polyline(context, steps + 1, x, y, style, colours()[path.model.role]);
    };
    line(path.forward, LINES[path.model.role]);
    if (back) line(back, { width: 1.5, dash: [1, 5] });
  }

  #support(context) {
    const [x, y] = [this.frame.toX(0), this.frame.toY(0)];
    context.fillStyle = colours().quiet;
    context.fillRect(x - SUPPORT, y - 3, 2 * SUPPORT, 6);
  }
}

function direction([x0, y0], [x, y]) {
  return Math.atan2(y - y0, x - x0);
}
