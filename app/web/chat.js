/** The conversation: questions, answers as they stream in, and what is remembered between them. */

import { ask } from "./api.js";
import { createAnswer } from "./answer.js";
import { announce, byId, make, worded } from "./dom.js";
import { createExamples } from "./example_list.js";
import { createWhy } from "./why.js";
import { say, word } from "./words.js";

// What the service takes of a conversation: not too many messages, none empty, none too long.
const REMEMBERED_MESSAGES = 12;
const LONGEST_MESSAGE = 4000;

/**
 * Run the conversation. collection(): where to look. onCite(citation, opener) opens evidence.
 *
 * Returns `{showLibrary(documents or null), changeLanguage(), switchCollection(name), focus()}`.
 */
export function createChat({ collection, onCite }) {
  const question = byId("question");
  const log = byId("log");
  const scroll = byId("scroll");
  let history = [];
  let running = null;
  let library = [];
  const examples = createExamples(submit);

  async function answer(words) {
    const asking = { query: words, collection: collection(), history };
    const why = createWhy(asking, () => library);
    const shown = createAnswer({ onCite, why });
    const entry = make("li", "turn", asked(words), shown.element);
    log.append(entry);
    byId("empty").hidden = true;
    scroll.scrollTop = scroll.scrollHeight;
    announce(word("looking"));
    const run = new AbortController();
    running = run;
    showRunning(true);
    const retry = () => {
      entry.remove();
      submit(words);
    };
    try {
      const request = { question: words, collection: asking.collection, history };
      const final = await ask(request, run.signal, {
        sentence: (sentence) => following(scroll, () => shown.addSentence(sentence)),
        citation: (citation) => following(scroll, () => shown.addCitation(citation)),
      });
      following(scroll, () => shown.finish(final));
      if (running === run) remember(words, final.answer);
    } catch (problem) {
      if (run.signal.aborted) shown.stop();
      else following(scroll, () => shown.fail(problem, retry));
    } finally {
      if (running === run) {
        running = null;
        showRunning(false);
      }
    }
  }

  function remember(words, reply) {
    if (reply === "") return;
    const turn = [
      { role: "user", content: words },
      { role: "assistant", content: [...reply].slice(0, LONGEST_MESSAGE).join("") },
    ];
    history = [...history, ...turn].slice(-REMEMBERED_MESSAGES);
  }

  function submit(words) {
    if (running !== null || words.trim() === "") return false;
    answer(words.trim());
    return true;
  }

  function send() {
    if (!submit(question.value)) return;
    question.value = "";
    fit(question);
  }

  function stop() {
    running?.abort();
    question.focus();
  }

  function startAnew() {
    running?.abort();
    running = null;
    showRunning(false);
    history = [];
    log.replaceChildren();
    byId("empty").hidden = false;
    examples.show(library);
    question.focus();
  }

  byId("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  question.addEventListener("input", () => fit(question));
  question.addEventListener("keydown", (event) => {
    // While an input method composes, Enter chooses a word; 229 is how older browsers say so.
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    send();
  });
  byId("stop").addEventListener("click", stop);
  byId("new-conversation").addEventListener("click", startAnew);

  return {
    showLibrary(documents) {
      library = documents ?? [];
      showEmpty(documents);
      examples.show(library);
    },
    changeLanguage: () => examples.show(library),
    switchCollection(name) {
      history = [];
      if (log.childElementCount > 0) log.append(worded("li", "switched muted", "switched", { name }));
    },
    focus: () => question.focus(),
  };
}

function asked(words) {
  return make("p", "asked", worded("span", "unseen", "you"), make("span", "asked-words", words));
}

function showRunning(on) {
  const focused = document.activeElement;
  byId("stop").hidden = !on;
  byId("send").hidden = on;
  if (focused === byId("send")) byId("stop").focus();
  if (focused === byId("stop")) byId("question").focus();
}

/** Do `change` and, if the reader was at the end of the conversation, stay there. */
function following(scroll, change) {
  const atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
  change();
  if (atEnd) scroll.scrollTop = scroll.scrollHeight;
}

/** Make the question field as high as its text, up to the limit the style sheet sets. */
function fit(area) {
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight}px`;
}

function showEmpty(documents) {
  const key = documents === null ? "emptyUnavailable" : documents.length > 0 ? "emptyReady" : "emptyNone";
  say(byId("empty-text"), key);
  byId("empty-upload").hidden = documents === null || documents.length > 0;
}
