/** One system to touch: the picture, what is dragged, the curves that follow, and what they keep. */

import { Chart, rangeAround } from "symplect/chart.js";
import { choice, element, labelled, table } from "symplect/dom.js";
import { Handles } from "symplect/handles.js";
import { changeEnergy } from "symplect/integrate.js";
import { pictures } from "symplect/pictures.js";
import { energyControls, initial, motionControls, solverControls, startControls } from "symplect/settings.js";
import { Path, stepCount } from "symplect/system.js";
import { readable } from "symplect/view.js";
import { certificateTable, keptTable } from "symplect/words.js";

const SETTLED = 150; // ms after the last change, when what takes longer is drawn
const PLAYED = 8; // seconds for the whole time span at speed 1
const SHOWN_ONLY = new Set(["moment", "playing", "speed", "hidden"]); // what no path depends on

export class Explorer {
  constructor(system) {
    this.system = system;
    this.chosen = initial(system);
    this.learned = system.models.find(({ name }) => name === system.shown) ?? system.learned[0];
    this.axes = [0, system.degreesOfFreedom];
    this.pictures = pictures(system);
    this.measure = system.truth ? "truth" : "learned";
    this.#build();
    new ResizeObserver(() => this.redraw()).observe(this.stage);
  }

  // Changes

  /** Sets some of what is chosen, and draws again what follows from it. */
  change(some) {
    Object.assign(this.chosen, some);
    if (!("moment" in some)) this.chosen.moment = Math.min(this.chosen.moment, this.lastMoment);
    this.pathsKnown &&= Object.keys(some).every((name) => SHOWN_ONLY.has(name));
    this.#schedule();
  }

  /** Moves the start: what was run backward belongs to another path. */
  moveStart(start) {
    this.change({ start, backward: false, moment: 0, playing: false });
  }

  /** Draws everything again. */
  redraw() {
    this.groundKnown = false;
    this.settled = false;
    this.#schedule();
  }

  get lastMoment() {
    return (this.chosen.backward ? 2 : 1) * stepCount(this.chosen.horizon, this.chosen.step);
  }

  #schedule() {
    this.waiting ??= requestAnimationFrame(() => {
      this.waiting = null;
      if (this.element.isConnected) this.#frame();
    });
  }

  #frame() {
    const began = performance.now();
    if (!this.pathsKnown) this.#follow();
    if (!this.groundKnown && this.stage.clientWidth) this.#ground();
    const { moment, start } = this.chosen;
    const { visible } = this;
    this.plane.drawPaths(visible, { moment, start, measured: this.system.measured });
    this.handles.show(
      this.plane.handles(start, (...entries) => this.#set(entries)),
      this.plane.frame,
    );
    this.#charts(visible);
    this.#image();
    this.#controls();
    this.frameTime = performance.now() - began;
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.#settle(), SETTLED);
  }

  #follow() {
    const { start } = this.chosen;
    this.paths = this.system.compared(this.learned.name).map((model) => new Path(model, start, this.chosen));
    this.pathsKnown = true;
    this.settled = false;
    this.groundKnown &&= !this.plane.isSlice || this.groundStart === String(start);
  }

  #ground() {
    this.firstPaths ??= this.paths.filter(({ model }) => model.role !== "baseline").map(({ forward }) => forward);
    this.plane.layout({ axes: this.axes, paths: this.firstPaths, zoom: this.chosen.zoom });
    this.plane.drawGround(this.learned, this.system.truth, this.chosen.start);
    this.groundKnown = true;
    this.groundStart = String(this.chosen.start);
  }

  /** What takes longer than a frame: volumes, the slice through the start, and what is read out. */
  #settle() {
    if (this.settled || !this.element.isConnected) return;
    this.settled = true;
    if (!this.groundKnown) this.#ground();
    this.#volumes();
    this.keptPlace.replaceChildren(keptTable(this.paths, this.energyModel));
    this.status.textContent = this.#said();
  }

  // What is drawn

  get visible() {
    return this.paths.filter(({ model }) => !this.chosen.hidden.has(model.role));
  }

  #set(entries) {
    const start = Float64Array.from(this.chosen.start);
    for (const [place, value] of entries) start[place] = value;
    this.moveStart(start);
  }

  get energyModel() {
    const model = this.measure === "truth" ? this.system.truth : this.learned;
    return model?.hasHamiltonian ? model : null;
  }

  #charts(visible) {
    const time = { time: this.system.time, now: this.#shownStep() * this.chosen.step };
    const model = this.energyModel;
    this.energyChart.surface.canvas.parentElement.hidden = !model;
    if (!model) return;
    const lines = visible.map((path) => ({ role: path.model.role, step: path.step, values: path.energies(model) }));
    const level = model.dynamics.hamiltonian(this.chosen.start);
    model.energyScale ??= this.system.energyScale(model);
    const range = rangeAround(level, model.energyScale, lines);
    this.energyChart.draw(lines, { ...time, range, label: model.role === "truth" ? "true H" : "learned H" });
  }

  /** The step that the dots are at, on the way there or on the way back. */
  #shownStep() {
    const steps = this.paths[0].steps;
    const { moment } = this.chosen;
    return moment <= steps ? moment : 2 * steps - moment;
  }

  #volumes() {
    const lines = this.visible
      .map((path) => ({ role: path.model.role, step: path.step, values: path.volumes }))
      .filter(({ values }) => values);
    this.volumeChart.surface.canvas.parentElement.hidden = !lines.length;
    const range = rangeAround(1, 1.2, lines);
    this.volumeChart.draw(lines, { time: this.system.time, now: 0, label: "volume", range });
  }

  #image() {
    if (!this.system.image) return;
    const { side } = this.system.image;
    const pixels = this.learned.image(
      this.paths.find(({ model }) => model === this.learned).moment(this.chosen.moment),
    );
    const context = this.picture.getContext("2d");
    const image = context.createImageData(side, side);
    for (let i = 0; i < side * side; i++) {
      const value = 255 * Math.max(0, Math.min(1, pixels[i]));
      image.data.set([value, value, value, 255], 4 * i);
    }
    context.putImageData(image, 0, 0);
  }

  #controls() {
    const { motion, chosen } = this;
    motion.play.textContent = chosen.playing ? "Pause" : "Play";
    const steps = this.paths[0].steps;
    motion.time.input.max = (chosen.backward ? 2 : 1) * steps;
    motion.time.input.value = chosen.moment;
    const at = readable(this.#shownStep() * chosen.step, 3);
    motion.time.querySelector("output").textContent = chosen.moment > steps ? `${at}, on the way back` : at;
    motion.time.input.setAttribute("aria-valuetext", motion.time.querySelector("output").textContent);
    this.startFields.show();
  }

  #said() {
    const { start } = this.chosen;
    const names = this.system.coordinates.slice(0, 6).map(({ name }, i) => `${name} ${readable(start[i], 3)}`);
    const energy = this.learned.hasHamiltonian
      ? ` Learned H ${readable(this.learned.dynamics.hamiltonian(start))}.`
      : "";
    const missed = this.paths.find(({ model }) => model === this.learned).missed;
    const back =
      missed === null ? "" : ` ${this.learned.title} returned to within ${readable(missed, 3)} of its start.`;
    return `Start at ${names.join(", ")}.${energy}${back}${this.#outside() ? " That is outside the data." : ""}`;
  }

  /** Whether a coordinate of the start has a value that none of the data have. */
  #outside() {
    if (!this.system.states.length) return false;
    return this.chosen.start.some((value, i) => {
      const [low, high] = this.system.range(i);
      return value < low || value > high;
    });
  }

  // What a reader does

  #play() {
    const { chosen } = this;
    if (chosen.playing) return this.change({ playing: false });
    if (chosen.moment >= this.lastMoment) this.change({ moment: 0 });
    this.change({ playing: true });
    this.#run();
  }

  #run() {
    const own = (this.running = {}); // a later run ends this one
    let last = performance.now();
    let exact = this.chosen.moment;
    const advance = (now) => {
      if (this.running !== own || !this.chosen.playing || !this.element.isConnected) return;
      exact += (((now - last) / 1000) * this.chosen.speed * this.paths[0].steps) / PLAYED;
      last = now;
      const end = this.lastMoment;
      this.change({ moment: Math.min(Math.round(exact), end), playing: exact < end });
      requestAnimationFrame(advance);
    };
    requestAnimationFrame(advance);
  }

  /** From the end of every path back to where it began, which shows that the flow can be run backward. */
  #back() {
    this.change({ backward: true });
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.change({ moment: still ? this.lastMoment : this.lastMoment / 2, playing: !still });
    if (!still) this.#run();
  }

  #energy(delta) {
    const { dynamics, hasHamiltonian } = this.learned;
    if (!hasHamiltonian) return this.energy.say(`${this.learned.title} has no Hamiltonian.`);
    const before = dynamics.hamiltonian(this.chosen.start);
    const there = changeEnergy(dynamics, this.chosen.start, delta);
    if (!there) return this.energy.say("The gradient of H does not lead there: take less, or another start.");
    const after = dynamics.hamiltonian(there);
    this.energy.say(`Learned H went from ${readable(before)} to ${readable(after)}.`);
    return this.moveStart(there);
  }

  #reset() {
    Object.assign(this.chosen, initial(this.system));
    this.pathsKnown = false;
    this.#fillSolver();
    this.motion.rate.value = String(this.chosen.speed);
    this.energy.say("The start moves along the gradient of the learned H.");
    for (const box of this.legend.querySelectorAll("input")) box.checked = true;
    this.redraw();
  }

  #zoom(factor) {
    this.chosen.zoom = Math.max(0.1, Math.min(20, this.chosen.zoom * factor));
    this.redraw();
  }

  #choosePicture({ make, hasAxes }) {
    this.plane = make(this.below, this.above);
    for (const control of this.axisControls) control.hidden = !hasAxes;
    this.above.setAttribute("aria-label", this.plane.label);
    this.caption.textContent = this.plane.caption(this.learned);
    this.redraw();
  }

  #chooseModel(name) {
    this.learned = this.system.models.find((model) => model.name === name);
    this.#fillLegend();
    this.#fillCertificate();
    this.caption.textContent = this.plane.caption(this.learned);
    this.pathsKnown = false;
    this.redraw();
  }

  // The page

  #build() {
    const { system } = this;
    this.below = element("canvas", { "aria-hidden": "true" });
    this.above = element("canvas", { role: "img" });
    this.picture = element("canvas", {
      width: system.image?.side ?? 0,
      height: system.image?.side ?? 0,
      className: "pixels",
      role: "img",
      "aria-label": "What the learned model predicts to be seen",
    });
    this.stage = element("div", { className: "stage" }, this.below, this.above);
    this.handles = new Handles(this.stage);
    this.caption = element("p", { className: "hint caption" });
    this.legend = element("div", { className: "legend", role: "group", "aria-label": "Paths" });
    this.motion = motionControls(this.chosen, {
      toggle: () => this.#play(),
      back: () => this.#back(),
      reset: () => this.#reset(),
      seek: (moment) => this.change({ moment, playing: false }),
      speed: (speed) => this.change({ speed }),
      zoom: (by) => this.#zoom(by),
    });
    this.startFields = startControls(system, this.chosen, (start) => this.moveStart(start));
    this.solverPlace = element("div", {});
    const amount = this.learned.hasHamiltonian ? 0.2 * system.energyScale(this.learned) : 1;
    this.energy = energyControls(Number(amount.toPrecision(2)), (delta) => this.#energy(delta));
    this.certificatePlace = element("div", {});
    this.keptPlace = element("div", {
      className: "scroll",
      tabIndex: 0,
      role: "region",
      "aria-label": "What the paths keep",
    });
    this.status = element("p", { role: "status", className: "status" });
    const energyCanvas = element("canvas", { role: "img", "aria-label": "Energy along the paths over time" });
    const volumeCanvas = element("canvas", {
      role: "img",
      "aria-label": "Phase-space volume along the paths over time",
    });
    this.energyChart = new Chart(energyCanvas);
    this.volumeChart = new Chart(volumeCanvas);
    this.element = element(
      "section",
      { className: "explorer", "aria-label": system.title },
      element(
        "div",
        { className: "main" },
        this.#viewControls(),
        this.legend,
        this.stage,
        system.image
          ? element(
              "figure",
              { className: "seen" },
              this.picture,
              element("figcaption", {}, "What is seen, decoded from the dot"),
            )
          : null,
        this.caption,
        this.motion,
        this.status,
        element("div", { className: "groups" }, element("div", {}, this.energy, this.solverPlace), this.startFields),
      ),
      element(
        "div",
        { className: "side" },
        element("figure", { className: "chart" }, element("figcaption", {}, "Energy along the paths"), energyCanvas),
        element(
          "figure",
          { className: "chart" },
          element(
            "figcaption",
            {},
            "Volume of a small cell of phase space along the paths: a Hamiltonian flow keeps it",
          ),
          volumeCanvas,
        ),
        this.keptPlace,
        this.certificatePlace,
        this.#notes(),
      ),
    );
    this.#fillSolver();
    this.#fillLegend();
    this.#fillCertificate();
    this.#choosePicture(this.pictures[0]);
  }

  #viewControls() {
    const { system } = this;
    const models = system.models.filter(({ role }) => role !== "truth").map(({ name, title }) => [name, title]);
    const coordinates = system.coordinates.map(({ name }, i) => [String(i), name]);
    const axis = (which) =>
      choice(coordinates, String(this.axes[which]), (value) => this.#chooseAxis(which, Number(value)));
    this.axisControls = system.dimension > 2 ? [labelled("Across", axis(0)), labelled("Upward", axis(1))] : [];
    const measures = [
      ["truth", "true H"],
      ["learned", "learned H"],
    ].slice(system.truth ? 0 : 1);
    const views = this.pictures.map(({ name, title }) => [name, title]);
    const named = (wanted) => this.pictures.find(({ name }) => name === wanted);
    return element(
      "div",
      { className: "views" },
      models.length === 1
        ? null
        : labelled(
            "Model",
            choice(models, this.learned.name, (name) => this.#chooseModel(name)),
          ),
      views.length > 1
        ? labelled(
            "Picture",
            choice(views, views[0][0], (name) => this.#choosePicture(named(name))),
          )
        : null,
      ...this.axisControls,
      measures.length > 1
        ? labelled(
            "Energy",
            choice(measures, this.measure, (value) => this.#chooseMeasure(value)),
          )
        : null,
    );
  }

  #chooseAxis(which, coordinate) {
    this.axes[which] = coordinate;
    this.redraw();
  }

  #chooseMeasure(measure) {
    this.measure = measure;
    this.settled = false;
    this.#schedule();
  }

  #fillSolver() {
    this.solverPlace.replaceChildren(solverControls(this.system, this.chosen, (some) => this.change(some)));
  }

  #fillLegend() {
    const entries = this.system.compared(this.learned.name).map((model) => {
      const box = element("input", { type: "checkbox", checked: !this.chosen.hidden.has(model.role) });
      box.onchange = () => {
        this.chosen.hidden[box.checked ? "delete" : "add"](model.role);
        this.settled = false;
        this.change({ hidden: this.chosen.hidden });
      };
      return element("label", {}, box, element("span", { className: `sample ${model.role}` }), model.title);
    });
    this.legend.replaceChildren(...entries);
  }

  #fillCertificate() {
    const { certificate, facts, title } = this.learned;
    const parts = [];
    if (facts.length)
      parts.push(
        table(`About ${title}`, [["number", "value"], ...facts.map(([name, value]) => [name, String(value)])]),
      );
    if (certificate) parts.push(certificateTable(certificate, title));
    const hint = `No certificate yet: symplect certify makes one.`;
    if (!certificate && !this.system.image) parts.push(element("p", { className: "hint" }, hint));
    this.certificatePlace.replaceChildren(...parts);
  }

  #notes() {
    const { notes, omitted } = this.system;
    const lines = [...notes, ...omitted.map(({ name, reason }) => `${name} is left out: ${reason}`)];
    return lines.length ? element("ul", { className: "notes" }, ...lines.map((line) => element("li", {}, line))) : null;
  }
}
