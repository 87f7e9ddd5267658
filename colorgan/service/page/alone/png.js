// A PNG's chunks: those that describe the original stay (PNG, third edition, 5.3 and 11.3).
import { crc32 } from "./crc32.js";
import { ascii, isForRgb, joined, orientationOf, startsWith, upright } from "./exif.js";
import { credited } from "./xmp.js";

const SIGNATURE = 8;
const XMP = "XML:com.adobe.xmp\0";
const OF_PIXELS = ["IHDR", "PLTE", "IDAT", "IEND", "tRNS", "bKGD", "hIST", "sBIT", "sPLT"];
const OF_COLORS = ["iCCP", "gAMA", "cHRM", "sRGB", "cICP", "mDCV", "cLLI"];

export async function pngContainer(bytes) {
  const own = chunks(bytes);
  if (own.some(({ name }) => name === "acTL")) throw new Error("holds several frames; split it into single images first");
  const icc = own.find(({ name }) => name === "iCCP");
  const profile = icc ? await inflated(icc.body) : new Uint8Array();
  const convertsProfile = profile.length > 0 && !isForRgb(profile);
  const packet = own.find(({ name, body }) => name === "iTXt" && startsWith(body, XMP));
  const xmp = packet && packet.body[XMP.length] === 0 ? text(packet.body) : null;
  const unturned = own.filter(({ name }) => name !== "eXIf").map(({ name, body }) => written(name, body));
  const isDeep = own[0]?.name === "IHDR" && own[0].body[8] === 16;
  return {
    ...PNG,
    source: joined([bytes.subarray(0, SIGNATURE), ...unturned]),
    orientation: orientationOf(own.find(({ name }) => name === "eXIf")?.body, xmp),
    ownType: "image/png",
    ownSuffix: "png",
    convertsProfile,
    note: isDeep ? "its 16 bits a channel became 8" : "",
    async wrap(encoded, credit) {
      const isLost = (name) => OF_PIXELS.includes(name) || (convertsProfile && OF_COLORS.includes(name));
      const kept = own.filter((each) => each !== packet && !isLost(each.name));
      return woven(encoded, [...kept.map(changed), written("iTXt", itxt(credited(xmp, credit)))]);
    },
  };
}

const PNG = { type: "image/png", suffix: "png" };

// A WebP or BMP, whose result becomes a PNG: browsers write no BMP, and their WebP loses luma.
export async function pngFromOther(bytes, format) {
  const own = format === "webp" ? riff(bytes) : {};
  if (own.ANIM) throw new Error("holds several frames; split it into single images first");
  const profile = own.ICCP ?? new Uint8Array();
  const keeps = profile.length > 0 && isForRgb(profile);
  const exif = own.EXIF && startsWith(own.EXIF, "Exif\0\0") ? own.EXIF.subarray(6) : own.EXIF;
  const source = bytes.slice();
  if (exif) source.set(upright(exif), exif.byteOffset - bytes.byteOffset);
  return {
    ...PNG,
    source,
    orientation: orientationOf(exif, own["XMP "]),
    ownType: `image/${format}`,
    ownSuffix: format,
    convertsProfile: profile.length > 0 && !keeps,
    note: "written as PNG",
    async wrap(encoded, credit) {
      const kept = [];
      if (keeps) kept.push(written("iCCP", joined([ascii("ICC Profile\0\0"), await deflated(profile)])));
      if (exif) kept.push(written("eXIf", upright(exif)));
      return woven(encoded, [...kept, written("iTXt", itxt(credited(own["XMP "], credit)))]);
    },
  };
}

// What describes goes after the header, before the pixels.
function woven(encoded, described) {
  const made = chunks(encoded).filter(({ name }) => ["IHDR", "IDAT", "IEND"].includes(name));
  const [header, ...pixels] = made.map(({ name, body }) => written(name, body));
  return joined([encoded.subarray(0, SIGNATURE), header, ...described, ...pixels]);
}

const itxt = (packet) => joined([ascii(`${XMP}\0\0\0\0`), packet]);

// The text of an iTXt chunk: after its keyword, two flags, a language and a translation.
function text(body) {
  let at = XMP.length + 2;
  for (let nuls = 0; nuls < 2; at += 1) if (body[at] === 0) nuls += 1;
  return body.subarray(at);
}

const changed = ({ name, body }) => written(name, name === "eXIf" ? upright(body) : body);

function chunks(bytes) {
  const found = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = SIGNATURE; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (at + 12 + length > bytes.length) break;
    found.push({ name, body: bytes.subarray(at + 8, at + 8 + length) });
    at += 12 + length;
  }
  return found;
}

function written(name, body) {
  const whole = joined([new Uint8Array(4), ascii(name), body, new Uint8Array(4)]);
  const view = new DataView(whole.buffer);
  view.setUint32(0, body.length);
  view.setUint32(whole.length - 4, crc32(whole.subarray(4, -4)));
  return whole;
}

// The chunks of a WebP by their names (RFC 9649, 2.3).
function riff(bytes) {
  const found = {};
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 12; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at + 4, true);
    found[String.fromCharCode(...bytes.subarray(at, at + 4))] = bytes.subarray(at + 8, at + 8 + length);
    at += 8 + length + (length % 2);
  }
  return found;
}

async function piped(bytes, stream) {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
}

const deflated = (bytes) => piped(bytes, new CompressionStream("deflate"));

// A profile: after its name and the method. A damaged one is none.
async function inflated(body) {
  try {
    return await piped(body.subarray(body.indexOf(0) + 2), new DecompressionStream("deflate"));
  } catch {
    return new Uint8Array();
  }
}
