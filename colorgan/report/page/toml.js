// The text of corrections.toml: the rules of photographs that were changed (editor.js) replace theirs, and all other rules
// stay as they are in CORRECTIONS (data.js). colorgan/corrections/merging.py does the same.
"use strict";

// A basic string of TOML: JSON's escapes are the same but for DEL.
const quoted = (text) => JSON.stringify(text).replace(/\u007f/g, "\\u007f");

function ruleText(each) {
  const { saturation, skip, hues, points } = edits.get(each);
  const { by, what } = nameOf(each);
  const lines = [`[[photo]]`, `${by} = ${quoted(what)}`];
  if (saturation !== null) lines.push(`saturation = ${saturation}`);
  if (skip !== isSkipped(each)) lines.push(`skip = ${skip}`);
  if (hues.length) lines.push(`hues = [${hues.map(quoted).join(", ")}]`);
  if (points.length) lines.push("points = [");
  for (const { x, y, color, reach } of points) {
    const far = reach === FAR_ENOUGH ? "" : `, reach = ${reach}`;
    lines.push(`  { x = ${x}, y = ${y}, color = "${color}"${far} },`);
  }
  if (points.length) lines.push("]");
  return lines.length > 2 ? `${lines.join("\n")}\n` : "";
}

function tomlText() {
  const key = ({ by, what }) => `${by} ${what.normalize("NFC")}`;
  const leads = new Map(changed().map((each) => [key(nameOf(each)), ""])); // comments above rules that are replaced
  let text = CORRECTIONS.head;
  for (const rule of CORRECTIONS.rules)
    if (leads.has(key(rule))) leads.set(key(rule), leads.get(key(rule)) + rule.lead);
    else text += rule.lead + rule.text;
  const mine = changed().map((each) => leads.get(key(nameOf(each))) + ruleText(each));
  for (const part of [...mine, CORRECTIONS.tail])
    if (part.trim()) text = `${text.trimEnd()}\n\n${part.trim()}\n`.trimStart();
  return text;
}
