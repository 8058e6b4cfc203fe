/** A box to try a sentence in: its nearest scripts, and what the policy would make of it. */

import { announce, make, worded } from "./dom.js";
import { area, badge, facts, field, input, table } from "./form_parts.js";
import { matchSentence } from "./manage_api.js";
import { problemNotice } from "./problems.js";
import { currentLanguage, knows, word } from "./words.js";

/** Return `{element, reset()}`. collection(): whose policy judges. */
export function createSentenceTry(collection) {
  const text = field("trySentence", area({ rows: 2, maxLength: 2000, required: true }));
  const stage = field("tryStage", input({ maxLength: 64 }));
  const result = make("div");
  result.setAttribute("role", "status");
  const send = worded("button", "outline", "tryIt");
  send.type = "submit";
  const form = make("form", "panel", worded("h2", "", "tryTitle"), text.element, make("div", "tools", stage.element, send), result);

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = { text: text.input.value, collection: collection(), stage: stage.input.value.trim() || null };
    try {
      const { matches, verdict } = await matchSentence(body);
      result.replaceChildren(judged(verdict), nearest(matches));
      announce(word(verdict.allowed ? "tryAllowed" : "tryBlocked"));
    } catch (problem) {
      result.replaceChildren(problemNotice(problem));
    }
  });

  return { element: form, reset: () => result.replaceChildren() };
}

/** Return what a verdict says and rests on. */
export function judged({ allowed, text, reason, basis }) {
  const percent = new Intl.NumberFormat(currentLanguage(), { maximumFractionDigits: 3 });
  const number = (value) => (value === null || value === undefined ? "" : percent.format(value));
  const known = facts([
    ["reason", reason],
    ["shownText", allowed ? text : ""],
    ["policyMode", knows(`mode_${basis.policy}`) ? word(`mode_${basis.policy}`) : basis.policy],
    ["scriptStage", basis.stage],
    ["rule", basis.rule_id && `${basis.rule_id} · v${basis.rule_version}`],
    ["script", basis.script_id && `${basis.script_id} · v${basis.script_version}`],
    ["score", number(basis.score)],
    ["threshold", number(basis.threshold)],
  ]);
  return make("div", "panel", badge(allowed ? "tryAllowed" : "tryBlocked", allowed ? "good" : "bad"), known);
}

function nearest(matches) {
  if (matches.length === 0) return worded("p", "muted", "tryNoScripts");
  const figure = (value) => make("span", "score", value.toFixed(3));
  const rows = matches.map((one) => [
    figure(one.score),
    make("div", "words", one.text),
    figure(one.cosine),
    one.differs || "–",
    one.stage,
  ]);
  return table(["score", "scriptText", "cosine", "differs", "scriptStage"], rows);
}
