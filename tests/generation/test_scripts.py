import json

import pytest

from generation.scripts import FIELDS, Stage, fill_script, load_scripts, parse_scripts, pick_script


def test_load_scripts_has_every_stage_in_both_languages_and_fills() -> None:
    scripts = load_scripts()
    for stage in Stage:
        for language in ("zh", "en"):
            script = pick_script(scripts, stage, language)
            text = fill_script(script, dict.fromkeys(FIELDS[stage], "值"))
            assert "{" not in text
            assert ("值" in text) == bool(FIELDS[stage])


def test_fill_script_with_hostile_value_keeps_it_one_plain_line() -> None:
    script = pick_script(load_scripts(), Stage.REFUSAL, "zh")
    fields = {"collection": "库{closest_title}", "closest_title": "题\n目" + "长" * 500}
    text = fill_script(script, fields)
    assert "库{closest_title}" in text
    assert "\n" not in text and len(text) < 200


def test_fill_script_without_a_value_raises() -> None:
    script = pick_script(load_scripts(), Stage.REFUSAL, "en")
    with pytest.raises(KeyError):
        fill_script(script, {"collection": "x"})


def entries() -> list[dict[str, str]]:
    return [
        {"script_id": one.script_id, "language": one.language, "stage": one.stage, "text": one.text}
        for one in load_scripts()
    ]


def test_parse_scripts_of_own_form_round_trips() -> None:
    assert parse_scripts(json.dumps(entries())) == load_scripts()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"language": "fr"}, "fr"),
        ({"stage": "party"}, "party"),
        ({"text": "{password}"}, "password"),
        ({"text": " "}, "empty"),
        ({"script_id": "fallback-en"}, "repeat"),
    ],
)
def test_parse_scripts_with_bad_entry_raises_and_names_it(
    change: dict[str, str], message: str
) -> None:
    changed = entries()
    changed[0] |= change
    with pytest.raises(ValueError, match=message):
        parse_scripts(json.dumps(changed))


def test_parse_scripts_with_missing_stage_raises() -> None:
    kept = [entry for entry in entries() if entry["stage"] != "fallback"]
    with pytest.raises(ValueError, match="fallback"):
        parse_scripts(json.dumps(kept))
