/** One file of the upload list, as the reader sees it. */

import { announce, button, make } from "./dom.js";
import { createPasswordForm } from "./password_form.js";
import { createUploadParts } from "./upload_parts.js";
import { describe, isLocked, isPending, showProgress } from "./upload_status.js";

/**
 * Return `{element, parts, show(status)}` for a file called `name`.
 *
 * status: as `describe` takes it, with `locked` where a password would help. parts: the files of an
 * archive. canUnlock(): whether the file is at hand to be sent with a password; onUnlock(password).
 * retryKey(): the word on the retry button.
 */
export function createUploadRow(name, { retryKey, canUnlock, onRetry, onUnlock, onCancel, onDismiss }) {
  const status = make("p", "upload-status");
  const reason = make("p", "upload-reason");
  const actions = make("div", "upload-actions");
  const bar = make("progress");
  bar.max = 1;
  bar.setAttribute("aria-label", name);
  const head = make("div", "upload-head", make("span", "upload-name", name), actions);
  const form = createPasswordForm(name, onUnlock);
  const parts = createUploadParts(name);
  const element = make("li", "upload", head, bar, status, reason, form.element, parts.element);
  element.tabIndex = -1;
  let shown = "";

  function show(now) {
    showProgress(bar, now);
    describe(status, reason, now);
    if (shown === now.state) return;
    shown = now.state;
    element.dataset.state = now.state;
    const focused = actions.contains(document.activeElement) || form.element.contains(document.activeElement);
    actions.replaceChildren(...offers(now.state));
    form.show(now.state === "failed" && (now.locked || isLocked(now)) && canUnlock());
    if (focused) element.focus();
    if (!isPending(now.state)) {
      announce(`${name}: ${status.textContent} ${reason.textContent}`);
    }
  }

  function offers(state) {
    if (state === "sending") return [];
    const pending = isPending(state);
    const end = button({
      key: pending ? "cancelUpload" : "dismiss",
      facts: { name },
      iconName: "close",
      bare: true,
      className: "quiet square small",
      onClick: pending ? onCancel : onDismiss,
    });
    if (state !== "failed" && state !== "cancelled") return [end];
    const again = { key: retryKey(), iconName: "retry", className: "outline small" };
    return [button({ ...again, onClick: onRetry }), end];
  }

  return { element, parts, show };
}
