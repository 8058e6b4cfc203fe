/** The page, put together. */

import { createChat } from "./chat.js";
import { createChunks } from "./chunks.js";
import { createLibrary } from "./documents.js";
import { byId } from "./dom.js";
import { droppedFiles } from "./dropped.js";
import { createUploads } from "./uploads.js";
import { createViewer } from "./viewer.js";
import { applyLanguage, changeLanguage, currentLanguage } from "./words.js";

// The same widths as in style.css: below the first the library is a drawer, below the second the
// source covers the conversation.
const NARROW = window.matchMedia("(max-width: 63.99rem)");
const PHONE = window.matchMedia("(max-width: 47.99rem)");
const REFRESH_MS = 400;

function start() {
  showLanguage();
  const drawer = createDrawer();
  const showSide = () => showSource(viewer.isOpen() || chunks.isOpen());
  const viewer = createViewer({ onToggle: showSide });
  const chunks = createChunks({ onToggle: showSide });
  const chat = createChat({
    collection: () => library.collection(),
    onCite: (citation, opener) => {
      chunks.close();
      viewer.open(citation, opener);
    },
  });
  const library = createLibrary({
    onCollection: (name) => chat.switchCollection(name),
    onList: (documents) => chat.showLibrary(documents),
    onOpen: (document, opener) => {
      drawer.close();
      chunks.close();
      viewer.read(document, opener);
    },
    onChunks: (document, title, opener) => {
      drawer.close();
      viewer.close();
      chunks.read(document, title, opener);
    },
    onDeleted: (documentId) => {
      if (chunks.shows(documentId)) chunks.close();
      if (viewer.shows(documentId)) viewer.close();
    },
  });
  const refreshSoon = debounced(() => library.refresh(), REFRESH_MS);
  const uploads = createUploads({ onIngested: refreshSoon, titleOf: library.titleOf });
  wireFiles((files) => {
    uploads.add(files, library.collection());
    drawer.open();
  });
  byId("language").addEventListener("click", () => {
    changeLanguage(currentLanguage() === "zh" ? "en" : "zh");
    showLanguage();
    chat.changeLanguage();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing || byId("confirm").open) return;
    if (drawer.isOpen()) drawer.close();
    else if (chunks.isOpen()) chunks.close();
    else viewer.close();
  });
  library.refresh();
  if (!NARROW.matches) chat.focus();
}

function showLanguage() {
  applyLanguage();
  const other = currentLanguage() === "zh" ? { name: "English", tag: "en" } : { name: "中文", tag: "zh-CN" };
  byId("language").textContent = other.name;
  byId("language").lang = other.tag;
}

/** The library slides in over the conversation where there is no room beside it. */
function createDrawer() {
  const toggle = byId("library-toggle");
  const isOpen = () => byId("rooms").classList.contains("library-open");
  function set(open) {
    if (open === isOpen()) return;
    byId("rooms").classList.toggle("library-open", open);
    toggle.setAttribute("aria-expanded", String(open));
    shieldCovered();
    if (!NARROW.matches) return;
    (open ? byId("library-close") : toggle).focus();
  }
  toggle.addEventListener("click", () => set(!isOpen()));
  byId("library-close").addEventListener("click", () => set(false));
  NARROW.addEventListener("change", () => set(false));
  PHONE.addEventListener("change", shieldCovered);
  return { isOpen, open: () => NARROW.matches && set(true), close: () => set(false) };
}

function showSource(open) {
  byId("rooms").classList.toggle("source-open", open);
  shieldCovered();
}

/** What lies under a panel must not take the focus. */
function shieldCovered() {
  const { classList } = byId("rooms");
  const byLibrary = NARROW.matches && classList.contains("library-open");
  const bySource = PHONE.matches && classList.contains("source-open");
  byId("conversation").inert = byLibrary || bySource;
}

function wireFiles(add) {
  const picker = byId("files");
  const drop = byId("drop");
  for (const id of ["choose-files", "empty-upload"]) {
    byId(id).addEventListener("click", () => picker.click());
  }
  picker.addEventListener("change", () => {
    add([...picker.files]);
    picker.value = "";
  });
  // The whole page takes files: one that misses the frame must not replace the page.
  document.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    drop.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) drop.classList.remove("over");
  });
  document.addEventListener("drop", async (event) => {
    drop.classList.remove("over");
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    add(await droppedFiles(event.dataTransfer));
  });
}

function debounced(action, milliseconds) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(action, milliseconds);
  };
}

start();
