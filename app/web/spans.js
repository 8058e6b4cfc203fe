/** Spans are counted in code points; JavaScript strings in UTF-16 units. This file converts. */

/**
 * Return a function that maps a code-point offset of `text` to its UTF-16 offset.
 *
 * Offsets past the end map to the end. O(length) once, O(log astral characters) a call.
 */
export function utf16Offsets(text) {
  const astral = [];
  for (let unit = 0, point = 0; unit < text.length; unit += 1, point += 1) {
    if (text.codePointAt(unit) > 0xffff) {
      astral.push(point);
      unit += 1;
    }
  }
  return (offset) => Math.min(text.length, offset + countBelow(astral, offset));
}

function countBelow(sorted, limit) {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Find a citation in the text of its document as it is now, in UTF-16 units.
 *
 * Returns `{start, end, state}`: `exact` (the very characters at the very place), `moved` (the same
 * characters elsewhere, the only such place), or null where the quote can't be shown for certain.
 */
export function locateQuote(text, toUnit, citation) {
  const start = toUnit(citation.start);
  const end = toUnit(citation.end);
  if (text.slice(start, end) === citation.quote) return { start, end, state: "exact" };
  const found = citation.quote === "" ? -1 : text.indexOf(citation.quote);
  if (found === -1 || text.indexOf(citation.quote, found + 1) !== -1) return null;
  return { start: found, end: found + citation.quote.length, state: "moved" };
}
