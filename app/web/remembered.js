/** What the browser keeps for this page; where storage is denied, nothing is kept and nothing fails. */

/** Return the stored text of `key`, or null. */
export function recall(key, store = "localStorage") {
  try {
    return window[store].getItem(`youju.${key}`);
  } catch {
    return null;
  }
}

/** Store `text` under `key`. */
export function remember(key, text, store = "localStorage") {
  try {
    window[store].setItem(`youju.${key}`, text);
  } catch {
    // A private window may refuse; the page works without.
  }
}
