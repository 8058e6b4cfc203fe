/** What compliance demands of a collection: the policy, its versions, and the rules in force. */

import { announce, button, byId, make, worded } from "./dom.js";
import { area, choice, complaints, field, input, moment, table, tick } from "./form_parts.js";
import { policyVersions, readPolicy, savePolicy } from "./manage_api.js";
import { problemNotice } from "./problems.js";
import { createRulesPanel } from "./rules_panel.js";
import { currentLanguage, say, word } from "./words.js";

const MODES = ["off", "advise", "guard", "strict", "hybrid"];

/** Return `{show()}`. collection(): the one that is looked at. */
export function createPolicyRoom(collection) {
  const rules = createRulesPanel(collection);
  byId("rules-body").append(rules.element);
  let asked = 0;

  async function show() {
    asked += 1;
    const mine = asked;
    byId("policy-problem").replaceChildren();
    try {
      const name = collection();
      const [policy, versions] = await Promise.all([readPolicy(name), policyVersions(name)]);
      if (mine !== asked) return;
      byId("policy-body").replaceChildren(form(name, policy), ...history(versions));
      await rules.show();
    } catch (problem) {
      if (mine === asked) byId("policy-problem").replaceChildren(problemNotice(problem, show));
    }
  }

  function form(name, policy) {
    const mode = field("policyMode", choice(MODES.map((one) => [one, `mode_${one}`]), policy.mode));
    const told = worded("p", "muted small", `modeHint_${policy.mode}`);
    mode.input.addEventListener("change", () => say(told, `modeHint_${mode.input.value}`));
    const threshold = field("threshold", share(policy.threshold, true));
    const first = field("firstStage", input({ value: policy.first_stage, maxLength: 64, required: true }));
    const handover = field("handoverAfter", input({ type: "number", min: 0, max: 100, value: policy.handover_after, required: true }));
    const author = field("author", input({ maxLength: 128 }));
    const scriptFirst = tick("scriptFirst", policy.script_first);
    const stages = [...new Set([...Object.keys(policy.moves), ...Object.keys(policy.thresholds)])];
    const own = stages.map((stage) => [stage, ownThreshold(stage, policy.thresholds[stage])]);
    const moves = moveList(policy.moves);
    const intents = field("ownIntents", area({ rows: 4, value: shownIntents(policy.intents) }), { hint: "ownIntentsHint" });
    const notice = make("div");
    const send = worded("button", "solid", "savePolicy");
    send.type = "submit";
    const element = make(
      "form",
      "panel",
      policy.version === 0 ? worded("h2", "", "policyDefault") : worded("h2", "", "policyVersion", { version: policy.version }),
      make("div", "grid", mode.element, threshold.element, first.element, handover.element),
      told,
      scriptFirst.element,
      worded("h2", "", "ownThresholds"),
      worded("p", "muted small", "ownThresholdsHint"),
      make("div", "grid", ...own.map(([, one]) => one.element)),
      worded("h2", "", "moves"),
      worded("p", "muted small", "movesHint"),
      moves.element,
      intents.element,
      author.element,
      notice,
      make("div", "row end", send),
    );
    element.addEventListener("submit", async (event) => {
      event.preventDefault();
      notice.replaceChildren();
      const thresholds = own.filter(([, one]) => one.input.value !== "").map(([stage, one]) => [stage, Number(one.input.value)]);
      const body = {
        mode: mode.input.value,
        threshold: Number(threshold.input.value),
        thresholds: Object.fromEntries(thresholds),
        script_first: scriptFirst.input.checked,
        handover_after: Number(handover.input.value),
        first_stage: first.input.value.trim(),
        moves: moves.read(),
        intents: readIntents(intents.input.value),
        author: author.input.value.trim(),
      };
      try {
        await savePolicy(name, body);
        announce(word("policySaved"));
        await show();
        byId("policy-body").prepend(Object.assign(worded("p", "notice good", "policySaved"), { role: "status" }));
      } catch (problem) {
        notice.replaceChildren(problemNotice(problem), ...complaints(problem));
      }
    });
    return element;
  }

  return { show };
}

/** Return examples of intents as lines, "intent: example", and back. */
function shownIntents(intents) {
  return Object.entries(intents).flatMap(([name, own]) => own.map((text) => `${name}: ${text}`)).join("\n");
}

function readIntents(text) {
  const found = {};
  for (const line of text.split("\n")) {
    const [, name, example] = line.match(/^\s*([^:：]+?)\s*[:：]\s*(.+?)\s*$/) ?? [];
    if (example) (found[name] ??= []).push(example);
  }
  return found;
}

function share(value, required) {
  return input({ type: "number", min: 0, max: 1, step: "any", required, value: value ?? "" });
}

/** Return the field of a stage's own threshold; the stage's name is its label. */
function ownThreshold(stage, value) {
  const control = share(value, false);
  const named = field("threshold", control);
  const label = named.element.firstElementChild;
  delete label.dataset.text;
  label.textContent = stage;
  return named;
}

/** Return the graph of stages as rows to edit: `{element, read()}`. */
function moveList(moves) {
  const list = make("div", "moves");
  const cell = (key, value) => {
    const control = input({ value, maxLength: 64 });
    control.setAttribute("aria-label", word(key));
    control.placeholder = word(key);
    return control;
  };
  function add(from, intent, to) {
    const row = make("div", "move", cell("moveFrom", from), cell("moveIntent", intent), cell("moveTo", to));
    row.append(button({ key: "remove", iconName: "delete", bare: true, className: "quiet square", onClick: () => row.remove() }));
    list.append(row);
  }
  const ends = [];
  for (const [from, own] of Object.entries(moves)) {
    const steps = Object.entries(own);
    if (steps.length === 0) ends.push(from);
    for (const [intent, to] of steps) add(from, intent, to);
  }
  for (const stage of ends) add(stage, "", "");
  const more = button({ key: "addMove", iconName: "add", className: "outline small", onClick: () => add("", "", "") });

  function read() {
    const found = {};
    for (const row of list.children) {
      const [from, intent, to] = [...row.querySelectorAll("input")].map((one) => one.value.trim());
      if (from === "") continue;
      found[from] ??= {};
      if (intent !== "" && to !== "") found[from][intent] = to;
    }
    return found;
  }

  return { element: make("div", "moves", list, make("div", "row", more)), read };
}

function history(versions) {
  if (versions.length === 0) return [];
  const rows = versions.map((one) => [
    `v${one.version}`,
    moment(one.created_at, currentLanguage()),
    one.author || "–",
    word(`mode_${one.mode}`),
    String(one.threshold),
  ]);
  return [worded("h2", "", "policyVersions"), table(["version", "when", "author", "policyMode", "threshold"], rows)];
}
