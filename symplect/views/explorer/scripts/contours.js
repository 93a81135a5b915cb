/** Lines of equal height over a grid, by marching squares. */

/** Returns heights at the nodes of a grid, row by row upward. */
export function grid(height, x, y, size) {
  const values = new Float64Array(size * size);
  for (let j = 0; j < size; j++) {
    const at = y[0] + ((y[1] - y[0]) * j) / (size - 1);
    for (let i = 0; i < size; i++) values[j * size + i] = height(x[0] + ((x[1] - x[0]) * i) / (size - 1), at);
  }
  return values;
}

/** Adds the lines of one level to the current path of a canvas; `toX` and `toY` take the numbers of nodes. */
export function trace(context, values, size, level, toX, toY) {
  for (let j = 0; j + 1 < size; j++) {
    for (let i = 0; i + 1 < size; i++) {
      const corners = [
        [i, j, values[j * size + i]],
        [i + 1, j, values[j * size + i + 1]],
        [i + 1, j + 1, values[(j + 1) * size + i + 1]],
        [i, j + 1, values[(j + 1) * size + i]],
      ];
      const crossed = crossings(corners, level);
      for (let k = 0; k + 1 < crossed.length; k += 2) {
        context.moveTo(toX(crossed[k][0]), toY(crossed[k][1]));
        context.lineTo(toX(crossed[k + 1][0]), toY(crossed[k + 1][1]));
      }
    }
  }
}

function crossings(corners, level) {
  const found = [];
  for (let k = 0; k < 4; k++) {
    const [x0, y0, from] = corners[k];
    const [x1, y1, to] = corners[(k + 1) % 4];
    if (from < level === to < level || !Number.isFinite(from) || !Number.isFinite(to)) continue;
    const part = (level - from) / (to - from);
    found.push([x0 + part * (x1 - x0), y0 + part * (y1 - y0)]);
  }
  return found;
}
