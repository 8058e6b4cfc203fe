/** What compliance decided about every text: the entries, whether the chain is whole, and playing one back. */

import { announce, button, byId, make, worded } from "./dom.js";
import { badge, choice, facts, field, input, localTime, moment, tick } from "./form_parts.js";
import { listAudit, replayEntry, verifyAudit } from "./manage_api.js";
import { problemNotice } from "./problems.js";
import { currentLanguage, knows, say, word } from "./words.js";

const PAGE = 30;
const TONES = { allowed: "good", changed: "warn", blocked: "bad", erasure: "" };
const REPLAYED = { same: "good", differs: "problem", impossible: "warning" };

/** Return `{show()}`. collection(): the one that is looked at. */
export function createAuditRoom(collection) {
  const trace = field("auditTrace", input({ type: "search", maxLength: 128 }), { className: "wide" });
  const action = field("auditAction", choice([["", "anyAction"], ...Object.keys(TONES).map((one) => [one, `action_${one}`])]));
  const since = field("auditSince", input({ type: "datetime-local" }));
  const until = field("auditUntil", input({ type: "datetime-local" }));
  const own = tick("auditOwn", false);
  let offset = 0;
  let asked = 0;

  byId("audit-tools").append(
    trace.element,
    action.element,
    since.element,
    until.element,
    make(
      "div",
      "tools-row",
      own.element,
      button({ key: "auditRefresh", iconName: "retry", className: "outline", onClick: () => load(0) }),
      button({ key: "auditVerify", iconName: "check", className: "outline", onClick: verify }),
    ),
  );
  for (const { input: control } of [trace, action, since, until, own]) control.addEventListener("change", () => load(0));
  byId("audit-more").addEventListener("click", () => load(offset + PAGE));

  const wanted = () => ({
    trace_id: trace.input.value.trim(),
    action: action.input.value,
    since: localTime.read(since.input.value),
    until: localTime.read(until.input.value),
    collection: own.input.checked ? collection() : "",
  });

  async function load(from) {
    asked += 1;
    const mine = asked;
    byId("audit-problem").replaceChildren();
    try {
      const { entries, total } = await listAudit(wanted(), from, PAGE);
      if (mine !== asked) return;
      offset = from;
      const list = byId("audit-list");
      if (from === 0) list.replaceChildren();
      list.append(...entries.map(card));
      say(byId("audit-count"), total === 0 ? "noEntries" : "entryCount", { count: total });
      byId("audit-more").hidden = list.childElementCount >= total;
    } catch (problem) {
      if (mine === asked) byId("audit-problem").replaceChildren(problemNotice(problem, () => load(from)));
    }
  }

  async function verify() {
    const place = byId("audit-verified");
    place.replaceChildren(worded("p", "muted", "verifying"));
    try {
      const { valid, head, flaws } = await verifyAudit();
      const told = worded("p", "", valid ? "chainWhole" : "chainBroken", { count: head.sequence });
      const box = make("div", valid ? "notice good" : "notice problem", make("div", "notice-words", told));
      box.firstElementChild.append(make("p", "small", `${head.sequence}:${head.hash}`));
      for (const flaw of flaws) box.firstElementChild.append(make("p", "small", `${flaw.sequence}: ${flaw.detail}`));
      place.replaceChildren(box);
      announce(told.textContent);
    } catch (problem) {
      place.replaceChildren(problemNotice(problem, verify));
    }
  }

  return { show: () => load(0) };
}

function card(entry) {
  const { sequence, action, facts: known, texts } = entry;
  const head = make(
    "div",
    "card-head",
    badge(`action_${action}`, TONES[action]),
    make("span", "", `#${sequence}`),
    make("time", "", moment(entry.created_at, currentLanguage())),
    make("span", "", entry.collection),
    make("span", "", known.policy ? modeOf(known.policy) : ""),
  );
  const said = texts === null ? worded("p", "muted", "textsErased") : make("p", "card-text", texts.shown ?? "");
  const replayed = make("div");
  replayed.setAttribute("role", "status");
  const element = make("li", "card", head, said);
  if (known.reason) element.append(make("p", "muted small", known.reason));
  element.append(
    make("details", "small", worded("summary", "muted", "auditMore"), details(entry)),
    make("div", "card-foot", button({ key: "replay", iconName: "retry", onClick: () => replay(sequence, replayed) })),
    replayed,
  );
  return element;
}

function details({ trace_id: trace, facts: known, texts, hash }) {
  return facts([
    ["auditQuestion", texts?.question],
    ["auditDraft", texts?.draft],
    ["auditVerdict", texts?.verdict],
    ["auditEvidence", texts?.evidence],
    ["auditShown", texts?.shown],
    ["policyMode", known.policy && `${modeOf(known.policy)} · v${known.policy_version ?? 0}`],
    ["scriptStage", known.stage],
    ["rule", known.rule_id && `${known.rule_id} · v${known.rule_version}`],
    ["script", known.script_id && `${known.script_id} · v${known.script_version}`],
    ["score", known.score],
    ["threshold", known.threshold],
    ["auditModels", known.versions && Object.entries(known.versions).map(([name, one]) => `${name}: ${one}`)],
    ["auditTime", known.milliseconds && `${known.milliseconds} ms`],
    ["auditTrace", trace, "code"],
    ["auditHash", hash, "code"],
  ]);
}

function modeOf(policy) {
  return knows(`mode_${policy}`) ? word(`mode_${policy}`) : policy;
}

async function replay(sequence, place) {
  place.replaceChildren(worded("p", "muted", "replaying"));
  try {
    const { outcome, reasons, notes } = await replayEntry(sequence);
    const box = make("div", `notice ${REPLAYED[outcome] ?? ""}`, worded("p", "", `replay_${outcome}`));
    for (const line of [...reasons, ...notes]) box.append(make("p", "small", line));
    place.replaceChildren(box);
    announce(word(`replay_${outcome}`));
  } catch (problem) {
    place.replaceChildren(problemNotice(problem, () => replay(sequence, place)));
  }
}
