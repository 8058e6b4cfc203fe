/** The chunks panel: a document's text as it was cut, why it was cut there, and what each piece says. */

import { listChunks } from "./api.js";
import { announce, byId, make, worded } from "./dom.js";
import { centre, createPanel, inSight } from "./panel.js";
import { problemNotice } from "./problems.js";
import { utf16Offsets } from "./spans.js";
import { hush, knows, say, word } from "./words.js";

const PAGE = 50;
// Probabilities below the first speak of a new topic, those from the second on of the same one.
const NEW_TOPIC = 0.35;
const SAME_TOPIC = 0.65;

/**
 * Run the chunks panel. onToggle() hears when it opens and closes.
 *
 * Returns `{read(document, title, opener), close(), isOpen(), shows(documentId)}`. `opener` gets the
 * focus back.
 */
export function createChunks({ onToggle }) {
  const panel = createPanel("chunks", onToggle);
  const body = byId("chunks-body");
  let turn = 0;
  let shown = null;
  // What is on the page: `{chunk, text}`, the element that holds the chunk's text.
  let pieces = [];
  let chosen = null;

  function read(document, title, from) {
    shown = document.document_id;
    byId("chunks-title").textContent = title;
    clear();
    panel.open(from);
    return load();
  }

  function clear() {
    pieces = [];
    chosen = null;
    hush(byId("chunks-count"));
    byId("chunks-hint").hidden = true;
    byId("chunk-list").replaceChildren();
    byId("chunk-more").hidden = true;
    body.scrollTop = 0;
  }

  /** Show the next chunks. Returns the number of the first new one on the page, or null. */
  async function load() {
    turn += 1;
    const mine = turn;
    byId("chunks-notice").replaceChildren(worded("p", "muted small", "loadingChunks"));
    try {
      const page = await listChunks(shown, pieces.length, PAGE);
      if (mine !== turn) return null;
      if (pieces.length > 0 && page.chunks[0]?.revision !== pieces[0].chunk.revision) {
        // The document has a new revision: its chunks do not go on from these.
        clear();
        return load();
      }
      byId("chunks-notice").replaceChildren();
      return show(page);
    } catch (problem) {
      if (mine === turn) byId("chunks-notice").replaceChildren(problemNotice(problem, () => load()));
      return null;
    }
  }

  function show({ chunks, total }) {
    const first = pieces.length;
    for (const chunk of chunks) {
      const text = make("div", "chunk-text", chunk.text);
      pieces.push({ chunk, text });
      byId("chunk-list").append(make("li", "chunk", ...border(chunk), ...head(chunk), text, keys(chunk)));
    }
    say(byId("chunks-count"), "chunkCount", { count: total });
    byId("chunks-hint").hidden = !pieces.some(({ chunk }) => isScored(chunk));
    byId("chunk-more").hidden = pieces.length >= total;
    return first;
  }

  /** The key information of a chunk, a row for each kind of it. */
  function keys(chunk) {
    const chips = new Map();
    for (const key of chunk.keys) {
      if (!chips.has(key.kind)) chips.set(key.kind, make("div", "key-chips"));
      chips.get(key.kind).append(chip(key));
    }
    const rows = [...chips].map(([kind, row]) => make("li", "key-row", kindName(kind), row));
    return make("ul", "keys plain", ...rows);
  }

  function chip(key) {
    const element = make("button", "key", key.text);
    element.type = "button";
    element.dataset.kind = key.kind;
    element.setAttribute("aria-pressed", "false");
    element.addEventListener("click", () => choose(key, element));
    return element;
  }

  /** Mark where a key was read; a second time, take the mark off. */
  function choose(key, element) {
    const again = chosen?.element === element;
    chosen?.element.setAttribute("aria-pressed", "false");
    if (chosen) chosen.piece.text.replaceChildren(chosen.piece.chunk.text);
    chosen = null;
    // A heading stands in an earlier chunk than some that it is above.
    const piece = pieces.find(({ chunk }) => chunk.start <= key.start && key.start < chunk.end);
    if (again || !piece) return;
    chosen = { element, piece };
    element.setAttribute("aria-pressed", "true");
    const mark = markIn(piece, key);
    if (!inSight(body, mark)) centre(body, mark);
    announce(word("keyMarked", { number: piece.chunk.ordinal + 1 }));
  }

  function close() {
    if (!panel.isOpen()) return;
    turn += 1;
    shown = null;
    clear();
    panel.close();
  }

  byId("chunks-close").addEventListener("click", close);
  byId("chunk-more").addEventListener("click", async () => {
    const first = await load();
    if (first !== null) byId("chunk-list").children[first]?.querySelector("h3").focus();
  });
  return { read, close, isOpen: panel.isOpen, shows: (documentId) => shown === documentId };
}

function isScored(chunk) {
  return chunk.coherence !== null && chunk.coherence !== undefined;
}

/** What the service thinks of the border above a chunk; nothing where it was not asked. */
function border(chunk) {
  if (!isScored(chunk)) return [];
  const meter = make("meter", "chunk-odds");
  meter.value = chunk.coherence;
  // The number beside it says the same.
  meter.setAttribute("aria-hidden", "true");
  const percent = Math.round(chunk.coherence * 100);
  const words = worded("span", "chunk-percent", "goesOn", { percent });
  return [make("div", "chunk-border", words, meter, worded("span", "muted", meaning(chunk.coherence)))];
}

function meaning(coherence) {
  if (coherence < NEW_TOPIC) return "border_new";
  return coherence < SAME_TOPIC ? "border_open" : "border_same";
}

function head(chunk) {
  const number = worded("h3", "", "chunkNumber", { number: chunk.ordinal + 1 });
  number.tabIndex = -1;
  const line = make("div", "chunk-head", number);
  if (chunk.page !== null) line.append(worded("span", "", "page", { page: chunk.page }));
  line.append(worded("span", "", "chunkSpan", { start: chunk.start, end: chunk.end }));
  const path = chunk.heading_path.join(" › ");
  return path ? [line, make("p", "chunk-path", path)] : [line];
}

function kindName(kind) {
  const key = `key_${kind}`;
  return knows(key) ? worded("span", "key-kind", key) : make("span", "key-kind", kind);
}

/** Put the span of a key into <mark>, as far as the chunk holds it. Spans count code points. */
function markIn({ chunk, text }, key) {
  const toUnit = utf16Offsets(chunk.text);
  const start = toUnit(key.start - chunk.start);
  const end = toUnit(key.end - chunk.start);
  const mark = make("mark", "", chunk.text.slice(start, end));
  text.replaceChildren(chunk.text.slice(0, start), mark, chunk.text.slice(end));
  return mark;
}
