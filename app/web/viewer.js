/** The source panel: a cited document, scrolled to the very characters that were cited. */

import { readDocument, sourceAddress } from "./api.js";
import { announce, byId, make, worded } from "./dom.js";
import { centre, createPanel } from "./panel.js";
import { renderPassages } from "./passage.js";
import { problemNotice } from "./problems.js";
import { locateQuote, utf16Offsets } from "./spans.js";
import { hush, say, word } from "./words.js";

/**
 * Run the source panel. onToggle() hears when it opens and closes.
 *
 * Returns `{open(citation, opener), read(document, opener), close(), isOpen(), shows(documentId)}`.
 * `opener` gets the focus back.
 */
export function createViewer({ onToggle }) {
  const panel = createPanel("source", onToggle);
  let turn = 0;
  let shown = null;

  async function load(target, citation, from) {
    turn += 1;
    const mine = turn;
    shown = target.document_id;
    prepare(target);
    panel.open(from);
    try {
      const source = await readDocument(target.document_id);
      if (mine === turn) present(source, citation);
    } catch (problem) {
      if (mine === turn) explain(problem, citation, () => load(target, citation, from));
    }
  }

  function close() {
    if (!panel.isOpen()) return;
    turn += 1;
    shown = null;
    byId("source-text").replaceChildren();
    panel.close();
  }

  byId("source-close").addEventListener("click", close);
  return {
    open: (citation, from) => load(citation, citation, from),
    read: (document, from) => load(document, null, from),
    close,
    isOpen: panel.isOpen,
    shows: (documentId) => shown === documentId,
  };
}

function prepare(target) {
  byId("source-title").textContent = target.title || target.name || target.document_id;
  byId("source-download").href = sourceAddress(target.document_id);
  byId("source-download").hidden = false;
  byId("source-notice").replaceChildren();
  hush(byId("source-page"));
  hush(byId("source-proof"));
  byId("source-text").replaceChildren(worded("p", "muted", "loading"));
}

function present(source, citation) {
  const toUnit = utf16Offsets(source.text);
  const found = citation && locateQuote(source.text, toUnit, citation);
  const container = byId("source-text");
  byId("source-title").textContent = source.title || byId("source-title").textContent;
  container.replaceChildren(renderPassages(source.text, source.blocks, toUnit, found ?? null));
  container.scrollTop = 0;
  if (citation) judge(source, citation, found);
  const mark = container.querySelector("mark");
  if (mark === null) return;
  mark.tabIndex = -1;
  mark.focus({ preventScroll: true });
  centre(container, mark);
}

/** Say whether what is highlighted is what was cited, and show the quote itself where it is not. */
function judge(source, citation, found) {
  const sameRevision = source.revision === citation.revision;
  if (sameRevision && found?.state === "exact") {
    if (citation.page !== null) say(byId("source-page"), "page", { page: citation.page });
    say(byId("source-proof"), "exact");
    announce(word("exact"));
    return;
  }
  const notice = make("div", "notice warning");
  if (!sameRevision) notice.append(worded("p", "", "revised"));
  if (found) notice.append(worded("p", "", "moved"));
  else notice.append(worded("p", "", "lost"), make("blockquote", "", citation.quote));
  byId("source-notice").replaceChildren(notice);
}

function explain(problem, citation, onRetry) {
  byId("source-text").replaceChildren();
  if (problem.status !== 404 || citation === null) {
    byId("source-notice").replaceChildren(problemNotice(problem, onRetry));
    return;
  }
  byId("source-download").hidden = true;
  const quote = make("blockquote", "", citation.quote);
  byId("source-notice").replaceChildren(make("div", "notice warning", worded("p", "", "gone"), quote));
}
