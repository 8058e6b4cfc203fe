/** Labelled fields, choices, facts and tables of the pages of scripts, policy and audit. */

import { make, worded } from "./dom.js";
import { knows, say, word } from "./words.js";

let made = 0;

/** Return `{element, input}`: a control below its label, named by the word `key`. */
export function field(key, input, { className = "", hint = "" } = {}) {
  made += 1;
  input.id = `field-${made}`;
  const name = worded("label", "", key);
  name.htmlFor = input.id;
  const element = make("div", `field ${className}`.trim(), name, input);
  if (hint) {
    const told = worded("p", "muted small", hint);
    told.id = `${input.id}-hint`;
    input.setAttribute("aria-describedby", told.id);
    element.append(told);
  }
  return { element, input };
}

/** Return an input with attributes. */
export function input(attributes = {}) {
  return Object.assign(make("input"), { autocomplete: "off", ...attributes });
}

/** Return a text area with attributes. */
export function area(attributes = {}) {
  return Object.assign(make("textarea"), attributes);
}

/** Return a list of choices, `[[value, word key]]`; keys without a word are shown as they are. */
export function choice(options, value = options[0][0]) {
  const element = make("select");
  for (const [option, key] of options) {
    const entry = make("option");
    entry.value = option;
    if (knows(key)) say(entry, key);
    else entry.textContent = key;
    element.append(entry);
  }
  element.value = value;
  return element;
}

/** Return a box to tick with its words beside it: `{element, input}`. */
export function tick(key, checked) {
  const box = Object.assign(make("input"), { type: "checkbox", checked });
  return { element: make("label", "check", box, worded("span", "", key)), input: box };
}

/** Return a badge whose text is the word `key`, or `key` itself where there is none. */
export function badge(key, tone = "") {
  const className = `badge ${tone}`.trim();
  return knows(key) ? worded("span", className, key) : make("span", className, key.replace(/^\w+?_/, ""));
}

/** Return facts as a list of names and values; those that are empty are left out. */
export function facts(entries) {
  const list = make("dl", "facts");
  for (const [key, value, className = ""] of entries) {
    if (value === null || value === undefined || value === "" || value.length === 0) continue;
    list.append(worded("dt", "", key), make("dd", className, ...[value].flat().map(String).flatMap(lines)));
  }
  return list;
}

/** Return a table in a frame that scrolls. heads: word keys. rows: of strings or nodes. */
export function table(heads, rows) {
  const head = make("tr");
  for (const key of heads) {
    const cell = worded("th", "", key);
    cell.scope = "col";
    head.append(cell);
  }
  const body = make("tbody");
  for (const row of rows) body.append(make("tr", "", ...row.map((cell) => make("td", "", cell))));
  const frame = make("div", "table-frame", make("table", "", make("thead", "", head), body));
  frame.tabIndex = 0;
  frame.setAttribute("role", "group");
  frame.setAttribute("aria-label", heads.map((key) => word(key)).join(", "));
  return frame;
}

/** Return what is wrong with a body, as a list. */
export function complaints({ errors = [] }) {
  if (errors.length === 0) return [];
  const lines = errors.map(({ loc, msg }) => make("li", "", `${loc.slice(1).join(".")}: ${msg}`));
  return [make("ul", "small", ...lines)];
}

/** Return a moment as the reader's language writes it. */
export function moment(text, language) {
  const format = { dateStyle: "medium", timeStyle: "medium" };
  return text ? new Intl.DateTimeFormat(language, format).format(new Date(text)) : "";
}

/** Return a moment as a field for local date and time takes it, and back. */
export const localTime = {
  shown(text) {
    if (!text) return "";
    const date = new Date(text);
    return new Date(date.getTime() - date.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
  },
  read(text) {
    return text ? new Date(text).toISOString() : null;
  },
};

function lines(text, index) {
  return index === 0 ? [text] : [make("br"), text];
}
