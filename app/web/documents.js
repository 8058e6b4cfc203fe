/** The library: which collection, which documents are in it, and how to remove one. */

import { deleteDocument, listCollections, listDocuments } from "./api.js";
import { announce, button, byId, make, worded } from "./dom.js";
import { problemNotice } from "./problems.js";
import { recall, remember } from "./remembered.js";
import { hush, say, word } from "./words.js";

const PAGE = 50;
const DEFAULT = "default";

/**
 * Run the library of the page.
 *
 * onCollection(name): another one was chosen. onList(documents or null where the list could not be
 * read). onOpen(document, opener): read one. onChunks(document, title, opener): see how one was cut.
 * onDeleted(documentId).
 */
export function createLibrary({ onCollection, onList, onOpen, onChunks, onDeleted }) {
  const select = byId("collection");
  const names = new Set([DEFAULT]);
  let collection = recall("collection") || DEFAULT;
  let documents = [];
  let total = 0;
  let asked = 0;

  function choose(name) {
    collection = name;
    remember("collection", name);
    showCollections();
    onCollection(name);
    return refresh();
  }

  function showCollections() {
    names.add(collection);
    const sorted = [...names].sort((left, right) => left.localeCompare(right));
    select.replaceChildren(...sorted.map((name) => new Option(name, name, false, name === collection)));
  }

  async function refreshCollections() {
    // The list of documents tells of any trouble with the service; this one need not repeat it.
    for (const name of await listCollections().catch(() => [])) names.add(name);
    showCollections();
  }

  /** Read the list anew, as far as it is shown. */
  async function refresh(count = Math.max(PAGE, documents.length)) {
    asked += 1;
    const turn = asked;
    try {
      const page = await listDocuments(collection, 0, count);
      if (turn !== asked) return;
      documents = page.documents;
      total = page.total;
      byId("document-problem").replaceChildren();
      showDocuments();
      onList(documents);
    } catch (problem) {
      if (turn !== asked) return;
      byId("document-problem").replaceChildren(problemNotice(problem, () => refresh()));
      onList(null);
    }
  }

  function showDocuments() {
    byId("document-list").replaceChildren(...documents.map(row));
    byId("document-none").hidden = total > 0;
    byId("document-more").hidden = documents.length >= total;
    if (total > 0) say(byId("document-count"), "count", { count: total });
    else hush(byId("document-count"));
  }

  function row(document) {
    const title = titleText(document);
    const open = make("button", "document-open", make("span", "document-title", title), facts(document));
    open.type = "button";
    open.addEventListener("click", () => onOpen(document, open));
    const remove = button({
      key: "deleteDocument",
      facts: { title },
      iconName: "delete",
      bare: true,
      className: "quiet square small",
      onClick: () => confirmDelete(document),
    });
    const cut = button({
      key: "showChunks",
      facts: { title },
      iconName: "chunks",
      bare: true,
      className: "quiet square small",
      onClick: () => onChunks(document, title, cut),
    });
    const item = make("li", "document", open, cut, remove);
    if (document.warnings?.length > 0) item.append(remarks(document.warnings));
    return item;
  }

  async function confirmDelete(document) {
    const title = titleText(document);
    if (!(await confirmed(title))) return;
    try {
      await deleteDocument(document.document_id);
    } catch (problem) {
      const notice = problemNotice(problem, () => confirmDelete(document));
      byId("document-problem").replaceChildren(notice);
      return;
    }
    announce(word("deleted", { title }));
    onDeleted(document.document_id);
    await refresh();
    byId("choose-files").focus();
  }

  select.addEventListener("change", () => choose(select.value));
  byId("document-more").addEventListener("click", () => refresh(documents.length + PAGE));
  wireNewCollection(choose);
  showCollections();

  return {
    collection: () => collection,
    refresh: () => Promise.all([refresh(), refreshCollections()]),
    titleOf: (documentId) => {
      const found = documents.find((document) => document.document_id === documentId);
      return found ? titleText(found) : null;
    },
  };
}

/** Return what to call a document: its title, or the name of its file. */
export function titleText(document) {
  return document.title || document.name || document.document_id;
}

function facts(document) {
  const line = make("span", "document-facts");
  if (document.name && document.name !== document.title) line.append(make("span", "", document.name));
  if (document.page_count) line.append(worded("span", "", "pages", { count: document.page_count }));
  if (document.size) line.append(make("span", "", sizeText(document.size)));
  return line;
}

function remarks(warnings) {
  const list = make("ul", "", ...warnings.map((warning) => make("li", "", warning)));
  return make("details", "document-remarks", worded("summary", "", "warnings", { count: warnings.length }), list);
}

function sizeText(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 ** 2) return `${Math.round(bytes / 1024)} KB`;
  return `${(bytes / 1024 ** 2).toFixed(1)} MB`;
}

function confirmed(title) {
  const dialog = byId("confirm");
  say(byId("confirm-detail"), "deleteDetail", { title });
  dialog.returnValue = "cancel";
  dialog.showModal();
  return new Promise((resolve) => {
    const onClose = () => resolve(dialog.returnValue === "delete");
    dialog.addEventListener("close", onClose, { once: true });
  });
}

function wireNewCollection(choose) {
  const form = byId("collection-form");
  const toggle = byId("collection-add");
  const show = (open) => {
    form.hidden = !open;
    toggle.setAttribute("aria-expanded", String(open));
  };
  toggle.addEventListener("click", () => {
    show(form.hidden);
    if (!form.hidden) byId("collection-name").focus();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const name = byId("collection-name").value.trim();
    if (name === "") return;
    show(false);
    form.reset();
    choose(name);
    byId("collection").focus();
  });
}
