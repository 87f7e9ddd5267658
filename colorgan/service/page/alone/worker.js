// Predicts and lays on colors, off the page's thread.
import * as ort from "./ort.wasm.bundle.min.mjs";
import { inputShape, isInColor, layOver, lumaOf, padded, resized } from "./pixels.js";

const MOST_PIXELS = 100_000_000;
const QUALITY = 0.95; // of JPEG, as the engine has it

let model = null;
let session = null;

async function start() {
  const load = async (name) => {
    const response = await fetch(name);
    if (!response.ok) throw new Error(`${name} cannot be loaded (status ${response.status})`);
    return response;
  };
  const [about, weights, binary] = await Promise.all([
    load("model.json").then((response) => response.json()),
    load("model.onnx").then((response) => response.arrayBuffer()),
    load("ort-wasm-simd-threaded.wasm").then((response) => response.arrayBuffer()),
  ]);
  model = about;
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = binary;
  session = await ort.InferenceSession.create(weights, { executionProviders: ["wasm"] });
  await predict({ data: new Uint8Array(model.native_size ** 2).fill(128), width: model.native_size, height: model.native_size });
  return { credit: model.credit };
}

async function predict(luma) {
  const { data, width, height } = padded(luma, model.stride);
  const { chroma } = await session.run({ luma: new ort.Tensor("uint8", data, [1, 1, height, width]) });
  return { data: chroma.data, width, height };
}

async function color({ blob, orientation, saturation, type, convertsProfile }) {
  const options = { colorSpaceConversion: convertsProfile ? "default" : "none", premultiplyAlpha: "none" };
  const bitmap = await createImageBitmap(blob, options).catch(() => {
    throw new Error("is damaged, or no picture that this browser reads");
  });
  if (bitmap.width * bitmap.height > MOST_PIXELS) {
    const size = `${bitmap.width} x ${bitmap.height}`;
    bitmap.close();
    throw new Error(`has ${size} pixels, too many for a browser; use colorgan-batch`);
  }
  const { canvas, context } = turned(bitmap, orientation);
  bitmap.close();
  const { width, height } = canvas;
  const image = context.getImageData(0, 0, width, height);
  const [rows, columns] = inputShape(width, height, model.native_size, model.stride);
  if (isInColor(image.data, width, height, columns, rows, model.toned)) return { isColor: true };
  const luma = lumaOf(image.data);
  const small = { data: resized(luma, width, height, columns, rows), width: columns, height: rows };
  const chroma = await predict(small);
  layOver(image.data, luma, width, height, { ...chroma, columns, rows }, saturation);
  context.putImageData(image, 0, 0);
  const result = await canvas.convertToBlob({ type, quality: QUALITY });
  if (result.type !== type) throw new Error(`cannot be written as ${type} by this browser`);
  return { data: await result.arrayBuffer() };
}

// The picture on a canvas, upright.
function turned(bitmap, orientation) {
  const [width, height] = [bitmap.width, bitmap.height];
  const canvas = orientation > 4 ? new OffscreenCanvas(height, width) : new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const turns = [
    [1, 0, 0, 1, 0, 0],
    [-1, 0, 0, 1, width, 0],
    [-1, 0, 0, -1, width, height],
    [1, 0, 0, -1, 0, height],
    [0, 1, 1, 0, 0, 0],
    [0, 1, -1, 0, height, 0],
    [0, -1, -1, 0, height, width],
    [0, -1, 1, 0, 0, width],
  ];
  context.setTransform(...turns[orientation - 1]);
  context.drawImage(bitmap, 0, 0);
  return { canvas, context };
}

self.addEventListener("message", async ({ data: { id, ...question } }) => {
  try {
    const answer = await (question.start ? start() : color(question));
    self.postMessage({ id, ...answer }, answer.data ? [answer.data] : []);
  } catch (error) {
    self.postMessage({ id, error: error.message });
  }
});
