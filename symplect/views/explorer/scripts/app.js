/** The page: the systems it holds, and which of them is shown. */

import { button, element } from "symplect/dom.js";
import { Explorer } from "symplect/explorer.js";
import { gallery } from "symplect/gallery.js";
import { Kernels } from "symplect/kernels.js";
import { unpacked } from "symplect/packed.js";
import { System } from "symplect/system.js";
import { onColourChange } from "symplect/view.js";

const place = document.getElementById("place");
const content = JSON.parse(
  await unpacked("content").catch((error) => {
    place.append(element("p", { role: "alert" }, error.message));
    throw error;
  }),
);
const bytes = Uint8Array.from(atob(document.getElementById("kernels").textContent), (letter) => letter.charCodeAt(0));
const kernels = await Kernels.load(bytes);
const systems = content.systems.map((system) => new System(system, kernels));
const explorers = new Map();
const navigation = document.getElementById("systems");
let shown = null;

/** Shows one system, or all of them side by side. */
function show(system) {
  for (const tab of navigation.children) tab.setAttribute("aria-pressed", String(tab.system === system));
  try {
    if (system && !explorers.has(system)) explorers.set(system, new Explorer(system));
    shown = system ? explorers.get(system) : gallery(systems, show);
    place.replaceChildren(...(system ? [heading(system), shown.element] : [shown.element, ...left(content.omitted)]));
  } catch (error) {
    shown = { redraw() {} };
    place.replaceChildren(
      element("p", { role: "alert" }, `${system?.title ?? "This page"} cannot be shown: ${error.message}`),
    );
  }
  globalThis.symplect.shown = shown;
}

function heading({ title, subtitle }) {
  return element("div", { className: "heading" }, element("h2", {}, title), element("p", {}, subtitle));
}

function left(omitted) {
  return omitted.map(({ name, reason }) => element("p", { className: "hint" }, `${name} is left out: ${reason}`));
}

/** For the console of the browser: the systems with their models, and the one that is shown. */
globalThis.symplect = { systems, show, shown: null };

if (systems.length > 1) {
  const tabs = [["All", null], ...systems.map((system) => [system.title, system])];
  navigation.append(
    ...tabs.map(([title, system]) =>
      Object.assign(
        button(title, () => show(system)),
        { system },
      ),
    ),
  );
} else {
  navigation.hidden = true;
}
onColourChange(() => shown.redraw());
show(systems.length > 1 ? null : systems[0]);
document.documentElement.dataset.ready = "yes";
