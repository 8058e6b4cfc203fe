/** A panel beside the conversation: something opens it, is marked while it is open, and gets the focus back. */

import { byId } from "./dom.js";

/**
 * Run the panel with the id `name`, its title `name-title`. onToggle() hears when it opens and closes.
 *
 * Returns `{open(opener), close(), isOpen()}`.
 */
export function createPanel(name, onToggle) {
  const panel = byId(name);
  let opener = null;

  /** Remember what opened the panel, and mark it while the panel shows what it points to. */
  function pointFrom(from) {
    opener?.removeAttribute("aria-current");
    opener = from;
    opener?.setAttribute("aria-current", "true");
  }

  function open(from) {
    pointFrom(from);
    const wasClosed = panel.hidden;
    panel.hidden = false;
    if (wasClosed) onToggle();
    byId(`${name}-title`).focus({ preventScroll: true });
  }

  function close() {
    panel.hidden = true;
    onToggle();
    const from = opener;
    pointFrom(null);
    from?.focus();
    // The opener may be gone, or hidden with its panel.
    if (document.activeElement !== from) byId("question").focus();
  }

  return { open, close, isOpen: () => !panel.hidden };
}

/** Bring an element to the middle of its scroller; only that may scroll, not the page around it. */
export function centre(scroller, element) {
  const { top, height } = element.getBoundingClientRect();
  const frame = scroller.getBoundingClientRect();
  const room = Math.max(0, frame.height - height) / 2;
  scroller.scrollTop += top - frame.top - room;
}

/** Return whether an element is in sight in its scroller, from top to bottom. */
export function inSight(scroller, element) {
  const { top, bottom } = element.getBoundingClientRect();
  const frame = scroller.getBoundingClientRect();
  return top >= frame.top && bottom <= frame.bottom;
}
