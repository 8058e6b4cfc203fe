/** The library of approved wording: search it, edit it, take files in, and see its versions. */

import { announce, button, byId, make, worded } from "./dom.js";
import { badge, choice, facts, field, input, moment, table } from "./form_parts.js";
import {
  deleteScript,
  exportAddress,
  importScripts,
  importStarter,
  listScripts,
  saveScript,
  scriptVersions,
} from "./manage_api.js";
import { problemNotice } from "./problems.js";
import { createScriptEditor } from "./script_editor.js";
import { createSentenceTry } from "./sentence_try.js";
import { currentLanguage, label, say, word } from "./words.js";

const PAGE = 30;
const WAIT_MS = 250;
const TONES = { approved: "good", draft: "warn", retired: "" };

/** Return `{show()}`. collection(): the one that is looked at. */
export function createScriptRoom(collection) {
  const text = field("searchScripts", input({ type: "search", maxLength: 200 }), { className: "wide" });
  const state = field("scriptState", choice([["", "anyState"], ...states()]));
  const language = field("scriptLanguage", choice([["", "anyLanguage"], ["zh", "chinese"], ["en", "english"]]));
  const stage = field("scriptStage", input({ maxLength: 64 }));
  const exports = ["csv", "xlsx", "json"].map((format) => {
    const link = worded("a", "button", `export_${format}`);
    link.download = "";
    link.dataset.format = format;
    return link;
  });
  const editor = createScriptEditor(() => show());
  const picker = input({ type: "file", accept: ".csv,.xlsx,.json", hidden: true });
  label(picker, "importScripts");
  const trial = createSentenceTry(collection);
  let offset = 0;
  let asked = 0;

  byId("script-tools").append(
    text.element,
    state.element,
    language.element,
    stage.element,
    make(
      "div",
      "tools-row",
      button({ key: "newScript", iconName: "add", className: "solid", onClick: () => editor.open(null, collection()) }),
      button({ key: "importScripts", iconName: "upload", className: "outline", onClick: () => picker.click() }),
      button({ key: "importStarter", className: "outline", onClick: takeStarter }),
      picker,
      ...exports,
    ),
  );
  byId("script-try").append(trial.element);
  byId("script-more").addEventListener("click", () => load(offset + PAGE));
  picker.addEventListener("change", () => {
    const [file] = picker.files;
    picker.value = "";
    if (file) takeFile(file, { partial: true, dryRun: true });
  });
  let waiting = 0;
  for (const { input: control } of [text, state, language, stage]) {
    control.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(show, WAIT_MS);
    });
  }

  const wanted = () => ({
    collection: collection(),
    text: text.input.value.trim(),
    state: state.input.value,
    language: language.input.value,
    stage: stage.input.value.trim(),
  });

  function show() {
    for (const link of exports) link.href = exportAddress(wanted(), link.dataset.format);
    trial.reset();
    return load(0);
  }

  async function load(from) {
    asked += 1;
    const mine = asked;
    byId("script-problem").replaceChildren();
    try {
      const { scripts, total } = await listScripts(wanted(), from, PAGE);
      if (mine !== asked) return; // a later question has gone out
      offset = from;
      const list = byId("script-list");
      if (from === 0) list.replaceChildren();
      list.append(...scripts.map(card));
      say(byId("script-count"), total === 0 ? "noScripts" : "scriptCount", { count: total });
      byId("script-more").hidden = list.childElementCount >= total;
    } catch (problem) {
      if (mine === asked) byId("script-problem").replaceChildren(problemNotice(problem, () => load(from)));
    }
  }

  function card(script) {
    const versions = make("div");
    const foot = make("div", "card-foot");
    const act = async (work, said) => {
      try {
        await work();
        announce(word(said));
        await show();
      } catch (problem) {
        versions.replaceChildren(problemNotice(problem));
      }
    };
    const to = (next) => () => act(() => saveScript({ ...body(script), state: next }, script), `script_${next}`);
    foot.append(
      button({ key: "editScript", onClick: () => editor.open(script, collection()) }),
      script.state === "approved"
        ? button({ key: "retireScript", onClick: to("retired") })
        : button({ key: "approveScript", iconName: "check", onClick: to("approved") }),
      button({ key: "scriptVersions", onClick: () => showVersions(script, versions) }),
      button({
        key: "deleteScript",
        iconName: "delete",
        onClick: () => editor.confirm(script, () => act(() => deleteScript(script.script_id), "script_deleted")),
      }),
    );
    const head = make(
      "div",
      "card-head",
      badge(`state_${script.state}`, TONES[script.state]),
      make("span", "", script.stage),
      worded("span", "", script.language === "zh" ? "chinese" : "english"),
      script.collection === "" ? worded("span", "", "everyCollection") : make("span", "", script.collection),
      make("span", "", `${script.script_id} · v${script.version}`),
    );
    const more = facts([
      ["scriptVariants", script.variants],
      ["scriptTags", script.tags.join(", ")],
      ["validFrom", moment(script.valid_from, currentLanguage())],
      ["validTo", moment(script.valid_to, currentLanguage())],
      ["author", script.author],
    ]);
    const element = make("li", "card", head, make("p", "card-text", script.text));
    if (more.childElementCount > 0) {
      element.append(make("details", "small", worded("summary", "muted", "scriptMore"), more));
    }
    element.append(foot, versions);
    return element;
  }

  async function takeFile(file, options) {
    const place = byId("script-import");
    place.replaceChildren(worded("p", "muted", "importing"));
    try {
      const found = await importScripts(file, options);
      place.replaceChildren(imported(found, file));
      if (!options.dryRun) await load(0);
    } catch (problem) {
      place.replaceChildren(problemNotice(problem));
    }
  }

  async function takeStarter() {
    const place = byId("script-import");
    place.replaceChildren(worded("p", "muted", "importing"));
    try {
      place.replaceChildren(imported(await importStarter(), null));
      await load(0);
    } catch (problem) {
      place.replaceChildren(problemNotice(problem, takeStarter));
    }
  }

  function imported(found, file) {
    const { rows, stored, unchanged, errors, dry_run: dry } = found;
    const told = { rows, stored, unchanged, errors: errors.length };
    const box = make("div", "panel", worded("p", "", dry ? "importChecked" : "importDone", told));
    if (errors.length > 0) {
      const lines = errors.map((one) => [String(one.row), one.field, make("div", "words", one.msg)]);
      box.append(table(["importRow", "importField", "importWhy"], lines));
    }
    const close = () => byId("script-import").replaceChildren();
    const buttons = make("div", "row");
    if (dry && stored > 0) {
      const take = () => takeFile(file, { partial: true, dryRun: false });
      buttons.append(button({ key: errors.length > 0 ? "importGood" : "importAll", className: "solid", onClick: take }));
    }
    buttons.append(button({ key: "close", className: "outline", onClick: close }));
    box.append(buttons);
    return box;
  }

  return { show };
}

async function showVersions(script, place) {
  if (place.childElementCount > 0) {
    place.replaceChildren();
    return;
  }
  try {
    const versions = await scriptVersions(script.script_id);
    const rows = versions.map((one) => [
      `v${one.version}`,
      moment(one.updated_at, currentLanguage()),
      badge(`state_${one.state}`, TONES[one.state]),
      one.author || "–",
      make("div", "words", one.text),
    ]);
    place.replaceChildren(table(["version", "when", "scriptState", "author", "scriptText"], rows));
  } catch (problem) {
    place.replaceChildren(problemNotice(problem, () => showVersions(script, place)));
  }
}

function states() {
  return ["approved", "draft", "retired"].map((state) => [state, `state_${state}`]);
}

/** Return a stored script as one to store: without what the service adds. */
function body({ script_id, collection, language, stage, text, variants, tags, state, valid_from, valid_to, author }) {
  const own = collection === "" ? null : collection;
  return { script_id, collection: own, language, stage, text, variants, tags, state, valid_from, valid_to, author };
}
