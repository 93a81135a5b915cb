/** The pictures that a system has, the one that is shown first in front. */

import { Linkage } from "symplect/links.js";
import { Orbits } from "symplect/orbits.js";
import { Portrait } from "symplect/portrait.js";

/** Returns `{name, title, hasAxes, make(below, above)}` for every picture of a system. */
export function pictures(system) {
  const { bodies, links, degreesOfFreedom } = system;
  const found = (name, title, kind, ...more) => ({
    name,
    title,
    hasAxes: kind === Portrait,
    make: (below, above) => new kind(below, above, system, ...more),
  });
  const plane = found("plane", "two coordinates", Portrait);
  if (bodies) return [found("orbits", "orbits", Orbits), plane];
  if (!links) return [plane];
  if (degreesOfFreedom === 1) return [plane, found("links", "the link", Linkage, false)]; // a plane shows all of it
  if (links.relative !== null) return [found("links", "links", Linkage, links.relative), plane];
  return [
    found("links", "links, angles from the vertical", Linkage, false),
    found("relative", "links, angles from the one before", Linkage, true),
    plane,
  ];
}
