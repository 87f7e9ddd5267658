// Luma, sizes and colors, as the engine computes them: photo/color.py and backends/input_shape.py.

const LONGEST_ASPECT = 3;
const WASTE = 0.5;
const LUMA_BANDS = 16;
const [RED, GREEN, BLUE] = [0.299, 0.587, 0.114]; // ITU-R BT.601-7, 2.5.1

const clip = (value) => Math.min(255, Math.max(0, Math.round(value)));

// Height and width at which the generator sees a photograph.
export function inputShape(width, height, native, stride) {
  const aspect = Math.min(Math.max(width / height, 1 / LONGEST_ASPECT), LONGEST_ASPECT);
  const fit = (rows, columns) => {
    const scale = Math.min(rows, columns / aspect);
    return [Math.max(1, Math.min(rows, Math.round(scale))), Math.max(1, Math.min(columns, Math.round(scale * aspect)))];
  };
  const near = [native / Math.sqrt(aspect), native * Math.sqrt(aspect)].map((side) => [
    Math.max(1, Math.floor(side / stride)) * stride,
    Math.ceil(side / stride) * stride,
  ]);
  let [best, least] = [null, Infinity];
  for (const rows of near[0])
    for (const columns of near[1]) {
      const shape = fit(rows, columns);
      const content = shape[0] * shape[1];
      const cost = Math.abs(Math.log(content / native ** 2)) + WASTE * Math.log((rows * columns) / content);
      if (cost < least) [best, least] = [shape, cost];
    }
  return best;
}

// Mirrored below and on the right, to multiples of the stride.
export function padded({ data, width, height }, stride) {
  const [rows, columns] = [height, width].map((side) => Math.ceil(side / stride) * stride);
  const mirror = (at, side) => {
    const place = at % (2 * side);
    return place < side ? place : 2 * side - 1 - place;
  };
  const larger = new Uint8Array(rows * columns);
  for (let y = 0; y < rows; y += 1)
    for (let x = 0; x < columns; x += 1) larger[y * columns + x] = data[mirror(y, height) * width + mirror(x, width)];
  return { data: larger, width: columns, height: rows };
}

export function lumaOf(rgba) {
  const luma = new Uint8Array(rgba.length / 4);
  for (let at = 0, from = 0; at < luma.length; at += 1, from += 4)
    luma[at] = RED * rgba[from] + GREEN * rgba[from + 1] + BLUE * rgba[from + 2] + 0.5;
  return luma;
}

// Scaled by Pillow's bicubic filter, which takes in all pixels when it makes an image smaller.
export function resized(plane, width, height, columns, rows) {
  const across = new Float32Array(height * columns);
  weights(width, columns).forEach(([first, taps], x) => {
    for (let y = 0; y < height; y += 1) {
      let sum = 0;
      for (let tap = 0, at = y * width + first; tap < taps.length; tap += 1, at += 1) sum += taps[tap] * plane[at];
      across[y * columns + x] = sum;
    }
  });
  const small = new Uint8Array(rows * columns);
  weights(height, rows).forEach(([first, taps], y) => {
    for (let x = 0; x < columns; x += 1) {
      let sum = 0;
      for (let tap = 0; tap < taps.length; tap += 1) sum += taps[tap] * across[(first + tap) * columns + x];
      small[y * columns + x] = clip(sum);
    }
  });
  return small;
}

function bicubic(x) {
  const [away, a] = [Math.abs(x), -0.5];
  if (away < 1) return ((a + 2) * away - (a + 3)) * away * away + 1;
  return away < 2 ? (((away - 5) * away + 8) * away - 4) * a : 0;
}

function weights(from, to) {
  const scale = from / to;
  const widened = Math.max(1, scale);
  return Array.from({ length: to }, (_, at) => {
    const center = (at + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - 2 * widened + 0.5));
    const last = Math.min(from, Math.trunc(center + 2 * widened + 0.5));
    const taps = Array.from({ length: last - first }, (_, tap) => bicubic((tap + first - center + 0.5) / widened));
    const sum = taps.reduce((total, tap) => total + tap, 0);
    return [first, taps.map((tap) => tap / sum)];
  });
}

// Whether chroma strays from that of a toned gray: `chroma_spread` of the engine, compared with its limit.
export function isInColor(rgba, width, height, columns, rows, toned) {
  let isGray = true;
  for (let at = 0; at < rgba.length && isGray; at += 4)
    isGray = rgba[at] === rgba[at + 1] && rgba[at] === rgba[at + 2];
  if (isGray) return false;
  const channels = [0, 1, 2].map((channel) => {
    const plane = new Uint8Array(width * height);
    for (let at = 0; at < plane.length; at += 1) plane[at] = rgba[4 * at + channel];
    return resized(plane, width, height, columns, rows);
  });
  const [red, green, blue] = channels;
  const bands = Array.from({ length: LUMA_BANDS }, () => ({ count: 0, sums: [0, 0], squares: 0 }));
  for (let at = 0; at < red.length; at += 1) {
    const y = clip(RED * red[at] + GREEN * green[at] + BLUE * blue[at]);
    const chroma = [clip(128 + (blue[at] - y) / 1.772), clip(128 + (red[at] - y) / 1.402)];
    const band = bands[y >> 4];
    band.count += 1;
    chroma.forEach((value, plane) => {
      band.sums[plane] += value;
      band.squares += value * value;
    });
  }
  let total = 0;
  for (const { count, sums, squares } of bands) if (count) total += squares - (sums[0] ** 2 + sums[1] ** 2) / count;
  return Math.sqrt(Math.max(0, total) / red.length) > toned;
}

// Lay chroma over luma, in place: interpolated, and reduced where RGB would have to clip it.
export function layOver(rgba, luma, width, height, { data, width: stride, height: planeRows, columns, rows }, saturation) {
  const plane = stride * planeRows;
  const tables = [0, 1].map((which) => {
    const values = new Float32Array(rows * columns);
    for (let y = 0; y < rows; y += 1)
      for (let x = 0; x < columns; x += 1) {
        const value = data[which * plane + y * stride + x];
        values[y * columns + x] = clip(128 + saturation * (value - 128)) - 128;
      }
    return values;
  });
  const across = places(width, columns);
  const down = places(height, rows);
  const [cbs, crs] = tables;
  for (let y = 0, at = 0; y < height; y += 1) {
    const top = down.low[y] * columns;
    const bottom = down.high[y] * columns;
    for (let x = 0; x < width; x += 1, at += 1) {
      const left = across.low[x];
      const right = across.high[x];
      const cb = mixed(cbs, top + left, top + right, bottom + left, bottom + right, across.part[x], down.part[y]);
      const cr = mixed(crs, top + left, top + right, bottom + left, bottom + right, across.part[x], down.part[y]);
      const light = luma[at];
      const red = 1.402 * cr;
      const green = -0.344136 * cb - 0.714136 * cr;
      const blue = 1.772 * cb;
      const most = Math.max(red, green, blue);
      const least = Math.min(red, green, blue);
      const keep = Math.min(1, most > 0 ? (255 - light) / most : 1, least < 0 ? -light / least : 1);
      rgba[4 * at] = light + keep * red; // a clamped array rounds
      rgba[4 * at + 1] = light + keep * green;
      rgba[4 * at + 2] = light + keep * blue;
    }
  }
}

function mixed(values, a, b, c, d, across, down) {
  const upper = values[a] + across * (values[b] - values[a]);
  const lower = values[c] + across * (values[d] - values[c]);
  return upper + down * (lower - upper);
}

// Between which samples each pixel is, and where.
function places(pixels, samples) {
  const [low, high, part] = [new Int32Array(pixels), new Int32Array(pixels), new Float32Array(pixels)];
  for (let at = 0; at < pixels; at += 1) {
    const place = Math.min(Math.max(((at + 0.5) * samples) / pixels - 0.5, 0), samples - 1);
    low[at] = Math.floor(place);
    high[at] = Math.min(low[at] + 1, samples - 1);
    part[at] = place - low[at];
  }
  return { low, high, part };
}
