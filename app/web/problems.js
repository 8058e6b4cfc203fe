/** A problem document, or silence, as a sentence a reader can act on. */

import { Problem } from "./api.js";
import { button, make, worded } from "./dom.js";
import { knows, word } from "./words.js";

/** Return the word key of the sentence for `problem`. */
export function problemKey(problem) {
  if (!(problem instanceof Problem)) return "problem_page";
  const key = `problem_${problem.status}`;
  if (knows(key)) return key;
  return problem.status >= 500 ? "problem_server" : "problem_request";
}

/** Return what the service itself says about `problem`, possibly nothing. */
export function problemDetail(problem) {
  return problem.detail || problem.title || "";
}

/** Return the whole message as one string, for places that hold text only. */
export function problemText(problem) {
  return [word(problemKey(problem)), problemDetail(problem)].filter(Boolean).join(" ");
}

/** Return an alert that shows `problem`, with a button that tries again where `onRetry` is given. */
export function problemNotice(problem, onRetry) {
  const notice = make("div", "notice problem");
  notice.setAttribute("role", "alert");
  const words = make("div", "notice-words", worded("p", "", problemKey(problem)));
  const detail = problemDetail(problem);
  if (detail) words.append(make("p", "detail", detail));
  if (problem.retryAfter) {
    words.append(worded("p", "detail", "retryAfter", { seconds: problem.retryAfter }));
  }
  if (problem.status === 500 && problem.trace) {
    words.append(worded("p", "detail", "trace", { id: problem.trace }));
  }
  notice.append(words);
  if (onRetry) {
    notice.append(
      button({ key: "retry", iconName: "retry", className: "outline small", onClick: onRetry }),
    );
  }
  return notice;
}
