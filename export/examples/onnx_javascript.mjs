// node onnx_javascript.mjs MODEL.rgb.onnx PHOTO.pgm RESULT.ppm: color a photograph by onnxruntime-web.
// The same calls work in a browser, with the pixels of a canvas in place of the files.

import { readFileSync, writeFileSync } from "node:fs";
import * as ort from "onnxruntime-web";

const [model, photo, result] = process.argv.slice(2);
const { stride } = JSON.parse(readFileSync(`${model}.json`)); // heights and widths are multiples of this

const bytes = readFileSync(photo);
const header = /^P5\s+(\d+)\s+(\d+)\s+255\s/.exec(bytes.subarray(0, 64).toString("latin1"));
if (!header) throw new Error(`${photo}: is not an 8-bit binary PGM`);
const [fullWidth, fullHeight] = header.slice(1, 3).map(Number);
const [width, height] = [fullWidth, fullHeight].map((side) => side - (side % stride));

const gray = new Float32Array(width * height); // in [0, 1]
for (let y = 0; y < height; y++)
  for (let x = 0; x < width; x++) gray[y * width + x] = bytes[header[0].length + y * fullWidth + x] / 255;

ort.env.wasm.numThreads = 1;
const session = await ort.InferenceSession.create(readFileSync(model));
const { rgb } = await session.run({ gray: new ort.Tensor("float32", gray, [1, 1, height, width]) });

const pixels = Buffer.alloc(3 * width * height);
for (let channel = 0; channel < 3; channel++)
  for (let i = 0; i < width * height; i++)
    pixels[3 * i + channel] = Math.round(255 * rgb.data[channel * width * height + i]);
writeFileSync(result, Buffer.concat([Buffer.from(`P6\n${width} ${height}\n255\n`), pixels]));
