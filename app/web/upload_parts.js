/** The files of an archive, in its row of the upload list. */

import { make } from "./dom.js";
import { describe, showProgress } from "./upload_status.js";
import { label } from "./words.js";

// Of a longer archive only what failed is named; the row counts the rest.
const LONGEST = 20;

/** Return `{element, start(count), show(part)}`; part: `{name, status}`, the same object each time. */
export function createUploadParts(name) {
  const element = make("ul", "upload-parts plain");
  label(element, "filesOf", { name });
  const rows = new Map();
  let brief = false;

  function start(count) {
    brief = count > LONGEST;
    rows.clear();
    element.replaceChildren();
    element.hidden = true;
  }

  function show(part) {
    if (brief && part.status.state !== "failed") return;
    if (!rows.has(part)) rows.set(part, append(part.name));
    const { row, bar, status, reason } = rows.get(part);
    row.dataset.state = part.status.state;
    showProgress(bar, part.status);
    bar.hidden ||= part.status.state === "queued";
    describe(status, reason, part.status);
  }

  function append(title) {
    const bar = make("progress");
    bar.max = 1;
    bar.setAttribute("aria-label", title);
    const status = make("p", "upload-status");
    const reason = make("p", "upload-reason");
    const row = make("li", "upload-part", make("span", "upload-part-name", title), bar, status, reason);
    element.append(row);
    element.hidden = false;
    return { row, bar, status, reason };
  }

  start(0);
  return { element, start, show };
}
