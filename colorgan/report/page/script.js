// Shows PHOTOGRAPHS (data.js) as a grid that is filled while one scrolls, and one at a time in the viewer.
// Whatever comes from files is put in as text, never as markup.
"use strict";

const AT_ONCE = 120; // cards that are added at a time: ten thousand at once would take seconds
const ORDERS = {
  path: () => 0, // as they come
  least: (a, b) => a.colorfulness - b.colorfulness,
  most: (a, b) => b.colorfulness - a.colorfulness,
  slow: (a, b) => b.seconds - a.seconds,
};

const byId = (id) => document.getElementById(id);
const [grid, viewer, split] = ["grid", "viewer", "split"].map(byId);
const folderOf = (path) => path.slice(0, Math.max(0, path.lastIndexOf("/")));

const sentinel = document.createElement("div");
grid.after(sentinel);
const endOfGrid = new IntersectionObserver((seen) => seen[0].isIntersecting && showMore(), { rootMargin: "1500px" });

let chosen = [];
let shown = 0; // how many of the chosen have a card
let current = 0;

function choose() {
  const name = byId("name").value.toLowerCase();
  const [folder, status, order] = ["folder", "status", "order"].map((id) => byId(id).value);
  const inFolder = (path) => !folder || folderOf(path) === folder || folderOf(path).startsWith(`${folder}/`);
  chosen = PHOTOGRAPHS.filter(
    (photo) => photo.path.toLowerCase().includes(name) && inFolder(photo.path) && (!status || photo.status === status),
  );
  if (order === "least" || order === "most") chosen = chosen.filter((photo) => photo.status === "colored");
  chosen.sort(ORDERS[order]);
  byId("count").textContent = `${chosen.length} of ${PHOTOGRAPHS.length}`;
  grid.replaceChildren();
  shown = 0;
  showMore();
}

function showMore() {
  const end = Math.min(shown + AT_ONCE, chosen.length);
  grid.append(...chosen.slice(shown, end).map((photo, index) => card(photo, shown + index)));
  shown = end;
  endOfGrid.disconnect();
  if (shown < chosen.length) endOfGrid.observe(sentinel); // tells at once if it is in view already
}

function card(photo, index) {
  const item = document.createElement("li");
  const box = item.appendChild(document.createElement(photo.after ? "button" : "div"));
  box.className = "card";
  item.className = photo.status;
  if (photo.after) {
    box.type = "button";
    const image = box.appendChild(document.createElement("img"));
    image.loading = "lazy";
    image.alt = "";
    image.src = photo.after;
    box.addEventListener("click", () => open(index));
  }
  const words = box.appendChild(document.createElement("div"));
  words.className = "words";
  words.textContent = photo.path;
  const remark = photo.status === "colored" ? "" : photo.error || photo.words;
  if (remark) words.appendChild(document.createElement("span")).textContent = remark;
  return item;
}

function open(index) {
  const photo = chosen[index];
  current = index;
  byId("viewer-name").textContent = photo.path;
  byId("viewer-before").src = photo.before;
  byId("viewer-after").src = photo.after;
  byId("viewer-link").href = photo.link;
  const facts = [photo.words, photo.how, `${photo.seconds.toFixed(2)} s`];
  if (photo.status === "colored") facts.push(`colorfulness ${photo.colorfulness.toFixed(1)}`);
  byId("viewer-facts").textContent = facts.filter(Boolean).join("; ");
  viewer.dispatchEvent(new CustomEvent("photo", { detail: photo }));
  if (!viewer.open) {
    viewer.showModal();
    split.focus();
  }
}

function step(by) {
  for (let index = current + by; index >= 0 && index < chosen.length; index += by)
    if (chosen[index].after) return open(index);
}

function moveSplit(percent) {
  split.value = percent;
  viewer.style.setProperty("--split", `${split.value}%`);
}

function moveFocus(event) {
  const cards = [...grid.querySelectorAll("button")];
  const at = cards.indexOf(document.activeElement);
  const columns = cards.findIndex((other) => other.offsetTop > cards[0].offsetTop);
  const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
  if (at < 0 || !by || !cards[at + by]) return;
  event.preventDefault();
  cards[at + by].focus();
}

function fill(select, values) {
  for (const [value, words] of values) select.append(new Option(words, value));
}

const folders = new Set(PHOTOGRAPHS.map((photo) => folderOf(photo.path)).filter(Boolean));
fill(byId("folder"), [...folders].sort().map((folder) => [folder, folder]));
fill(byId("status"), [...new Map(PHOTOGRAPHS.map((photo) => [photo.status, photo.words]))]);

document.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
for (const id of ["name", "folder", "status", "order"]) byId(id).addEventListener("input", choose);
grid.addEventListener("keydown", moveFocus);
split.addEventListener("input", () => moveSplit(split.value));
byId("previous").addEventListener("click", () => step(-1));
byId("next").addEventListener("click", () => step(1));
byId("close").addEventListener("click", () => viewer.close());
viewer.addEventListener("close", () => {
  while (shown <= current) showMore(); // it may be one that was not scrolled to yet
  grid.children[current].firstChild.focus();
});
viewer.addEventListener("keydown", (event) => {
  const by = { PageUp: -1, PageDown: 1 }[event.key];
  if (!by) return;
  event.preventDefault();
  step(by);
});
document.querySelector(".compare").addEventListener("pointermove", (event) => {
  if (event.pointerType === "mouse" && !event.buttons) return;
  const box = byId("viewer-after").getBoundingClientRect();
  moveSplit((100 * (event.clientX - box.left)) / box.width);
});
document.querySelector(".compare").addEventListener("dragstart", (event) => event.preventDefault());

choose();
