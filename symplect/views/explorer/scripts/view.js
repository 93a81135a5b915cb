/** From coordinates to places on a canvas, axes and colours. */

/** A canvas that is sharp on every screen and clears itself. */
export class Surface {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
  }

  /** Sizes the canvas to its place on the page, and returns an empty context whose unit is a CSS pixel. */
  cleared() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const ratio = Math.min(devicePixelRatio || 1, 2);
    const sizes = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.canvas.width !== sizes[0] || this.canvas.height !== sizes[1])
      [this.canvas.width, this.canvas.height] = sizes;
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.context.clearRect(0, 0, width, height);
    return this.context;
  }

  get width() {
    return this.canvas.clientWidth;
  }

  get height() {
    return this.canvas.clientHeight;
  }
}

/** A rectangle of two coordinates on a rectangle of pixels. */
export class Frame {
  constructor({ x, y, width, height, left = 56, right = 10, top = 10, bottom = 36 }) {
    Object.assign(this, { x, y, left, top, right: width - right, bottom: height - bottom });
  }

  toX(value) {
    return this.left + ((value - this.x[0]) / (this.x[1] - this.x[0])) * (this.right - this.left);
  }

  toY(value) {
    return this.bottom - ((value - this.y[0]) / (this.y[1] - this.y[0])) * (this.bottom - this.top);
  }

  fromX(pixel) {
    return this.x[0] + ((pixel - this.left) / (this.right - this.left)) * (this.x[1] - this.x[0]);
  }

  fromY(pixel) {
    return this.y[0] + ((this.bottom - pixel) / (this.bottom - this.top)) * (this.y[1] - this.y[0]);
  }

  /** Draws within the rectangle only. */
  clipped(context, draw) {
    context.save();
    context.beginPath();
    context.rect(this.left, this.top, this.right - this.left, this.bottom - this.top);
    context.clip();
    draw();
    context.restore();
  }

  /** Draws the rectangle with ticks and labels. */
  axes(context, xLabel, yLabel, xTicks = 6, yTicks = 6) {
    const { text, line } = colours();
    context.font = "12px system-ui, sans-serif";
    context.lineWidth = 1;
    context.strokeStyle = line;
    context.fillStyle = text;
    context.strokeRect(this.left, this.top, this.right - this.left, this.bottom - this.top);
    context.textAlign = "center";
    context.textBaseline = "top";
    const across = ticks(...this.x, xTicks);
    for (const value of across.values) {
      tick(context, this.toX(value), this.bottom, 0, 4);
      context.fillText(across.name(value), this.toX(value), this.bottom + 6);
    }
    context.fillText(xLabel, (this.left + this.right) / 2, this.bottom + 21);
    context.textAlign = "right";
    context.textBaseline = "middle";
    const upward = ticks(...this.y, yTicks);
    for (const value of upward.values) {
      tick(context, this.left, this.toY(value), -4, 0);
      context.fillText(upward.name(value), this.left - 6, this.toY(value));
    }
    context.save();
    context.translate(10, (this.top + this.bottom) / 2);
    context.rotate(-Math.PI / 2);
    context.textAlign = "center";
    context.fillText(yLabel, 0, 0);
    context.restore();
  }
}

/** Returns a frame for the ranges of two lengths, in which a length is the same along both sides. */
export function evenFrame([across, up], width, height) {
  const draft = new Frame({ x: [0, 1], y: [0, 1], width, height });
  const ratio = (draft.right - draft.left) / (draft.bottom - draft.top);
  const half = Math.max((across[1] - across[0]) / 2, ((up[1] - up[0]) / 2) * ratio);
  const around = ([low, high], reach) => [(low + high) / 2 - reach, (low + high) / 2 + reach];
  return new Frame({ x: around(across, half), y: around(up, half / ratio), width, height });
}

function tick(context, x, y, dx, dy) {
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(x + dx, y + dy);
  context.stroke();
}

/** Returns round numbers in a range, and how they are written. */
export function ticks(low, high, count) {
  const raw = (high - low) / count;
  const size = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * size).find((candidate) => candidate >= raw * 0.999);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  const values = [];
  for (let i = first; i <= Math.min(last, first + 50); i++) values.push(i * step);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const large = Math.max(Math.abs(low), Math.abs(high));
  const name = (value) =>
    large >= 1e5 || digits > 5 ? value.toExponential(1) : value.toFixed(digits).replace("-", "−");
  return { values, step, name };
}

/** Returns a number as people read it. */
export function readable(value, digits = 4) {
  if (!Number.isFinite(value)) return "not finite";
  const size = Math.abs(value);
  const isPlain = size === 0 || (size >= 1e-3 && size < 1e5);
  return (isPlain ? value.toPrecision(digits) : value.toExponential(2)).replaceAll("-", "−");
}

const NAMES = [
  "text",
  "quiet",
  "line",
  "ground",
  "truth",
  "learned",
  "baseline",
  "contour",
  "level",
  "arrow",
  "data",
  "domain",
];
let known = null;

/** Returns the colours of the page as they are now, light or dark. */
export function colours() {
  if (known) return known;
  const style = getComputedStyle(document.documentElement);
  known = Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  return known;
}

/** Calls back after the colours of the page have changed. */
export function onColourChange(callback) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    known = null;
    callback();
  });
}

/** How the line of a role is drawn, so that it is told apart without its colour too. */
export const LINES = {
  truth: { width: 4, dash: [] },
  baseline: { width: 2, dash: [7, 4] },
  learned: { width: 2, dash: [] },
};

/** Draws a line through points; where they are not finite it is broken. */
export function polyline(context, count, x, y, { width, dash }, colour) {
  context.beginPath();
  context.lineWidth = width;
  context.setLineDash(dash);
  context.strokeStyle = colour;
  context.lineJoin = "round";
  let drawing = false;
  for (let k = 0; k < count; k++) {
    const [px, py] = [x(k), y(k)];
    const inside = Number.isFinite(px) && Number.isFinite(py) && Math.abs(px) < 1e5 && Math.abs(py) < 1e5;
    if (inside && drawing) context.lineTo(px, py);
    if (inside && !drawing) context.moveTo(px, py);
    drawing = inside;
  }
  context.stroke();
  context.setLineDash([]);
}

/** Draws a dot with a rim that stands out from whatever lies below. */
export function dot(context, x, y, radius, colour) {
  if (!Number.isFinite(x) || !Number.isFinite(y)) return;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = colour;
  context.fill();
  context.lineWidth = 2;
  context.strokeStyle = colours().ground;
  context.stroke();
}
