/** Lines over time. */

import { colours, Frame, LINES, polyline, Surface } from "symplect/view.js";

/** A small chart with a line for every path, and a mark for now. */
export class Chart {
  constructor(canvas) {
    this.surface = new Surface(canvas);
  }

  /**
   * Draws lines `{role, values, step}` over time.
   *
   * `range` bounds what is shown of them: a line that leaves it is cut off.
   */
  draw(lines, { time, label, range, now }) {
    const context = this.surface.cleared();
    const { width, height } = this.surface;
    if (width < 80 || !lines.length) return;
    const longest = Math.max(...lines.map(({ values, step }) => (values.length - 1) * step)) || 1;
    const frame = new Frame({ x: [0, longest], y: range, width, height, left: 72 });
    frame.clipped(context, () => {
      for (const { role, values, step } of lines) {
        const x = (k) => frame.toX(k * step);
        const y = (k) => Math.max(-1e4, Math.min(1e4, frame.toY(values[k])));
        polyline(context, values.length, x, y, LINES[role], colours()[role]);
      }
      if (now > 0) {
        const style = { width: 1, dash: [3, 3] };
        polyline(
          context,
          2,
          () => frame.toX(now),
          (k) => (k ? frame.top : frame.bottom),
          style,
          colours().text,
        );
      }
    });
    frame.axes(context, time, label, 6, 4);
  }
}

/** Returns a range around a level that shows what the lines do, and cuts off what leaves by far. */
export function rangeAround(level, scale, lines) {
  let [low, high] = [level, level];
  for (const { values } of lines) {
    for (const value of values) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  low = Math.max(low, level - 2 * scale);
  high = Math.min(high, level + 2 * scale);
  const margin = Math.max(0.08 * (high - low), 0.02 * scale, 1e-12);
  return [low - margin, high + margin];
}
