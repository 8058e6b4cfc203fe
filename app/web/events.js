/** Server-sent events from a fetched body, as the WHATWG "event stream" grammar reads them. */

/** Yield `{event, data}` for each complete event of a ReadableStream of bytes. */
export async function* serverEvents(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      rest += decoder.decode(value ?? new Uint8Array(), { stream: !done });
      const { events, tail } = splitEvents(rest);
      yield* events;
      rest = tail;
      if (done) return;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** Split text into its complete events and the tail that may still grow. */
export function splitEvents(text) {
  const events = [];
  let tail = text;
  for (;;) {
    // A lone \r at the very end may be half of \r\n, so it does not end a line yet.
    const end = /(?:\r\n|\n|\r(?=[^\n]))(?:\r\n|\n|\r(?=[^\n]))/.exec(tail);
    if (end === null) return { events, tail };
    const event = parseEvent(tail.slice(0, end.index));
    if (event !== null) events.push(event);
    tail = tail.slice(end.index + end[0].length);
  }
}

function parseEvent(block) {
  let event = "message";
  const data = [];
  for (const line of block.split(/\r\n|\n|\r/)) {
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") event = value;
    if (field === "data") data.push(value);
  }
  return data.length === 0 ? null : { event, data: data.join("\n") };
}
