// A ZIP file without compression, which pictures do not need (APPNOTE.TXT 6.3.10 of PKWARE, 4.3).
import { crc32 } from "./crc32.js";

const UTF8 = 0x0800; // bit 11 of the flags: names are in UTF-8
const DATE = (2000 - 1980 << 9) | (1 << 5) | 1; // the same for all: a result is not dated

export async function zipped(files) {
  const parts = [];
  const directory = [];
  const names = new Set();
  let at = 0;
  for (const { name, blob } of files) {
    const bytes = new Uint8Array(await blob.arrayBuffer());
    const path = new TextEncoder().encode(free(safe(name), names));
    const facts = [UTF8, 0, 0, DATE, crc32(bytes), bytes.length, bytes.length, path.length, 0];
    const head = record([[0x04034b50, 4], [20, 2], ...sized(facts)]);
    directory.push(record([[0x02014b50, 4], [20, 2], [20, 2], ...sized(facts), [0, 2], [0, 2], [0, 2], [0, 4], [at, 4]]), path);
    parts.push(head, path, blob);
    at += head.length + path.length + bytes.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const count = files.length;
  const end = record([[0x06054b50, 4], [0, 2], [0, 2], [count, 2], [count, 2], [size, 4], [at, 4], [0, 2]]);
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}

const sized = (facts) => facts.map((value, index) => [value, index >= 4 && index <= 6 ? 4 : 2]);

function record(fields) {
  const bytes = new Uint8Array(fields.reduce((sum, [, size]) => sum + size, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [value, size] of fields) {
    if (size === 4) view.setUint32(at, value, true);
    else view.setUint16(at, value, true);
    at += size;
  }
  return bytes;
}

// No name leads out of the folder that a ZIP is unpacked to.
const safe = (name) => name.split(/[\\/]/).filter((part) => part && part !== "." && part !== "..").join("/");

function free(name, names) {
  const dot = name.lastIndexOf(".");
  let other = name;
  for (let number = 2; names.has(other.toLowerCase()); number += 1)
    other = `${name.slice(0, dot)}-${number}${name.slice(dot)}`;
  names.add(other.toLowerCase());
  return other;
}
