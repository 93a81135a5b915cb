/** The pictures that a system has, the one that is shown first in front. */

import { Orbits } from "symplect/orbits.js";
import { Portrait } from "symplect/portrait.js";

/** Returns `{name, title, hasAxes, make(below, above)}` for every picture of a system. */
export function pictures(system) {
  const { bodies } = system;
  const found = (name, title, kind) => ({
    name,
    title,
    hasAxes: kind === Portrait,
    make: (below, above) => new kind(below, above, system),
  });
  const plane = found("plane", "two coordinates", Portrait);
  return bodies ? [found("orbits", "orbits", Orbits), plane] : [plane];
}
