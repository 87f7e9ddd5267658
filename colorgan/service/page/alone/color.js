// Colors a photograph in this browser: pixels in a worker, metadata here. Nothing is sent anywhere.
import { containerOf } from "./formats.js";

export const AT_ONCE = 1;

const worker = new Worker("worker.js", { type: "module" });
const waiting = new Map();
let number = 0;
let credit = null;

worker.addEventListener("message", ({ data: { id, error, ...answer } }) => {
  const { resolve, reject } = waiting.get(id);
  waiting.delete(id);
  if (error) reject(new Error(error));
  else resolve(answer);
});

function ask(question) {
  number += 1;
  worker.postMessage({ id: number, ...question });
  return new Promise((resolve, reject) => waiting.set(number, { resolve, reject }));
}

export async function start() {
  const broken = new Promise((_, reject) => {
    worker.addEventListener("error", (event) => reject(new Error(event.message || "its worker cannot be loaded")));
  });
  ({ credit } = await Promise.race([ask({ start: true }), broken]));
}

export async function color(file, saturation, signal) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const container = await containerOf(bytes);
  signal.throwIfAborted();
  const { type, source, orientation, convertsProfile } = container;
  const question = { blob: new Blob([source]), orientation, saturation, type, convertsProfile };
  const { data, isColor } = await ask(question);
  signal.throwIfAborted();
  if (isColor) return { blob: new Blob([bytes], { type: container.ownType }), suffix: container.ownSuffix, note: "in color already; unchanged" };
  const blob = new Blob([await container.wrap(new Uint8Array(data), credit)], { type: container.type });
  return { blob, suffix: container.suffix, note: container.note };
}
