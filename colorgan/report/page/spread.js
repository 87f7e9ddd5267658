// Colors spread from points as colorgan/corrections/spread.py spreads them: numbers and names are the same there.
"use strict";

const [WHOLE, NOISE, EDGE, ROUNDS, FAR] = [1 << 14, 8, 300, 4, 1 << 28];
const [RED, GREEN, BLUE] = [0.299, 0.587, 0.114]; // BT.601
const [TO_BLUE, TO_RED] = [2 * (1 - BLUE), 2 * (1 - RED)];

function chromaOf(color) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
  const luma = RED * red + GREEN * green + BLUE * blue;
  return [(blue - luma) / TO_BLUE, (red - luma) / TO_RED];
}

// Distance of each pixel to the one at (column, row), and those around it.
function distancesTo(luma, width, height, column, row) {
  const distances = new Int32Array(width * height).fill(FAR);
  const straight = Math.floor(WHOLE / Math.max(width, height));
  const slanted = Math.floor((straight * 181) / 128);
  const cost = (from, to) => Math.max(Math.abs(luma[from] - luma[to]) - NOISE, 0) * EDGE;
  const shorten = (at, from, step) => {
    const way = distances[from] + step + cost(at, from);
    if (way < distances[at]) {
      distances[at] = way;
      changed = true;
    }
  };
  const alongRow = (y) => {
    const start = y * width;
    for (let at = start + 1; at < start + width; at++) shorten(at, at - 1, straight);
    for (let at = start + width - 2; at >= start; at--) shorten(at, at + 1, straight);
  };
  const fromRow = (y, other) => {
    const by = (other - y) * width;
    for (let x = 0, at = y * width; x < width; x++, at++) {
      shorten(at, at + by, straight);
      if (x > 0) shorten(at, at + by - 1, slanted);
      if (x < width - 1) shorten(at, at + by + 1, slanted);
    }
    alongRow(y);
  };
  let changed = false;
  for (let y = Math.max(0, row - 1); y < Math.min(row + 2, height); y++) {
    for (let x = Math.max(0, column - 1); x < Math.min(column + 2, width); x++) distances[y * width + x] = 0;
    alongRow(y);
  }
  for (let round = 0; round < ROUNDS; round++) {
    changed = false;
    for (let y = 1; y < height; y++) fromRow(y, y - 1);
    for (let y = height - 2; y >= 0; y--) fromRow(y, y + 1);
    if (!changed) break;
  }
  return distances;
}

// What to add to Cb and Cr, for seeds {distances, reach, change: [Cb, Cr]}.
function spread(size, seeds) {
  const [blue, red, weights] = [0, 1, 2].map(() => new Float64Array(size));
  for (const { distances, reach, change } of seeds)
    for (let at = 0; at < size; at++) {
      const part = distances[at] / (reach * WHOLE);
      const strength = 1 - part * part;
      if (strength <= 0) continue;
      const weight = strength / ((1 + distances[at]) * (1 + distances[at]));
      weights[at] += weight;
      blue[at] += change[0] * (strength * weight);
      red[at] += change[1] * (strength * weight);
    }
  for (let at = 0; at < size; at++)
    if (weights[at] > 0) {
      blue[at] /= weights[at];
      red[at] /= weights[at];
    }
  return [blue, red];
}

// A plane of whole numbers, scaled up bilinearly: first along rows, then along columns.
function enlarge(plane, from, to) {
  const along = (length, target) =>
    Array.from({ length: target }, (_, at) => {
      const place = Math.min(Math.max(((at + 0.5) * length) / target - 0.5, 0), length - 1);
      const low = Math.floor(place);
      return [low, Math.min(low + 1, length - 1), place - low];
    });
  const [columns, rows] = [along(from.width, to.width), along(from.height, to.height)];
  const wide = new Uint8Array(to.width * from.height);
  for (let y = 0, at = 0; y < from.height; y++)
    for (const [low, high, part] of columns) {
      const start = y * from.width;
      wide[at++] = Math.round(plane[start + low] * (1 - part) + plane[start + high] * part);
    }
  const large = new Uint8Array(to.width * to.height);
  for (let y = 0, at = 0; y < to.height; y++) {
    const [low, high, part] = rows[y];
    for (let x = 0; x < to.width; x++)
      large[at++] = Math.round(wide[low * to.width + x] * (1 - part) + wide[high * to.width + x] * part);
  }
  return large;
}

// The share of a chroma with which R, G and B stay within 0 and 255 over this luma.
function room(luma, differences) {
  const up = Math.max(...differences);
  const down = -Math.min(...differences);
  return Math.min(1, up > 0 ? (255 - luma) / up : 1, down > 0 ? luma / down : 1);
}

// What Cb and Cr, 0 being neutral, add to the luma to make R, G and B.
function differencesOf(blue, red) {
  const [toRed, toBlue] = [TO_RED * red, TO_BLUE * blue];
  return [toRed, -(RED * toRed + BLUE * toBlue) / GREEN, toBlue];
}

// Write R, G, B and A of the picture with this strength and these points to `pixels`; planes are {luma, blue, red, width, height}.
function paint(planes, saturation, points, pixels) {
  const { luma, width, height } = planes;
  const size = width * height;
  const strong = (plane) => plane.map((value) => Math.min(255, Math.max(0, Math.round(128 + saturation * (value - 128)))));
  const [blue, red] = [planes.blue, planes.red].map((plane) => enlarge(strong(plane), planes.small, planes));
  const fitted = (at, b, r) => {
    const share = room(luma[at], differencesOf(b, r));
    return [Math.trunc(share * b), Math.trunc(share * r)];
  };
  const seeds = points.map(({ x, y, color, reach }) => {
    const [column, row] = [Math.min(Math.floor(x * width), width - 1), Math.min(Math.floor(y * height), height - 1)];
    const place = row * width + column;
    if (!planes.distances.has(place)) planes.distances.set(place, distancesTo(luma, width, height, column, row));
    const wanted = chromaOf(color);
    const there = fitted(place, blue[place] - 128, red[place] - 128);
    return { distances: planes.distances.get(place), reach, change: [wanted[0] - there[0], wanted[1] - there[1]] };
  });
  const [moreBlue, moreRed] = spread(size, seeds);
  for (let at = 0, to = 0; at < size; at++) {
    let [b, r] = fitted(at, blue[at] - 128, red[at] - 128);
    if (seeds.length) [b, r] = fitted(at, Math.round(b + moreBlue[at]), Math.round(r + moreRed[at]));
    for (const difference of differencesOf(b, r)) pixels[to++] = luma[at] + difference;
    pixels[to++] = 255;
  }
}
