/** What a reader has chosen, and the controls to choose it. */

import { METHODS } from "symplect/integrate.js";
import { button, choice, element, group, labelled, labelledSlider } from "symplect/dom.js";
import { readable } from "symplect/view.js";

const STEPS = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]; // times the step that the system is shown with
const HORIZONS = [0.1, 0.2, 0.5, 1, 2, 3, 5, 10];
const SPEEDS = [0.25, 0.5, 1, 2, 4];
const MOST_INPUTS = 24;

/** Returns what is chosen when the page opens, and after a reset. */
export function initial(system) {
  return {
    start: Float64Array.from(system.start),
    method: "rk4",
    step: system.step,
    horizon: system.horizon,
    backward: false,
    moment: 0,
    playing: false,
    speed: 1,
    zoom: 1,
    hidden: new Set(),
  };
}

/** The controls of the solver: method, step, horizon. */
export function solverControls(system, chosen, changed) {
  const separable = system.models.some((model) => model.separable);
  const methods = Object.entries(METHODS).map(([name, { title }]) => [name, title]);
  const method = choice(methods, chosen.method, (value) => changed({ method: value }));
  if (!separable) method.querySelector('[value="leapfrog"]').disabled = true;
  const note = separable
    ? "Leapfrog moves those models whose H is T(p) + V(q), Runge–Kutta the others."
    : "Leapfrog needs H = T(p) + V(q), which no model here has.";
  return group(
    "Solver",
    labelled("Method", method),
    factor("Step", STEPS, system.step, chosen.step, (step) => changed({ step })),
    factor("Time span", HORIZONS, system.horizon, chosen.horizon, (horizon) => changed({ horizon })),
    element("p", { className: "hint" }, note),
  );
}

function factor(text, factors, unit, value, changed) {
  return labelledSlider(text, {
    min: 0,
    max: factors.length - 1,
    step: 1,
    value: Math.max(
      0,
      factors.findIndex((one) => Math.abs(one * unit - value) < 1e-9 * unit),
    ),
    text: (index) => readable(factors[index] * unit, 3),
    oninput: (index) => changed(factors[index] * unit),
  });
}

/** The controls of motion: play, back, reset, and where in time the dots are. */
export function motionControls(chosen, { toggle, back, reset, seek, speed, zoom }) {
  const play = button("Play", toggle, { className: "play" });
  const time = labelledSlider("Time", { min: 0, max: 1, step: 1, value: 0, text: () => "0", oninput: seek });
  const rate = choice(
    SPEEDS.map((value) => [String(value), `${value}×`]),
    String(chosen.speed),
    (value) => speed(Number(value)),
  );
  const buttons = element(
    "div",
    { className: "buttons" },
    play,
    button("Run backward", back),
    button("Reset", reset),
    button("Zoom in", () => zoom(1 / 1.4)),
    button("Zoom out", () => zoom(1.4)),
    labelled("Speed", rate),
  );
  return Object.assign(element("div", { className: "motion" }, buttons, time), { play, time, rate });
}

/** One number for every coordinate of the start. */
export function startControls(system, chosen, changed) {
  const shown = system.coordinates.slice(0, MOST_INPUTS);
  const inputs = shown.map(({ name }, i) => {
    const input = element("input", {
      type: "number",
      step: "any",
      inputMode: "decimal",
      "aria-label": `Start, ${name}`,
    });
    input.onchange = () => {
      const value = Number(input.value);
      if (input.value.trim() === "" || !Number.isFinite(value)) return;
      const start = Float64Array.from(chosen.start);
      start[i] = value;
      changed(start);
    };
    return input;
  });
  const rest = system.coordinates.length - shown.length;
  const made = group(
    "Start",
    element("div", { className: "numbers" }, ...inputs.map((input, i) => labelled(shown[i].name, input))),
    rest > 0 ? element("p", { className: "hint" }, `and ${rest} more, chosen as axes and dragged`) : null,
  );
  const show = () => {
    inputs.forEach((input, i) => {
      if (document.activeElement !== input || document.activeElement.value !== input.value) {
        input.value = Number(chosen.start[i].toPrecision(5));
      }
    });
  };
  return Object.assign(made, { show });
}

/** The energy to add or remove. */
export function energyControls(amount, change) {
  const input = element("input", { type: "number", step: "any", min: 0, value: amount, inputMode: "decimal" });
  const by = (sign) => () => {
    const value = Number(input.value);
    if (input.value.trim() !== "" && Number.isFinite(value)) change(sign * value);
  };
  const said = element("p", { className: "hint" }, "The start moves along the gradient of the learned H.");
  const made = group(
    "Energy",
    labelled("Amount", input),
    element("div", { className: "buttons" }, button("Add energy", by(1)), button("Remove energy", by(-1))),
    said,
  );
  return Object.assign(made, { say: (text) => (said.textContent = text) });
}
