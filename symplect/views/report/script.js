// Draws every figure when it comes near the view, and all that are unpacked by then before printing.
const settings = { displaylogo: false, responsive: false };
const waiting = new Set(document.querySelectorAll(".plot"));
const frame = document.querySelector(".explorer");
const figures = new Map();

async function load() {
  const textContent = await unpacked("plotly");
  document.head.append(Object.assign(document.createElement("script"), { textContent }));
}

async function unpack(box) {
  if (!figures.has(box)) figures.set(box, JSON.parse(await unpacked(box.id.replace("-plot", "-data"))));
}

function draw(box) {
  if (!waiting.delete(box)) return;
  const { data, layout } = figures.get(box);
  Plotly.newPlot(box, data, layout, settings);
}

async function show(box) {
  await unpack(box);
  draw(box);
}

function onceNear(boxes, margin, act) {
  const near = new IntersectionObserver(
    (entries) => {
      for (const { target } of entries.filter((entry) => entry.isIntersecting)) {
        near.unobserve(target);
        act(target);
      }
    },
    { rootMargin: margin },
  );
  boxes.forEach((box) => near.observe(box));
}

globalThis.drawAll = () => Promise.all([...waiting].map(show));

try {
  await load();
  onceNear(waiting, "800px", show);
  if (frame) onceNear([frame], "0px", async () => (frame.srcdoc = await unpacked("explorer")));
  addEventListener("beforeprint", () => [...figures.keys()].forEach(draw));
  for (const box of document.querySelectorAll(".plot")) await unpack(box);
} catch (error) {
  document.querySelector("main").prepend(error.message);
}
