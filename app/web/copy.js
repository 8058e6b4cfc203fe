/** A button that puts text on the clipboard. */

import { announce, button } from "./dom.js";
import { say, word } from "./words.js";

const SHOWN_MS = 2000;

/** Return a button that copies what `text()` returns and says whether it could. */
export function copyButton(text) {
  const copy = button({
    key: "copy",
    iconName: "copy",
    onClick: async () => {
      const key = (await copied(text())) ? "copied" : "copyFailed";
      say(copy.lastElementChild, key);
      announce(word(key));
      setTimeout(() => say(copy.lastElementChild, "copy"), SHOWN_MS);
    },
  });
  return copy;
}

async function copied(text) {
  // The clipboard interface exists on https and localhost only; an office network often has neither.
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return selectAndCopy(text);
    }
  }
  return selectAndCopy(text);
}

function selectAndCopy(text) {
  const area = document.createElement("textarea");
  const focused = document.activeElement;
  area.value = text;
  area.className = "unseen";
  area.setAttribute("aria-hidden", "true");
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  focused?.focus();
  return done;
}
