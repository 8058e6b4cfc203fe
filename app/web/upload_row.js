/** One file of the upload list, as the reader sees it. */

import { announce, button, make } from "./dom.js";
import { problemDetail, problemKey } from "./problems.js";
import { hush, knows, say, word } from "./words.js";

const PENDING = new Set(["waiting", "sending", "queued", "running"]);

/**
 * Return `{element, show(status)}` for a file called `name`.
 *
 * status: `{state, stage?, progress?, eta?, code?, reason?, problem?, duplicateOf?}`; duplicateOf is
 * a title. retryKey(): the word on the retry button.
 */
export function createUploadRow(name, { retryKey, onRetry, onCancel, onDismiss }) {
  const status = make("p", "upload-status");
  const reason = make("p", "upload-reason");
  const actions = make("div", "upload-actions");
  const bar = make("progress");
  bar.max = 1;
  bar.setAttribute("aria-label", name);
  const head = make("div", "upload-head", make("span", "upload-name", name), actions);
  const element = make("li", "upload", head, bar, status, reason);
  element.tabIndex = -1;
  let shown = "";

  function show(now) {
    showProgress(bar, now);
    describe(status, reason, now);
    if (shown === now.state) return;
    shown = now.state;
    element.dataset.state = now.state;
    const focused = actions.contains(document.activeElement);
    actions.replaceChildren(...offers(now.state));
    if (focused) element.focus();
    if (!PENDING.has(now.state)) {
      announce(`${name}: ${status.textContent} ${reason.textContent}`);
    }
  }

  function offers(state) {
    if (state === "sending") return [];
    const pending = PENDING.has(state);
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

  return { element, show };
}

function showProgress(bar, { state, progress }) {
  bar.hidden = !PENDING.has(state);
  if (state === "waiting" || state === "queued") bar.removeAttribute("value");
  else bar.value = within(progress);
}

function describe(status, reason, now) {
  hush(reason);
  if (now.state === "duplicate" && now.duplicateOf) {
    say(status, "duplicateOf", { title: now.duplicateOf });
    return;
  }
  say(status, `upload_${now.state}`, {
    percent: Math.round(100 * within(now.progress)),
    stage: () => word(knows(`stage_${now.stage}`) ? `stage_${now.stage}` : "stage_working"),
    eta: () => etaText(now.eta),
  });
  if (now.state === "failed") explain(reason, now);
}

function explain(element, { problem, code, reason }) {
  const known = `reason_${problem?.code || code}`;
  const why = knows(known) ? known : problem ? problemKey(problem) : "reason_none";
  const detail = problem ? problemDetail(problem) : (reason ?? "");
  say(element, "failure", { why: () => word(why), reason: detail });
}

function within(progress) {
  return Math.min(1, Math.max(0, progress ?? 0));
}

function etaText(seconds) {
  if (typeof seconds !== "number" || seconds < 1) return "";
  if (seconds < 90) return word("etaSeconds", { count: Math.round(seconds) });
  return word("etaMinutes", { count: Math.round(seconds / 60) });
}
