/** Below an answer: which passages its search found, by what, and what became of an expected one. */

import { explain, search } from "./api.js";
import { announce, button, make, worded } from "./dom.js";
import { problemNotice } from "./problems.js";
import { currentLanguage, knows, label, word } from "./words.js";

const SCORES = ["words", "document_words", "raw", "keys", "fused", "rerank"];
let made = 0;

/**
 * Return a button that opens and closes the view, and the view: `{toggle, element}`.
 *
 * request: `{query, collection, history}` as the answer's. documents(): those a reader may expect.
 */
export function createWhy(request, documents) {
  made += 1;
  const element = make("section", "why");
  element.id = `why-${made}`;
  element.hidden = true;
  label(element, "why");
  const toggle = button({ key: "why", onClick: open });
  toggle.setAttribute("aria-expanded", "false");
  toggle.setAttribute("aria-controls", element.id);

  function open() {
    element.hidden = !element.hidden;
    toggle.setAttribute("aria-expanded", String(!element.hidden));
    if (!element.hidden && element.childElementCount === 0) load();
  }

  async function load() {
    element.replaceChildren(worded("p", "muted small", "whyLoading"));
    try {
      const { hits } = await search(request);
      const told = make("div", "why-told");
      const follow = (expected) => tell(told, { ...request, ...expected });
      element.replaceChildren(
        hits.length > 0 ? hitTable(hits, follow) : worded("p", "muted", "whyNothing"),
        expectedForm(documents(), follow),
        told,
      );
    } catch (problem) {
      element.replaceChildren(problemNotice(problem, load));
    }
  }

  return { toggle, element };
}

async function tell(told, wanted) {
  told.replaceChildren(worded("p", "muted small", "whyLoading"));
  try {
    const found = await explain(wanted);
    told.replaceChildren(...explained(found));
    announce(found.advice);
  } catch (problem) {
    const unknown = problem.code === "not_indexed";
    told.replaceChildren(
      unknown ? worded("p", "notice problem", "whyUnknown") : problemNotice(problem, () => tell(told, wanted)),
    );
    if (unknown) announce(word("whyUnknown"));
  }
}

function hitTable(hits, follow) {
  const shown = SCORES.filter((name) => hits.some(({ scores }) => name in scores));
  const head = make("tr", "", cell("rank"), cell("passage"));
  for (const name of shown) head.append(cell(name, "figure"));
  const body = make("tbody");
  hits.forEach((hit, index) => {
    const where = [hit.title, ...hit.heading_path].join(" › ");
    const row = make("tr", "", make("td", "", String(index + 1)), make("td", "", passage(hit, where, follow)));
    for (const name of shown) row.append(make("td", "figure", figure(hit.scores[name])));
    body.append(row);
  });
  return frame("whyHits", make("thead", "", head), body);
}

function passage(hit, where, follow) {
  const element = make("button", "why-passage", make("span", "why-where", where), make("span", "muted", hit.text));
  element.type = "button";
  element.addEventListener("click", () => follow({ expected_chunk_id: hit.chunk_id }));
  return element;
}

/** Ask for a document by its title, or by the id of one that the list does not hold. */
function expectedForm(documents, follow) {
  const list = make("datalist");
  list.id = `why-documents-${made}-${documents.length}`;
  for (const { title } of documents) {
    const option = make("option");
    option.value = title;
    list.append(option);
  }
  const input = make("input");
  input.id = `${list.id}-field`;
  input.required = true;
  input.maxLength = 500;
  input.autocomplete = "off";
  input.setAttribute("list", list.id);
  const name = worded("label", "", "whyExpected");
  name.htmlFor = input.id;
  const send = worded("button", "outline", "whyAsk");
  send.type = "submit";
  const form = make("form", "field", name, make("div", "row", input, send), list);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const wanted = input.value.trim();
    const known = documents.find(({ title }) => title === wanted);
    if (wanted !== "") follow({ expected_document_id: (known?.document_id ?? wanted).slice(0, 128) });
  });
  return form;
}

function explained(found) {
  const head = make("tr", "", cell("stage"));
  head.append(cell("rank", "figure"), cell("score", "figure"), cell("passed"));
  const body = make("tbody");
  for (const { stage, rank, score, passed } of found.stages) {
    const row = make("tr", passed ? "" : "lost", cell(stage), make("td", "figure", rank === null ? "–" : String(rank)));
    row.firstElementChild.scope = "row";
    row.append(make("td", "figure", figure(score)), worded("td", "", passed ? "why_yes" : "why_no"));
    body.append(row);
  }
  const advice = make("p", `notice why-advice${found.lost_at === null ? "" : " problem"}`, found.advice);
  return [advice, frame("whyStages", make("thead", "", head), body, { title: found.title })];
}

function frame(key, head, body, facts) {
  const table = make("table", "", worded("caption", "unseen", key, facts), head, body);
  const box = make("div", "table-frame", table);
  box.tabIndex = 0;
  box.setAttribute("role", "group");
  label(box, key, facts);
  return box;
}

function cell(name, className = "") {
  const key = `why_${name}`;
  const element = knows(key) ? worded("th", className, key) : make("th", className, name);
  element.scope = "col";
  return element;
}

function figure(value) {
  if (typeof value !== "number") return "–";
  return new Intl.NumberFormat(currentLanguage(), { maximumFractionDigits: 3 }).format(value);
}
