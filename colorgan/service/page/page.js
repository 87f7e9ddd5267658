// The page: photographs come in, are colored one after the other by color.js, and are shown and saved.
// Names of files are put in as text, never as markup.
import { AT_ONCE, color, start } from "./color.js";
import { chosen, dropped } from "./files.js";
import { zipped } from "./zip.js";

const SIDE = 480; // of thumbnails, in pixels
const MOST_IN_A_ZIP = 2 ** 31; // bytes: older programs cannot open larger ones

const byId = (id) => document.getElementById(id);
const [grid, viewer, split, saturation, drop] = ["grid", "viewer", "split", "saturation", "drop"].map(byId);

let photos = []; // { path, file, state, note, result, name, card, ... }
let running = 0;
let isReady = false;
let shown = null; // the photograph in the viewer

function add(files) {
  const first = photos.length;
  for (const { path, file } of files) {
    const photo = { path, file, state: "waiting", note: "", abort: null };
    photo.card = card(photo);
    photos.push(photo);
  }
  if (photos.length === first) return say("There are no photographs in that.");
  grid.append(...photos.slice(first).map((photo) => photo.card));
  if (photos.length === 1) photos[0].opens = true;
  go();
}

function card(photo) {
  const item = document.createElement("li");
  const button = item.appendChild(document.createElement("button"));
  button.className = "card";
  button.type = "button";
  button.disabled = true;
  const image = button.appendChild(document.createElement("img"));
  image.alt = "";
  image.hidden = true;
  const words = button.appendChild(document.createElement("div"));
  words.className = "words";
  words.textContent = photo.path;
  words.append(document.createElement("span"));
  const save = item.appendChild(document.createElement("a"));
  save.className = "button";
  save.hidden = true;
  button.addEventListener("click", () => open(photo));
  return item;
}

function show(photo) {
  const [image, note, save] = ["img", "span", "a"].map((tag) => photo.card.querySelector(tag));
  photo.card.className = photo.state;
  note.textContent = { waiting: "waiting", working: "coloring" }[photo.state] ?? photo.note;
  const isDone = photo.state === "done";
  photo.card.querySelector("button").disabled = !isDone || !photo.thumbnail;
  save.hidden = !isDone;
  if (!isDone) return;
  image.hidden = !photo.thumbnail;
  if (photo.thumbnail) image.src = photo.thumbnail;
  save.href = photo.url;
  save.download = photo.name.split("/").at(-1);
  save.textContent = "Download";
  save.setAttribute("aria-label", `Download ${photo.name}`);
}

function go() {
  if (!isReady) return;
  while (running < AT_ONCE) {
    const photo = photos.find((other) => other.state === "waiting");
    if (!photo) break;
    running += 1;
    work(photo).finally(() => {
      running -= 1;
      go();
    });
  }
  tell();
}

async function work(photo) {
  photo.abort = new AbortController();
  const { signal } = photo.abort;
  photo.state = "working";
  show(photo);
  try {
    const { blob, suffix, note } = await color(photo.file, Number(saturation.value), signal);
    const preview = await thumbnail(blob);
    if (signal.aborted) return;
    forget(photo);
    photo.url = URL.createObjectURL(blob);
    photo.thumbnail = preview;
    photo.result = blob;
    photo.name = resultName(photo.path, suffix);
    photo.note = [note, preview ? "" : "this browser cannot show it; the download has it"].filter(Boolean).join("; ");
    photo.state = "done";
  } catch (error) {
    if (signal.aborted) return;
    photo.state = "failed";
    photo.note = error.message;
  }
  show(photo);
  if (photo === shown) open(photo);
  if (photo.opens && photo.thumbnail) open(photo);
  photo.opens = false;
}

function resultName(path, suffix) {
  const slash = path.lastIndexOf("/") + 1;
  const name = path.slice(slash);
  const same = { jpg: /\.(jpe?g|jpe|jfif)$/i, tiff: /\.tiff?$/i }[suffix] ?? new RegExp(`\\.${suffix}$`, "i");
  return `${path.slice(0, slash)}colorized_${name}${same.test(name) ? "" : `.${suffix}`}`;
}

async function thumbnail(blob) {
  try {
    const whole = await createImageBitmap(blob);
    const scale = Math.min(1, SIDE / Math.max(whole.width, whole.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, whole.width * scale);
    canvas.height = Math.max(1, whole.height * scale);
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(whole, 0, 0, canvas.width, canvas.height);
    whole.close();
    const small = await new Promise((resolve) => canvas.toBlob(resolve, "image/webp", 0.85));
    return URL.createObjectURL(small);
  } catch {
    return ""; // a format that this browser cannot show
  }
}

function forget(photo) {
  for (const url of [photo.url, photo.thumbnail]) if (url) URL.revokeObjectURL(url);
  photo.url = photo.thumbnail = "";
}

function tell() {
  const count = (state) => photos.filter((photo) => photo.state === state).length;
  const [done, failed] = [count("done"), count("failed")];
  byId("download").disabled = !done || done + failed < photos.length;
  byId("clear").disabled = !photos.length;
  if (!photos.length) return say("Ready.");
  say(`${done} of ${photos.length} done${failed ? `; ${failed} failed` : ""}.`);
}

function say(words) {
  byId("status").textContent = words;
}

function again() {
  for (const photo of photos) {
    photo.abort?.abort();
    photo.state = "waiting";
    show(photo);
  }
  go();
}

async function download() {
  const done = photos.filter((photo) => photo.state === "done");
  byId("download").disabled = true;
  for (let from = 0, part = 1; from < done.length; part += 1) {
    let end = from;
    for (let size = 0; end < done.length && (end === from || size + done[end].result.size < MOST_IN_A_ZIP); end += 1)
      size += done[end].result.size;
    const files = done.slice(from, end).map(({ name, result }) => ({ name, blob: result }));
    const isAll = from === 0 && end === done.length;
    save(await zipped(files), isAll ? "colorized.zip" : `colorized_${part}.zip`);
    from = end;
  }
  byId("download").disabled = false;
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function open(photo) {
  if (photo.state !== "done") return;
  shown = photo;
  if (photo.before) URL.revokeObjectURL(photo.before);
  photo.before = URL.createObjectURL(photo.file);
  byId("viewer-name").textContent = photo.path;
  byId("viewer-before").src = photo.before;
  byId("viewer-after").src = photo.url;
  byId("viewer-note").textContent = photo.note;
  byId("viewer-save").href = photo.url;
  byId("viewer-save").download = photo.name.split("/").at(-1);
  if (viewer.open) return;
  viewer.showModal();
  split.focus();
}

function moveSplit(percent) {
  split.value = percent;
  viewer.style.setProperty("--split", `${split.value}%`);
}

for (const id of ["files", "folder"])
  byId(id).addEventListener("change", (event) => {
    add(chosen(event.target.files));
    event.target.value = ""; // the same may be chosen again
  });
// A drop beside the field must not open the file in place of the page.
for (const kind of ["dragover", "drop"]) document.addEventListener(kind, (event) => event.preventDefault());
document.addEventListener("dragover", () => drop.classList.add("over"));
document.addEventListener("dragleave", (event) => event.relatedTarget ?? drop.classList.remove("over"));
document.addEventListener("drop", async (event) => {
  drop.classList.remove("over");
  add(await dropped(event.dataTransfer));
});
document.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
saturation.addEventListener("input", () => {
  byId("saturation-words").textContent = Number(saturation.value).toFixed(1);
});
saturation.addEventListener("change", again);
byId("download").addEventListener("click", download);
byId("clear").addEventListener("click", () => {
  for (const photo of photos) {
    photo.abort?.abort();
    forget(photo);
  }
  photos = [];
  grid.replaceChildren();
  tell();
});
split.addEventListener("input", () => moveSplit(split.value));
byId("close").addEventListener("click", () => viewer.close());
viewer.addEventListener("close", () => {
  URL.revokeObjectURL(shown.before);
  shown.before = "";
  shown.card.querySelector("button").focus();
  shown = null;
});
const compare = document.querySelector(".compare");
compare.addEventListener("pointermove", (event) => {
  if (event.pointerType === "mouse" && !event.buttons) return;
  const box = byId("viewer-after").getBoundingClientRect();
  moveSplit((100 * (event.clientX - box.left)) / box.width);
});
compare.addEventListener("dragstart", (event) => event.preventDefault());

start().then(
  () => {
    isReady = true;
    go();
  },
  (error) => say(`This page cannot color photographs: ${error.message}`),
);
