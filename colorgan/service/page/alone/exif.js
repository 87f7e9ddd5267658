// EXIF and color profiles: only what has to change or be known.

const ORIENTATION = 0x0112;

// Calls `see` with a view on the block, and where the orientation stands in it.
function orientation(bytes, see) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  try {
    const little = view.getUint16(0) === 0x4949;
    const at = view.getUint32(4, little);
    const count = view.getUint16(at, little);
    for (let entry = at + 2; entry < at + 2 + 12 * count; entry += 12)
      if (view.getUint16(entry, little) === ORIENTATION) see(view, entry + 8, little);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // damaged: as it was
  }
}

// 1 to 8 as in EXIF, else as XMP has it; 1 is upright, and 0 would be one that is not said.
export function orientationOf(exif, xmp) {
  let found = 0;
  if (exif) orientation(exif, (view, at, little) => (found = view.getUint16(at, little)));
  if (found < 1 || found > 8) found = Number(/tiff:Orientation(?:\s*=\s*["']|>)\s*([1-8])/.exec(new TextDecoder().decode(xmp ?? new Uint8Array()))?.[1] ?? 1);
  return found;
}

// The same block, saying that the picture is upright, as the pixels are then.
export function upright(exif) {
  const bytes = exif.slice();
  orientation(bytes, (view, at, little) => view.setUint16(at, 1, little));
  return bytes;
}

// Whether a profile is for RGB, so that it fits the result (ICC.1:2022, 7.2.6).
export const isForRgb = (profile) => profile.length > 20 && String.fromCharCode(...profile.subarray(16, 20)) === "RGB ";

export function joined(parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export const ascii = (text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
export const startsWith = (bytes, text) => ascii(text).every((value, at) => bytes[at] === value);
