/** One answer of the conversation: its sentences, their numbered evidence, and how it ended. */

import { announce, button, make, worded } from "./dom.js";
import { copyButton } from "./copy.js";
import { problemNotice } from "./problems.js";
import { label, say, word } from "./words.js";

/**
 * Return an answer to fill as it arrives: `{element, addSentence, addCitation, finish, stop, fail}`.
 *
 * onCite(citation, opener) opens the evidence of a sentence. why: `{toggle, element}`, how its search went.
 */
export function createAnswer({ onCite, why }) {
  const badge = worded("span", "badge", "looking");
  const facts = make("span", "answer-facts muted");
  const text = make("div", "answer-text");
  const sources = make("ol", "sources plain");
  const foot = make("div", "answer-foot");
  const head = make("div", "answer-head", worded("span", "unseen", "service"), badge, facts);
  const element = make("article", "answer", head, text, sources, foot);
  sources.hidden = true;
  label(sources, "sources");
  const sentences = new Map();
  const evidence = new Map();
  let early = [];
  settle("looking");
  element.setAttribute("aria-busy", "true");

  function addSentence({ index, text: words }) {
    if (sentences.has(index)) return;
    const marks = make("span", "cites");
    const span = make("span", "sentence", words, marks);
    const before = [...sentences.values()].at(-1);
    if (before && needsSpace(before.words, words)) text.append(" ");
    text.append(span);
    sentences.set(index, { words, span, marks, numbers: new Set() });
    announce(words);
    const waiting = early.filter((citation) => citation.sentence === index);
    early = early.filter((citation) => citation.sentence !== index);
    for (const citation of waiting) addCitation(citation);
  }

  function addCitation(citation) {
    const sentence = sentences.get(citation.sentence);
    if (!sentence) {
      early.push(citation);
      return;
    }
    const number = numberOf(citation);
    if (sentence.numbers.has(number)) return;
    sentence.numbers.add(number);
    sentence.marks.append(citeButton(citation, number, onCite));
  }

  function numberOf(citation) {
    const key = [citation.document_id, citation.revision, citation.start, citation.end].join(" ");
    if (!evidence.has(key)) {
      evidence.set(key, { number: evidence.size + 1, citation });
      sources.hidden = false;
      sources.append(make("li", "", sourceRow(citation, evidence.size, onCite)));
    }
    return evidence.get(key).number;
  }

  /** Take the last word of the service; where it differs from what was streamed, it counts. */
  function finish(final) {
    const streamed = [...sentences.values()].map(({ words }) => words).join("");
    let citations = final.citations;
    if (streamed.replace(/\s/g, "") !== final.answer.replace(/\s/g, "")) {
      clear();
      addSentence({ index: 0, text: final.answer });
      citations = citations.map((citation) => ({ ...citation, sentence: 0 }));
    }
    for (const citation of citations) addCitation(citation);
    if (final.outcome === "answered") markUnsupported();
    settle(final.outcome);
    showFacts(facts, final);
    foot.append(copyButton(plainText), why.toggle);
    element.append(why.element);
    if (final.trace_id) foot.append(worded("span", "trace muted", "trace", { id: final.trace_id }));
    announce(`${word(`outcome_${final.outcome}`)} ${facts.textContent}`);
  }

  function clear() {
    sentences.clear();
    evidence.clear();
    early = [];
    text.replaceChildren();
    sources.replaceChildren();
    sources.hidden = true;
  }

  function markUnsupported() {
    for (const { span, marks, numbers } of sentences.values()) {
      if (numbers.size > 0) continue;
      span.classList.add("unsupported");
      marks.append(worded("span", "unsupported-mark", "unsupported"));
    }
  }

  function settle(outcome) {
    element.dataset.outcome = outcome;
    element.removeAttribute("aria-busy");
    say(badge, outcome === "looking" ? "looking" : `outcome_${outcome}`);
  }

  function stop() {
    settle("stopped");
    announce(word("outcome_stopped"));
  }

  function fail(problem, onRetry) {
    settle("broken");
    badge.hidden = sentences.size === 0;
    foot.replaceChildren(problemNotice(problem, onRetry));
  }

  function plainText() {
    const lines = [...evidence.values()].map(({ number, citation }) => {
      const page = citation.page === null ? "" : ` ${word("page", { page: citation.page })}`;
      return `[${number}] ${citation.title}${page}: ${citation.quote}`;
    });
    return [joined([...sentences.values()]), "", ...lines].join("\n").trim();
  }

  return { element, addSentence, addCitation, finish, stop, fail };
}

function citeButton(citation, number, onCite) {
  const { title, page } = citation;
  const mark = button({
    key: page === null ? "cite" : "citePage",
    facts: { number, title, page },
    bare: true,
    className: "cite",
    onClick: () => onCite(citation, mark),
  });
  mark.append(String(number));
  return mark;
}

function sourceRow(citation, number, onCite) {
  const where = make("span", "source-where", make("span", "number", String(number)));
  where.append(make("span", "source-name", citation.title));
  if (citation.page !== null) where.append(worded("span", "muted", "page", { page: citation.page }));
  const row = make("button", "source-row", where, make("span", "source-quote", citation.quote));
  row.type = "button";
  row.addEventListener("click", () => onCite(citation, row));
  return row;
}

function showFacts(facts, { confidence, timings_ms: timings }) {
  if (typeof confidence === "number") {
    facts.append(worded("span", "", "confidence", { percent: Math.round(100 * confidence) }));
  }
  if (typeof timings?.total === "number") {
    const seconds = (timings.total / 1000).toFixed(1);
    facts.append(worded("span", "", "took", { seconds }));
  }
}

/** Chinese sentences follow each other directly, others after a space. */
function needsSpace(before, after) {
  return /[\x21-\x7e]$/.test(before) && /^\S/.test(after);
}

function joined(sentences) {
  return sentences
    .map(({ words, numbers }, index) => {
      const space = index > 0 && needsSpace(sentences[index - 1].words, words) ? " " : "";
      return space + words + [...numbers].map((number) => `[${number}]`).join("");
    })
    .join("");
}
