// A JPEG's segments: those that describe the original stay, in their order (ITU-T T.81, annex B).
import { ascii, isForRgb, joined, orientationOf, startsWith, upright } from "./exif.js";
import { credited } from "./xmp.js";

const [SOS, APP0, APP1, APP2, APP14, APP15, COM] = [0xda, 0xe0, 0xe1, 0xe2, 0xee, 0xef, 0xfe];
const EXIF = "Exif\0\0";
const XMP = "http://ns.adobe.com/xap/1.0/\0";
const ICC = "ICC_PROFILE\0";
const LONGEST = 65533;

export function jpegContainer(bytes) {
  const own = segments(bytes).filter(({ marker }) => (marker >= APP0 && marker <= APP15) || marker === COM);
  const icc = own.filter(({ marker, body }) => marker === APP2 && startsWith(body, ICC));
  const profile = joined(icc.map(({ body }) => body.subarray(ICC.length + 2)));
  const convertsProfile = profile.length > 0 && !isForRgb(profile); // one for gray or CMYK cannot describe a result
  const packet = own.find(({ marker, body }) => marker === APP1 && startsWith(body, XMP));
  const exif = own.find(({ marker, body }) => marker === APP1 && startsWith(body, EXIF))?.body.subarray(EXIF.length);
  const source = bytes.slice(); // browsers differ in which orientation they apply: none is left to them
  if (exif) source.set(upright(exif), exif.byteOffset - bytes.byteOffset);
  return {
    type: "image/jpeg",
    source,
    orientation: orientationOf(exif, packet?.body),
    suffix: "jpg",
    ownType: "image/jpeg",
    ownSuffix: "jpg",
    convertsProfile,
    note: "its luma is encoded anew, at quality 95",
    async wrap(encoded, credit) {
      const xmp = joined([ascii(XMP), credited(packet?.body.subarray(XMP.length), credit)]);
      if (xmp.length > LONGEST) throw new Error("its XMP leaves no room for the note on its colors; use colorgan-batch");
      const kept = own.filter((each) => each !== packet && !isOfPixels(each) && !(convertsProfile && icc.includes(each)));
      // JFIF goes first, then EXIF, as Exif 2.32, 4.7.2 asks for; XMP follows.
      const isExif = ({ marker, body }) => marker === APP1 && startsWith(body, EXIF);
      const rank = (each) => (each.marker === APP0 ? 0 : isExif(each) ? 1 : each.body === xmp ? 2 : 3);
      const ordered = [...kept, { marker: APP1, body: xmp }].sort((a, b) => rank(a) - rank(b));
      const made = segments(encoded).filter(({ marker }) => marker < APP0 || marker > APP15);
      const scans = encoded.subarray(segments(encoded).at(-1).end);
      return joined([ascii("\xff\xd8"), ...[...ordered.map(changed), ...made].map(written), scans]);
    },
  };
}

// Adobe's segment tells how pixels are coded, and an index of previews where they are in the file.
const isOfPixels = ({ marker, body }) => marker === APP14 || (marker === APP2 && startsWith(body, "MPF\0"));

function changed({ marker, body }) {
  if (marker !== APP1 || !startsWith(body, EXIF)) return { marker, body };
  return { marker, body: joined([ascii(EXIF), upright(body.subarray(EXIF.length))]) };
}

function written({ marker, body }) {
  const length = body.length + 2;
  return joined([Uint8Array.of(0xff, marker, length >> 8, length & 255), body]);
}

// The segments up to the first scan's header, which is the last one.
function segments(bytes) {
  const found = [];
  let at = 2;
  while (at + 4 <= bytes.length) {
    while (bytes[at] === 0xff && bytes[at + 1] === 0xff) at += 1; // fill bytes
    const marker = bytes[at + 1];
    const length = (bytes[at + 2] << 8) | bytes[at + 3];
    if (bytes[at] !== 0xff || length < 2 || at + 2 + length > bytes.length) break;
    found.push({ marker, body: bytes.subarray(at + 4, at + 2 + length), end: at + 2 + length });
    if (marker === SOS) return found;
    at += 2 + length;
  }
  throw new Error("is damaged: no picture begins in it");
}
