/** What can be dragged: buttons above the picture, that the arrow keys move too. */

import { button } from "symplect/dom.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] };
const NUDGE = 0.01; // of the picture; five times as much with Shift

/** What the label of a handle ends with. */
export const HOW = "Drag it, or move it with the arrow keys.";

/** Buttons on a stage at coordinates of a frame. */
export class Handles {
  constructor(stage) {
    this.stage = stage;
    this.buttons = new Map();
  }

  /** Shows handles `{name, label, text, kind, at: [x, y], move([x, y])}`; one of a known name stays the same button. */
  show(handles, frame) {
    const names = new Set(handles.map(({ name }) => name));
    for (const [name, own] of this.buttons) if (!names.has(name)) this.#remove(name, own);
    for (const handle of handles) {
      const own = this.buttons.get(handle.name) ?? this.#add(handle.name);
      own.handle = handle;
      own.frame = frame;
      own.className = `handle ${handle.kind}`;
      own.textContent = handle.text;
      own.setAttribute("aria-label", handle.label);
      own.style.left = `${clamp(frame.toX(handle.at[0]), frame.left, frame.right)}px`;
      own.style.top = `${clamp(frame.toY(handle.at[1]), frame.top, frame.bottom)}px`;
    }
  }

  #remove(name, own) {
    own.remove();
    this.buttons.delete(name);
  }

  #add(name) {
    const own = button("", null);
    own.onpointerdown = (event) => this.#grab(own, event);
    own.onkeydown = (event) => this.#nudge(own, event);
    this.buttons.set(name, own);
    this.stage.append(own);
    return own;
  }

  #grab(own, event) {
    if (event.button !== 0) return;
    own.setPointerCapture(event.pointerId);
    own.focus();
    const [x, y] = own.handle.at;
    const offset = [own.frame.toX(x) - event.clientX, own.frame.toY(y) - event.clientY];
    own.onpointermove = (moved) => {
      const { frame } = own;
      const place = [
        clamp(moved.clientX + offset[0], frame.left, frame.right),
        clamp(moved.clientY + offset[1], frame.top, frame.bottom),
      ];
      own.handle.move([frame.fromX(place[0]), frame.fromY(place[1])]);
    };
    own.onpointerup = own.onpointercancel = () => (own.onpointermove = null);
  }

  #nudge(own, event) {
    const by = ARROWS[event.key];
    if (!by) return;
    event.preventDefault();
    const { frame, handle } = own;
    const part = event.shiftKey ? 5 * NUDGE : NUDGE;
    const across = by[0] * part * (frame.x[1] - frame.x[0]);
    const upward = by[1] * part * (frame.y[1] - frame.y[0]);
    handle.at = [handle.at[0] + across, handle.at[1] + upward]; // known before it is drawn: keys can be faster
    handle.move(handle.at);
  }
}

function clamp(value, low, high) {
  return Math.max(low, Math.min(high, value));
}
