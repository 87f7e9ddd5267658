// EXIF and color profiles: only what has to change or be known.

const ORIENTATION = 0x0112;

// The same block, saying that the picture is upright, as the pixels are now.
export function upright(exif) {
  const bytes = exif.slice();
  const view = new DataView(bytes.buffer);
  try {
    const little = view.getUint16(0) === 0x4949;
    const at = view.getUint32(4, little);
    const count = view.getUint16(at, little);
    for (let entry = at + 2; entry < at + 2 + 12 * count; entry += 12)
      if (view.getUint16(entry, little) === ORIENTATION) view.setUint16(entry + 8, 1, little);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // damaged: as it was
  }
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
