// Corrects the photograph in the viewer: points of a color, strength, no color. toml.js writes what is changed.
"use strict";

const COLORS = [
  ["light skin", "#d9a58c"],
  ["dark skin", "#96603f"],
  ["blond", "#c9a86a"],
  ["brown hair", "#6b4a35"],
  ["sky", "#86b4e0"],
  ["leaves", "#64893f"],
  ["brick", "#a3523a"],
  ["wood", "#8f6438"],
  ["navy", "#2f4374"],
  ["gray", "#808080"],
  ["as it is", ""],
];
const FAR_ENOUGH = 0.5; // reach of a point, unless one says so

const [editor, canvas, stage, list] = ["editor", "canvas", "stage", "points"].map(byId);
const edits = new Map(); // by photograph, what the editor has for it
const first = new Map(); // the same before it was changed, as text
let photo = null; // that is in the viewer
let planesOf = null; // of that photograph, once they are there
let aim = { x: 0.5, y: 0.5 };
let loading = null;

const percent = (share) => `${Math.round(100 * share)} %`;
const say = (text) => (byId("told").textContent = text);
const nameOf = (each) => ({ by: each.by || "path", what: each.what || each.path });

const isSkipped = (each) => each.others?.skip ?? false; // unless it has a rule of its own

function editOf(each) {
  if (!edits.has(each)) {
    const { saturation = null, skip = isSkipped(each), hues = [], points = [] } = each.own || {};
    edits.set(each, { saturation, skip, hues, points: points.map((point) => ({ ...point })) });
    first.set(each, JSON.stringify(edits.get(each)));
  }
  return edits.get(each);
}

const isChanged = (each) => JSON.stringify(edits.get(each)) !== first.get(each);
const changed = () => [...edits.keys()].filter(isChanged);
const strength = () => editOf(photo).saturation ?? photo.others?.saturation ?? 1;

// A photograph's script calls this, which was loaded when it was opened.
function planes(data) {
  loading?.(data);
}

function load(wanted) {
  const script = document.createElement("script");
  planesOf = null;
  loading = async (data) => {
    const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes(data.luma)], { type: "image/jpeg" }));
    if (photo !== wanted) return; // another one was opened meanwhile
    const { width, height } = image;
    Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(image, 0, 0);
    const picture = context.getImageData(0, 0, width, height);
    const chroma = bytes(data.chroma);
    const size = data.width * data.height;
    planesOf = { width, height, picture, context, distances: new Map(), small: { width: data.width, height: data.height } };
    planesOf.luma = Uint8Array.from({ length: width * height }, (_, at) => picture.data[4 * at]);
    [planesOf.blue, planesOf.red] = [chroma.slice(0, size), chroma.slice(size)];
    draw();
  };
  script.addEventListener("error", () => say("This photograph has no planes: run colorgan-batch with --report again."));
  script.addEventListener("load", () => script.remove());
  script.src = wanted.planes;
  document.head.append(script);
}

function draw() {
  const edit = editOf(photo);
  for (const mark of stage.querySelectorAll(".mark:not(#aim)")) mark.remove();
  for (const point of edit.points) stage.append(markAt(point));
  tellChanged();
  byId("strength-value").textContent = percent(strength());
  byId("strength").value = strength();
  byId("skip").checked = edit.skip;
  if (!planesOf) return;
  const points = edit.skip ? [] : [...(photo.others?.points || []), ...edit.points];
  paint(planesOf, edit.skip ? 0 : strength(), points, planesOf.picture.data);
  planesOf.context.putImageData(planesOf.picture, 0, 0);
}

let isLeft = false; // what is saved is still to be colored again (save.js)
const counted = (number) => `${number} ${number === 1 ? "photograph" : "photographs"}`;

function tellChanged() {
  const number = changed().length;
  byId("changed").hidden = byId("changed-too").hidden = !number && !isLeft;
  const words = number || !isLeft ? `${counted(number)} changed.` : "Saved, but not colored again yet.";
  for (const id of ["changed-count", "changed-count-too"]) byId(id).textContent = words;
}

let waiting = false;
function drawSoon() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    if (photo && !editor.hidden) draw();
  });
}

function markAt(point) {
  const mark = document.createElement("span");
  mark.className = "mark";
  mark.style.left = `${100 * point.x}%`;
  mark.style.top = `${100 * point.y}%`;
  mark.style.background = point.color;
  return mark;
}

function moveAim(x, y) {
  aim = { x: Math.min(Math.max(x, 0), 1), y: Math.min(Math.max(y, 0), 1) };
  byId("aim").style.left = `${100 * aim.x}%`;
  byId("aim").style.top = `${100 * aim.y}%`;
}

const place = (point) => `${percent(point.x)} from the left, ${percent(point.y)} from the top`;

function colorThere(x, y) {
  const { width, height, picture } = planesOf;
  const at = Math.min(Math.floor(y * height), height - 1) * width + Math.min(Math.floor(x * width), width - 1);
  return `#${[0, 1, 2].map((channel) => picture.data[4 * at + channel].toString(16).padStart(2, "0")).join("")}`;
}

function addPoint(x, y) {
  if (!planesOf) return;
  const chosen = document.querySelector("#colors input:checked").value;
  const color = chosen === "own" ? byId("own-color").value : chosen || colorThere(x, y);
  const edit = editOf(photo);
  edit.skip = false;
  edit.points.push({ x: Number(x.toFixed(4)), y: Number(y.toFixed(4)), color, reach: FAR_ENOUGH });
  listPoints();
  draw();
  say(`Point ${edit.points.length}: ${place(edit.points.at(-1))}. Lower its reach if the color goes too far.`);
}

function listPoints() {
  const { points } = editOf(photo);
  list.replaceChildren(
    ...points.map((point, index) => {
      const item = document.createElement("li");
      const where = `point ${index + 1}, ${place(point)}`;
      item.append(`${index + 1}`, input("color", `Color of ${where}`, point, "color"));
      const reach = input("range", `Reach of ${where}, as a share of the longer side`, point, "reach");
      const remove = document.createElement("button");
      Object.assign(remove, { type: "button", textContent: "Remove" });
      remove.setAttribute("aria-label", `Remove ${where}`);
      remove.addEventListener("click", () => {
        points.splice(index, 1);
        listPoints();
        draw();
        say(`Point ${index + 1} is removed.`);
        (list.querySelector("button") || canvas).focus();
      });
      item.append("reach", reach, remove);
      return item;
    }),
  );
}

function input(type, label, point, key) {
  const field = document.createElement("input");
  Object.assign(field, type === "range" ? { type, min: 0.02, max: 2, step: 0.02 } : { type });
  field.value = point[key];
  field.title = type === "range" ? "Reach" : "Color";
  field.setAttribute("aria-label", label);
  field.addEventListener("input", () => {
    point[key] = type === "range" ? Number(field.value) : field.value;
    drawSoon();
  });
  return field;
}

function download() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([tomlText()], { type: "application/toml" }));
  link.download = "corrections.toml";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  for (const each of edits.keys()) saved.set(each, JSON.stringify(edits.get(each)));
  say("Save corrections.toml in the results folder, beside manifest.jsonl, and run the same command again.");
}

const saved = new Map();
const isUnsaved = () => changed().some((each) => saved.get(each) !== JSON.stringify(edits.get(each)));

function toggle(on) {
  editor.hidden = !on;
  for (const part of document.querySelectorAll(".compare, .split")) part.hidden = on;
  byId("correct").setAttribute("aria-expanded", on);
  byId("correct").classList.toggle("primary", !on);
  byId("correct").textContent = on ? "Compare" : "Correct colors";
  byId("keys").textContent = on
    ? "Click sets a point. With keys: arrow keys aim, Shift makes larger steps, Enter sets a point. Page Up and Page Down go to other photographs."
    : "Arrow keys move the edge, Page Up and Page Down go to other photographs, Escape closes.";
  if (on) show();
}

function show() {
  say("");
  moveAim(0.5, 0.5);
  listPoints();
  load(photo);
  draw();
}

for (const [index, [words, color]] of [...COLORS, ["other", "own"]].entries()) {
  const label = document.createElement("label");
  const radio = label.appendChild(document.createElement("input"));
  Object.assign(radio, { type: "radio", name: "color", value: color, checked: index === 0 });
  if (color.startsWith("#")) {
    const chip = label.appendChild(document.createElement("span"));
    chip.className = "chip";
    chip.style.background = color;
  }
  label.append(words);
  byId("colors").append(label);
  if (color !== "own") continue;
  byId("colors").append(byId("own-color"));
  byId("own-color").addEventListener("input", () => (radio.checked = true));
}

viewer.addEventListener("photo", (event) => {
  photo = event.detail;
  byId("correct").hidden = !photo.planes;
  toggle(!editor.hidden && Boolean(photo.planes));
});
viewer.addEventListener("close", () => toggle(false));
byId("correct").addEventListener("click", () => {
  toggle(editor.hidden);
  (editor.hidden ? split : canvas).focus();
});
canvas.addEventListener("click", (event) => {
  const box = canvas.getBoundingClientRect();
  moveAim((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
  addPoint(aim.x, aim.y);
});
canvas.addEventListener("keydown", (event) => {
  const by = event.shiftKey ? 0.05 : 0.01;
  const [x, y] = { ArrowLeft: [-by, 0], ArrowRight: [by, 0], ArrowUp: [0, -by], ArrowDown: [0, by] }[event.key] || [0, 0];
  if (x || y) {
    moveAim(aim.x + x, aim.y + y);
    say(`${place(aim)}.`);
  } else if (event.key === "Enter" || event.key === " ") addPoint(aim.x, aim.y);
  else return;
  event.preventDefault();
});
byId("strength").addEventListener("input", () => {
  const value = Number(byId("strength").value);
  editOf(photo).saturation = value === (photo.others?.saturation ?? 1) ? null : value;
  byId("strength-value").textContent = percent(value);
  drawSoon();
});
byId("skip").addEventListener("input", () => {
  editOf(photo).skip = byId("skip").checked;
  drawSoon();
});
for (const id of ["download", "download-too"]) byId(id)?.addEventListener("click", download);
window.addEventListener("beforeunload", (event) => isUnsaved() && event.preventDefault());
