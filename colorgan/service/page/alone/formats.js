// What each format keeps of the original's file. Formats that cannot be colored here are refused by name.
import { jpegContainer } from "./jpeg.js";
import { pngContainer, pngFromOther } from "./png.js";

const NAMES = [
  [/^II[*+]\0|^MM\0[*+]/, "a TIFF"],
  [/^GIF8/, "a GIF"],
  [/^.{4}ftyp(hei|hev|mif|msf)/s, "a HEIC"],
  [/^.{4}ftypavi/s, "an AVIF"],
  [/^%PDF/, "a PDF"],
  [/^\0\0\0\x0cjP {2}|^\xff\x4f\xff\x51/, "a JPEG 2000"],
  [/^\xff\x0a|^\0\0\0\x0cJXL/, "a JPEG XL"],
  [/^8BPS/, "a Photoshop file"],
];

export async function containerOf(bytes) {
  const head = String.fromCharCode(...bytes.subarray(0, 32));
  if (head.startsWith("\xff\xd8\xff")) return jpegContainer(bytes);
  if (head.startsWith("\x89PNG\r\n\x1a\n")) return pngContainer(bytes);
  if (/^RIFF.{4}WEBP/s.test(head)) return pngFromOther(bytes, "webp");
  if (head.startsWith("BM")) return pngFromOther(bytes, "bmp");
  const name = NAMES.find(([start]) => start.test(head))?.[1];
  throw new Error(name ? `is ${name}, which this page does not color; use colorgan-batch, or convert it` : "is no JPEG, PNG, WebP or BMP");
}
