/** Elements of the page; text never becomes markup. */

let count = 0;

/** Returns an element with properties, attributes for names with a dash, and children that are elements or text. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role" || name === "for") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** Returns a button. */
export function button(text, onclick, properties = {}) {
  return element("button", { type: "button", onclick, ...properties }, text);
}

/** Returns a control with its label before it. */
export function labelled(text, control) {
  control.id ||= `control-${count++}`;
  return element("div", { className: "control" }, element("label", { for: control.id }, text), control);
}

/** Returns a choice out of `[value, text]` pairs. */
export function choice(options, value, onchange) {
  const select = element("select", {}, ...options.map(([value, text]) => element("option", { value }, text)));
  select.value = value;
  select.onchange = () => onchange(select.value);
  return select;
}

/** Returns a slider whose value is read out beside it. */
export function slider({ min, max, step, value, text, oninput }) {
  const input = element("input", { type: "range", min, max, step, value });
  const output = element("output", { "aria-live": "off" }, text(value));
  input.show = () => {
    output.textContent = text(Number(input.value));
    input.setAttribute("aria-valuetext", output.textContent);
  };
  input.oninput = () => {
    oninput(Number(input.value));
    input.show();
  };
  input.show();
  return { input, output };
}

/** Returns a slider with its label and its value. */
export function labelledSlider(text, options) {
  const { input, output } = slider(options);
  const made = labelled(text, input);
  made.append(output);
  return Object.assign(made, { input });
}

/** Returns a group of controls under a heading. */
export function group(legend, ...children) {
  return element("fieldset", {}, element("legend", {}, legend), ...children);
}

/** Returns a table; the first row and the first column are headings. */
export function table(caption, [head, ...rows]) {
  const cells = (row, tag, scope) =>
    row.map((text, i) =>
      element(i && tag === "td" ? "td" : "th", i && tag === "td" ? {} : { scope: i ? scope : "row" }, text),
    );
  return element(
    "table",
    {},
    element("caption", {}, caption),
    element("thead", {}, element("tr", {}, ...head.map((text) => element("th", { scope: "col" }, text)))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...cells(row, "td", "col")))),
  );
}
