/** The rules of compliance in force for a collection: a list, a file to take away, a file to put in force. */

import { announce, button, make, worded } from "./dom.js";
import { badge, complaints, input, table } from "./form_parts.js";
import { readRules, saveRules } from "./manage_api.js";
import { problemNotice } from "./problems.js";
import { createSentenceTry } from "./sentence_try.js";
import { currentLanguage, label, say, word } from "./words.js";

const TONES = { block: "bad", hand_over: "bad", mask: "warn", append: "warn", annotate: "" };

/** Return `{element, show()}`. collection(): whose rules. */
export function createRulesPanel(collection) {
  const title = worded("h2", "", "rules");
  const list = make("div");
  const notice = make("div");
  notice.setAttribute("role", "status");
  const picker = input({ type: "file", accept: ".json", hidden: true });
  label(picker, "uploadRules");
  const trial = createSentenceTry(collection);
  let known = null;
  const element = make(
    "div",
    "panel",
    title,
    worded("p", "muted small", "rulesHint"),
    make(
      "div",
      "row",
      button({ key: "downloadRules", iconName: "download", className: "outline", onClick: () => known && save(known) }),
      button({ key: "uploadRules", iconName: "upload", className: "outline", onClick: () => picker.click() }),
      picker,
    ),
    notice,
    trial.element,
    list,
  );
  picker.addEventListener("change", async () => {
    const [file] = picker.files;
    picker.value = "";
    if (file) put(await file.text());
  });

  async function put(text) {
    let content = null;
    try {
      content = JSON.parse(text);
    } catch {
      notice.replaceChildren(worded("p", "notice problem", "rulesNotJson"));
      return;
    }
    try {
      await saveRules(collection(), content);
      await show();
      notice.replaceChildren(worded("p", "notice good", "rulesSaved"));
      announce(word("rulesSaved"));
    } catch (problem) {
      notice.replaceChildren(problemNotice(problem), ...complaints(problem));
    }
  }

  async function show() {
    notice.replaceChildren();
    trial.reset();
    const { version, rules } = await readRules(collection());
    known = rules;
    if (version === 0) say(title, "rulesShipped", { count: rules.rules.length });
    else say(title, "rulesOwn", { count: rules.rules.length, version });
    const language = currentLanguage();
    const rows = rules.rules.map((rule) => [
      rule.id,
      rule.kind,
      badge(`action_${rule.action}`, TONES[rule.action]),
      rule.severity,
      make("div", "words", rule.reason?.[language] ?? ""),
    ]);
    list.replaceChildren(table(["rule", "ruleKind", "ruleAction", "severity", "reason"], rows));
  }

  return { element, show };
}

function save(rules) {
  const link = make("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(rules, null, 2)], { type: "application/json" }));
  link.download = "rules.json";
  link.click();
  URL.revokeObjectURL(link.href);
}
