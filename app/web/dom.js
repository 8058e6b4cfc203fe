/** Small tools to build the page. Text from outside only ever becomes a text node. */

import { say, label } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";

/** Return the element with this id. */
export function byId(id) {
  return document.getElementById(id);
}

/** Return a new element with a class and children (nodes or strings). */
export function make(tag, className = "", ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

/** Return a new element whose text is the word `key` in the reader's language. */
export function worded(tag, className, key, facts) {
  const element = make(tag, className);
  say(element, key, facts);
  return element;
}

/** Return an icon of the page's sprite. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

/** Return a button with an icon, visible words, or both; an icon alone gets the words as label. */
export function button({ key, facts, className = "quiet small", iconName = "", bare = false, onClick }) {
  const element = make("button", className);
  element.type = "button";
  if (iconName) element.append(icon(iconName));
  if (bare) label(element, key, facts);
  else element.append(worded("span", "", key, facts));
  element.addEventListener("click", onClick);
  return element;
}

/** Tell screen readers something that the eye sees happen; always a fresh node, so it is read. */
export function announce(text) {
  const region = byId("announcer");
  while (region.childElementCount > 20) region.firstElementChild.remove();
  region.append(make("p", "", text));
}
