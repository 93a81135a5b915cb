/** All systems side by side, a small picture of each. */

import { element } from "symplect/dom.js";
import { initial } from "symplect/settings.js";
import { pictures } from "symplect/pictures.js";
import { Path } from "symplect/system.js";

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
  const plane = pictures(system)[0].make(below, above);
  return { element: made, draw: () => picture(system, plane) };
}

function picture(system, plane) {
  const chosen = initial(system);
  const models = system.compared(system.shown);
  const paths = models.map((model) => new Path(model, chosen.start, chosen));
  const forward = paths.filter(({ model }) => model.role !== "baseline").map((path) => path.forward);
  plane.layout({ axes: [0, system.degreesOfFreedom], paths: forward, zoom: 1 });
  plane.drawGround(models.at(-1), system.truth, chosen.start);
  plane.drawPaths(paths, { moment: 0, measured: system.measured, start: chosen.start });
}
