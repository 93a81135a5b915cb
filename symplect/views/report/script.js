// Draws every figure when it comes near the view, and all of them before printing.
const settings = { displaylogo: false, responsive: false };
const waiting = new Set(document.querySelectorAll(".plot"));
const near = new IntersectionObserver(
  (entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => draw(entry.target)),
  { rootMargin: "800px" },
);

function draw(box) {
  if (!waiting.delete(box)) return;
  near.unobserve(box);
  const figure = JSON.parse(document.getElementById(box.id.replace("-plot", "-data")).textContent);
  Plotly.newPlot(box, figure.data, figure.layout, settings);
}

waiting.forEach((box) => near.observe(box));
addEventListener("beforeprint", () => waiting.forEach(draw));
