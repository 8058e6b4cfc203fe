/** A document's text as headings, paragraphs, lists, tables and code, with one passage marked. */

import { make, worded } from "./dom.js";

/**
 * Return the blocks of `text` as elements; the UTF-16 span `marked` (or null) becomes <mark>.
 *
 * blocks: `{kind, start, end, page, level}` in code points; toUnit maps those to UTF-16. Text is
 * only ever put into text nodes, so nothing in a document can run.
 */
export function renderPassages(text, blocks, toUnit, marked) {
  const whole = { kind: "paragraph", start: 0, end: Infinity, page: null, level: 0 };
  const parts = document.createDocumentFragment();
  let page = null;
  let list = null;
  for (const block of blocks.length > 0 ? blocks : [whole]) {
    if (block.page !== null && block.page !== page) {
      page = block.page;
      list = null;
      parts.append(worded("div", "page-mark", "page", { page }));
    }
    const span = { text, start: toUnit(block.start), end: toUnit(block.end), marked };
    if (block.kind === "list_item") {
      if (list === null) parts.append((list = make("ul", "items")));
      list.append(filled(make("li"), span));
    } else {
      list = null;
      parts.append(element(block, span));
    }
  }
  return parts;
}

function element(block, span) {
  if (block.kind === "heading") return heading(block.level, span);
  if (block.kind === "code") return filled(make("pre", "code"), span);
  if (block.kind === "table") return table(span);
  return filled(make("p"), span);
}

function heading(level, span) {
  // h1 and h2 are the page's own.
  return filled(make(`h${Math.min(6, Math.max(1, level) + 2)}`), span);
}

/** Rows are lines; cells are parted by a tab, or an upright bar between blanks. Each cell knows its own span. */
function table({ text, start, end, marked }) {
  const body = make("tbody");
  for (const line of pieces(text, start, end, /\n/g)) {
    const row = make("tr");
    for (const cell of pieces(text, line.start, line.end, /\t| \| /g)) {
      row.append(filled(make("td"), { text, ...cell, marked }));
    }
    body.append(row);
  }
  const frame = make("div", "table-frame", make("table", "", body));
  frame.tabIndex = 0;
  return frame;
}

function pieces(text, start, end, separator) {
  const found = [];
  let from = start;
  for (const match of text.slice(start, end).matchAll(separator)) {
    found.push({ start: from, end: start + match.index });
    from = start + match.index + match[0].length;
  }
  found.push({ start: from, end });
  return found;
}

/** Fill `parent` with the span's text, its marked part inside <mark>. */
function filled(parent, { text, start, end, marked }) {
  const from = marked === null ? end : Math.min(end, Math.max(start, marked.start));
  const to = marked === null ? end : Math.min(end, Math.max(start, marked.end));
  if (from >= to) {
    parent.append(text.slice(start, end));
    return parent;
  }
  const before = text.slice(start, from);
  const after = text.slice(to, end);
  if (before) parent.append(before);
  parent.append(make("mark", "", text.slice(from, to)));
  if (after) parent.append(after);
  return parent;
}
