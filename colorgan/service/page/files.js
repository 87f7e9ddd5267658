// Which files a choice or a drop holds, with their paths; hidden ones are left out.

const isWanted = (path) => !path.split("/").some((part) => part.startsWith("."));

export function chosen(files) {
  return [...files]
    .map((file) => ({ path: file.webkitRelativePath || file.name, file }))
    .filter(({ path }) => isWanted(path));
}

export async function dropped(transfer) {
  // Entries must be taken before anything is waited for: the drop is over then.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  if (!entries.some(Boolean)) return chosen(transfer.files);
  const found = [];
  for (const entry of entries.filter(Boolean)) await walk(entry, entry.name, found);
  return found.filter(({ path }) => isWanted(path));
}

async function walk(entry, path, found) {
  if (entry.isFile) {
    found.push({ path, file: await new Promise((resolve, reject) => entry.file(resolve, reject)) });
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)); // 100 at a time
    if (!some.length) return;
    for (const child of some) await walk(child, `${path}/${child.name}`, found);
  }
}
