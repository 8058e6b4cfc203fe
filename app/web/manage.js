/** The pages of scripts, policy and audit, put together: one room is shown, that of the address. */

import { createAuditRoom } from "./audit_room.js";
import { byId, make } from "./dom.js";
import { readCollections } from "./manage_api.js";
import { createPolicyRoom } from "./policy_room.js";
import { recall, remember } from "./remembered.js";
import { createScriptRoom } from "./script_room.js";
import { applyLanguage, changeLanguage, currentLanguage, say } from "./words.js";

const DEFAULT = "default";

function start() {
  const collection = byId("collection");
  const rooms = {
    scripts: createScriptRoom(() => collection.value),
    policy: createPolicyRoom(() => collection.value),
    audit: createAuditRoom(() => collection.value),
  };
  const shown = () => (location.hash.slice(1) in rooms ? location.hash.slice(1) : "scripts");

  function enter(focus) {
    const name = shown();
    for (const link of document.querySelectorAll("[data-room]")) {
      if (link.dataset.room === name) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    for (const room of Object.keys(rooms)) byId(`room-${room}`).hidden = room !== name;
    say(byId("room-title"), name);
    rooms[name].show();
    if (focus) byId("room-title").focus();
  }

  window.addEventListener("hashchange", () => enter(true));
  collection.addEventListener("change", () => {
    remember("collection", collection.value);
    rooms[shown()].show();
  });
  byId("language").addEventListener("click", () => {
    changeLanguage(currentLanguage() === "zh" ? "en" : "zh");
    showLanguage();
    // What is written in the reader's language, moments and reasons, is written anew.
    rooms[shown()].show();
  });
  showLanguage();
  showCollections([recall("collection") ?? DEFAULT]);
  enter(false);
  readCollections().then(
    (names) => showCollections(names),
    () => {}, // the room itself tells that the service is away
  );
}

function showLanguage() {
  applyLanguage();
  const other = currentLanguage() === "zh" ? { name: "English", tag: "en" } : { name: "中文", tag: "zh-CN" };
  byId("language").textContent = other.name;
  byId("language").lang = other.tag;
}

/** List collections; the chosen one, and the default one, are there even while they are empty. */
function showCollections(names) {
  const select = byId("collection");
  const chosen = select.value || names[0];
  const all = [...new Set([...names, chosen, DEFAULT])].sort();
  select.replaceChildren(
    ...all.map((name) => {
      const option = make("option", "", name);
      option.value = name;
      return option;
    }),
  );
  select.value = chosen;
}

start();
