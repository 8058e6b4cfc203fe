/** The example questions that an empty conversation offers. */

import { readChunks } from "./api.js";
import { byId, make } from "./dom.js";
import { exampleQuestions } from "./examples.js";
import { currentLanguage } from "./words.js";

const EXAMPLES = 4;
// Documents that are looked into, and how far: enough for the examples, and quick.
const DOCUMENTS = 6;
const CHUNKS = 12;

/** Return `{show(documents)}`, which offers questions about them; onChoose(question) is called. */
export function createExamples(onChoose) {
  const list = byId("examples");
  const read = new Map();
  let turn = 0;

  async function show(documents) {
    turn += 1;
    const mine = turn;
    if (byId("empty").hidden) return;
    const texts = await Promise.all(readable(documents).map(textsOf));
    // Another collection may have been chosen meanwhile.
    if (mine !== turn) return;
    list.replaceChildren(...exampleQuestions(texts, EXAMPLES).map(choice));
  }

  function textsOf({ document_id: documentId, revision }) {
    const key = `${documentId} ${revision}`;
    if (!read.has(key)) read.set(key, readChunks(documentId, CHUNKS).catch(() => forget(key)));
    return read.get(key);
  }

  /** A document that cannot be read gives no examples; whoever opens it is told why. */
  function forget(key) {
    read.delete(key);
    return [];
  }

  function choice(question) {
    const offered = make("button", "example", question);
    offered.type = "button";
    offered.addEventListener("click", () => onChoose(question));
    return make("li", "", offered);
  }

  return { show };
}

/** Return the first documents, those in the reader's language where there are some. */
function readable(documents) {
  const own = documents.filter((document) => document.language === currentLanguage());
  return (own.length > 0 ? own : documents).slice(0, DOCUMENTS);
}
