/** What stands beside the picture: what its dots are, what the paths keep, what was certified. */

import { element, table } from "symplect/dom.js";
import { readable } from "symplect/view.js";

/** What the small dots of a picture are, or nothing where there are none. */
export function trainingDots({ states, data }, rest) {
  const some =
    data.shown < data.total ? `${data.shown.toLocaleString("en")} of ${data.total.toLocaleString("en")} ` : "";
  return states.length ? `Small dots: ${some}training states${rest}` : "";
}

/** The certificate of a model, which can be folded away. */
export function certificateTable({ verdict, rows }, title) {
  const cells = rows.map(({ name, value, limit, passed, meaning }) => [
    name.replaceAll("_", " "),
    typeof value === "string" ? value : value !== null ? readable(value, 3) : passed === false ? "diverged" : "–",
    limit === null ? "–" : readable(limit, 3),
    passed === null ? "–" : passed ? "✓ yes" : "✗ no",
    meaning,
  ]);
  const region = { className: "scroll", tabIndex: 0, role: "region", "aria-label": `Certificate of ${title}` };
  return element(
    "details",
    { open: true },
    element("summary", {}, `Certificate of ${title}: ${verdict}`),
    element(
      "div",
      region,
      table("Measured from the run's own starts", [["what", "value", "limit", "within", "meaning"], ...cells]),
    ),
  );
}

/** What the paths keep: the H of a model, or of none, volume, and the way back. */
export function keptTable(paths, model) {
  const rows = paths.map((path) => {
    const energies = model ? path.energies(model) : [];
    const drift = energies.reduce((most, value) => Math.max(most, Math.abs(value - energies[0])), 0);
    const volume = path.volumes?.at(-1);
    return [
      path.model.title,
      model ? readable(drift, 3) : "–",
      volume === undefined ? "–" : readable(volume, 5),
      path.missed === null ? "run it backward" : readable(path.missed, 3),
    ];
  });
  const head = ["path", "largest change of energy", "volume at the end", "back at the start to within"];
  return table("What the paths keep", [head, ...rows]);
}
