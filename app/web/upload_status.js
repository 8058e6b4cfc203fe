/** What became of a file so far, in words and as a bar. */

import { problemDetail, problemKey } from "./problems.js";
import { hush, knows, say, word } from "./words.js";

const PENDING = new Set(["waiting", "sending", "queued", "running"]);
const LOCKED = new Set(["password_required", "wrong_password"]);
const COUNTED = ["done", "duplicate", "open", "failed", "cancelled"];

/** Return whether a file in this state is still on its way. */
export function isPending(state) {
  return PENDING.has(state);
}

/** Return whether a password, or another one, would help. */
export function isLocked({ problem, code }) {
  return LOCKED.has(problem?.code || code);
}

/**
 * Return the status of an archive from those of its files, `{state, progress, counts, locked}`.
 *
 * It goes on while one of them does, and has failed when one of them has.
 */
export function archiveStatus(statuses) {
  const counts = Object.fromEntries(COUNTED.map((state) => [state, 0]));
  let progress = 0;
  for (const { state, progress: share } of statuses) {
    counts[isPending(state) ? "open" : state] += 1;
    progress += isPending(state) ? within(share) : 1;
  }
  const state = counts.open > 0 ? "running" : ["failed", "cancelled", "done", "duplicate"].find((one) => counts[one] > 0);
  return { state, progress: progress / statuses.length, counts, locked: statuses.some(isLocked) };
}

/** Make the bar of a file, or of an archive, show how far it is. */
export function showProgress(bar, { state, progress }) {
  bar.hidden = !isPending(state);
  if (state === "waiting" || state === "queued") bar.removeAttribute("value");
  else bar.value = within(progress);
}

/**
 * Say how far a file is, and why it failed.
 *
 * now: `{state, stage?, progress?, eta?, code?, reason?, problem?, duplicateOf?, counts?}`;
 * duplicateOf is a title, counts are those of an archive.
 */
export function describe(status, reason, now) {
  hush(reason);
  if (now.counts) {
    const count = Object.values(now.counts).reduce((sum, one) => sum + one);
    say(status, "archive", { count, parts: () => countsText(now.counts) });
    return;
  }
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
  if (isLocked({ problem, code })) {
    // The service's own words name a form field; here there is one to see.
    say(element, known);
    return;
  }
  const why = knows(known) ? known : problem ? problemKey(problem) : "reason_none";
  const detail = problem ? problemDetail(problem) : (reason ?? "");
  say(element, "failure", { why: () => word(why), reason: detail });
}

function countsText(counts) {
  const told = COUNTED.filter((state) => counts[state] > 0);
  return told.map((state) => word(`count_${state}`, { count: counts[state] })).join(word("separator"));
}

function within(progress) {
  return Math.min(1, Math.max(0, progress ?? 0));
}

function etaText(seconds) {
  if (typeof seconds !== "number" || seconds < 1) return "";
  if (seconds < 90) return word("etaSeconds", { count: Math.round(seconds) });
  return word("etaMinutes", { count: Math.round(seconds / 60) });
}
