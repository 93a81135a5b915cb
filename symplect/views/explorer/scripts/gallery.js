/** All systems side by side, a small picture of each. */

import { element } from "symplect/dom.js";
import { initial } from "symplect/settings.js";
import { Orbits, planes } from "symplect/orbits.js";
import { Portrait } from "symplect/portrait.js";
import { Path, pictureRange } from "symplect/system.js";

/** Returns a page of cards; `open(system)` is called for the one that is chosen. */
export function gallery(systems, open) {
  const cards = systems.map((system) => card(system, () => open(system)));
  const said = element(
    "p",
    { className: "hint" },
    "Grey: the truth. Blue: the learned model. Dashed: the baseline. Choose one to touch it.",
  );
  const grid = element("div", { className: "gallery" }, ...cards.map(({ element }) => element));
  const draw = () => cards.forEach((own, i) => setTimeout(() => grid.isConnected && own.draw(), 20 * i));
  new ResizeObserver(draw).observe(grid);
  return { element: element("section", { "aria-label": "All systems" }, said, grid), redraw: draw };
}

function card(system, open) {
  const [below, above] = [element("canvas", { "aria-hidden": "true" }), element("canvas", { "aria-hidden": "true" })];
  const stage = element("span", { className: "stage" }, below, above);
  const title = element("span", { className: "title" }, system.title);
  const made = element("button", { type: "button", className: "card", onclick: open }, title, stage);
  const plane = system.bodies ? new Orbits(below, above) : new Portrait(below, above);
  return { element: made, draw: () => picture(system, plane) };
}

function picture(system, plane) {
  const chosen = initial(system);
  const models = system.compared(system.shown);
  const paths = models.map((model) => new Path(model, chosen.start, chosen));
  const axes = [0, system.degreesOfFreedom];
  const forward = paths.filter(({ model }) => model.role !== "baseline").map((path) => path.forward);
  const sides = system.bodies ? planes(system) : axes.map((axis) => [axis]);
  plane.layout(
    system,
    axes,
    sides.map((coordinates) => pictureRange(system, coordinates, forward)),
  );
  plane.drawGround(models.at(-1), system.truth, chosen.start);
  plane.drawPaths(paths, { moment: 0, measured: system.measured, start: chosen.start });
}
