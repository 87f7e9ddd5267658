// Sends what is changed to the service that this page is from, which saves it and colors those photographs again.
"use strict";

let version = 0; // of pictures, which have the same names as before

const buttons = ["save", "save-too"].map(byId);
const keyOf = (row) => row.after?.split("?")[0]; // pictures have a name for each photograph

function tellSaving(text) {
  for (const each of document.querySelectorAll(".saving")) each.textContent = text;
}

async function save() {
  const sent = changed().map((each) => ({ each, state: JSON.stringify(edits.get(each)) }));
  const rules = sent.map(({ each }) => ({ ...nameOf(each), text: ruleText(each) }));
  for (const button of buttons) button.disabled = true;
  tellSaving("Saving");
  try {
    const headers = { "Content-Type": "application/json" };
    const response = await fetch("corrections", { method: "POST", headers, body: JSON.stringify({ rules }) });
    if (!response.ok) throw new Error((await response.json()).detail);
    await follow(response.body, sent);
  } catch (error) {
    tellSaving(`Not saved: ${error.message}`);
  }
  for (const button of buttons) button.disabled = false;
}

// The answer has a line of JSON for each thing that happens.
async function follow(body, sent) {
  const [reader, decoder] = [body.getReader(), new TextDecoder()];
  const faults = [];
  let [text, all, done, isOver] = ["", 0, 0, false];
  for (;;) {
    const { value, done: isEnd } = await reader.read();
    if (isEnd) break;
    const lines = (text + decoder.decode(value, { stream: true })).split("\n");
    text = lines.pop();
    for (const event of lines.map((line) => JSON.parse(line))) {
      if (event.event === "coloring") all = event.photographs;
      if (event.event === "photograph") {
        if (event.error) faults.push(`${event.path}: ${event.error}`);
        done += 1;
      }
      if (event.event === "done") finish(event, sent, done, faults);
      if (event.event === "failed") tellSaving(`Saved, but not colored again: ${event.why}`);
      if (event.event === "done" || event.event === "failed") isOver = true;
      else tellSaving(`Saved. Coloring ${counted(all)} again: ${done} done.`);
    }
  }
  if (!isOver) tellSaving("Saved, but the service stopped before all was colored again.");
}

function finish({ rows, corrections, left, why }, sent, done, faults) {
  Object.assign(CORRECTIONS, corrections);
  version += 1;
  for (const { each, state } of sent)
    if (JSON.stringify(edits.get(each)) === state) edits.delete(each);
    else first.set(each, state); // it was changed meanwhile
  const photos = new Map(PHOTOGRAPHS.map((each) => [keyOf(each), each]));
  for (const row of rows) refresh(photos.get(keyOf(row)), row);
  isLeft = left > 0;
  if (photo && viewer.open) open(current);
  tellChanged();
  const colored = `${counted(done - faults.length)} colored again`;
  const words = why ? `Saved; ${colored}, ${left} not: ${why}` : `Saved; ${colored}.`;
  tellSaving([words, ...faults].join("\n"));
}

// Take over what the report says of a photograph now.
function refresh(known, row) {
  if (!known) return;
  for (const key of ["own", "others", "by", "what", "planes"]) delete known[key];
  for (const key of ["after", "before", "planes", "link"]) if (row[key]) row[key] = `${row[key]}?${version}`;
  Object.assign(known, row);
  const index = chosen.indexOf(known);
  if (grid.children[index]) grid.children[index].replaceWith(card(known, index));
}

for (const button of buttons) button.addEventListener("click", save);
