/** The files of a drag-and-drop, those inside dropped folders included. */

/** Return all files under a DataTransfer, folders walked in depth. */
export async function droppedFiles(transfer) {
  // Entries must be taken before the first await: the browser empties the transfer after the event.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  if (!entries.some((entry) => entry?.isDirectory)) return [...transfer.files];
  const files = await Promise.all(entries.filter(Boolean).map(filesUnder));
  return files.flat();
}

async function filesUnder(entry) {
  // Files whose name starts with a dot are the file manager's, not the reader's.
  if (entry.name.startsWith(".")) return [];
  if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  const reader = entry.createReader();
  const files = [];
  for (;;) {
    const batch = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (batch.length === 0) return files;
    for (const child of batch) files.push(...(await filesUnder(child)));
  }
}
