/** The dialog in which a script is written or changed, and the question before one is deleted. */

import { announce, button, byId, make, worded } from "./dom.js";
import { area, choice, field, input, localTime } from "./form_parts.js";
import { saveScript } from "./manage_api.js";
import { problemNotice } from "./problems.js";
import { word } from "./words.js";

const LONGEST = 2000;

/** Return `{open(script, collection), confirm(script, onYes)}`. onSaved() hears of each change. */
export function createScriptEditor(onSaved) {
  const dialog = byId("editor");

  function open(script, collection) {
    const id = field("scriptId", input({ maxLength: 64, pattern: "[A-Za-z0-9_][A-Za-z0-9_.\\-]*", disabled: script !== null }));
    const where = field("scriptCollection", choice([["", "everyCollection"], [collection, collection]]));
    const language = field("scriptLanguage", choice([["zh", "chinese"], ["en", "english"]]));
    const stage = field("scriptStage", input({ maxLength: 64, required: true }));
    const state = field("scriptState", choice(["draft", "approved", "retired"].map((one) => [one, `state_${one}`])));
    const text = field("scriptText", area({ maxLength: LONGEST, required: true }));
    const variants = field("scriptVariants", area({ maxLength: 50 * LONGEST }), { hint: "variantsHint" });
    const tags = field("scriptTags", input({ maxLength: 2000 }), { hint: "tagsHint" });
    const from = field("validFrom", input({ type: "datetime-local" }));
    const to = field("validTo", input({ type: "datetime-local" }));
    const author = field("author", input({ maxLength: 128 }));
    const notice = make("div");
    fill({ id, where, language, stage, state, text, variants, tags, from, to, author }, script, collection);
    const form = make(
      "form",
      "",
      titled(script === null ? "newScript" : "editScript"),
      text.element,
      variants.element,
      make("div", "grid", language.element, stage.element, state.element, where.element, id.element, author.element),
      tags.element,
      make("div", "grid", from.element, to.element),
      notice,
      buttons("save", "solid"),
    );
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      notice.replaceChildren();
      const lines = (value) => value.split("\n").map((line) => line.trim()).filter(Boolean);
      const body = {
        script_id: id.input.value.trim() || null,
        collection: where.input.value || null,
        language: language.input.value,
        stage: stage.input.value.trim(),
        state: state.input.value,
        text: text.input.value,
        variants: lines(variants.input.value),
        tags: tags.input.value.split(/[,，]/).map((tag) => tag.trim()).filter(Boolean),
        valid_from: localTime.read(from.input.value),
        valid_to: localTime.read(to.input.value),
        author: author.input.value.trim(),
      };
      try {
        await saveScript(body, script);
        dialog.close();
        announce(word("scriptSaved"));
        onSaved();
      } catch (problem) {
        notice.replaceChildren(problemNotice(problem));
      }
    });
    showForm(form);
    text.input.focus();
  }

  function confirm(script, onYes) {
    const form = make("form", "", titled("deleteScriptTitle"), make("p", "card-text", script.text), worded("p", "muted", "deleteScriptHint"), buttons("delete", "danger"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      dialog.close();
      onYes();
    });
    showForm(form);
  }

  function titled(key) {
    const title = worded("h2", "", key);
    title.id = "editor-title";
    return title;
  }

  function buttons(key, className) {
    const send = worded("button", className, key);
    send.type = "submit";
    return make("div", "row end", button({ key: "cancel", className: "outline", onClick: () => dialog.close() }), send);
  }

  function showForm(form) {
    dialog.replaceChildren(form);
    dialog.showModal();
  }

  return { open, confirm };
}

function fill(fields, script, collection) {
  const { id, where, language, stage, state, text, variants, tags, from, to, author } = fields;
  if (script === null) {
    stage.input.value = "inquiry";
    where.input.value = collection;
    return;
  }
  if (![...where.input.options].some((option) => option.value === script.collection)) {
    where.input.append(Object.assign(make("option", "", script.collection), { value: script.collection }));
  }
  id.input.value = script.script_id;
  where.input.value = script.collection;
  language.input.value = script.language;
  stage.input.value = script.stage;
  state.input.value = script.state;
  text.input.value = script.text;
  variants.input.value = script.variants.join("\n");
  tags.input.value = script.tags.join(", ");
  from.input.value = localTime.shown(script.valid_from);
  to.input.value = localTime.shown(script.valid_to);
  author.input.value = script.author;
}
