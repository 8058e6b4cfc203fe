import json
from pathlib import Path

import pytest

from training.data.ranking import RankingSource
from training.data.sentence_pairs import TextSource
from training.embedder import EmbedderSettings
from training.nsp import NspSettings
from training.recipe import (
    Recipe,
    RecipeError,
    Source,
    collect_pairs,
    collect_rankings,
    collect_samples,
    read_recipe,
)
from training.reranker import RerankerSettings
from training.sft import SftSettings

SOURCE = {
    "file": "squad.json",
    "language": "zh",
    "count": 2,
    "unanswerable": 0.5,
    "hold_out": 0,
}


def read_recipe_of(path: Path) -> Recipe[Source, SftSettings]:
    return read_recipe(path, Source, SftSettings)


def written(folder: Path, content: object) -> Path:
    path = folder / "recipe.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_read_recipe_gives_sources_and_settings(tmp_path: Path) -> None:
    recipe = read_recipe_of(written(tmp_path, {"sources": [SOURCE]}))
    assert isinstance(recipe, Recipe)
    assert [(one.file, one.language, one.count) for one in recipe.sources] == [
        ("squad.json", "zh", 2)
    ]


@pytest.mark.parametrize(
    "content",
    [{}, [], {"sources": [{"file": "a"}]}, {"sources": [], "settings": {"speed": 3}}],
)
def test_read_recipe_that_is_none_is_refused_by_name(tmp_path: Path, content: object) -> None:
    with pytest.raises(RecipeError, match=r"^recipe\.json: "):
        read_recipe_of(written(tmp_path, content))


def test_read_recipe_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"^none\.json: "):
        read_recipe_of(tmp_path / "none.json")


def test_collect_samples_missing_data_is_named(tmp_path: Path) -> None:
    recipe = read_recipe_of(written(tmp_path, {"sources": [SOURCE]}))
    with pytest.raises(RecipeError, match=r"squad\.json is not in"):
        collect_samples(recipe, tmp_path)


def test_collect_pairs_leaves_out_what_is_measured_on_and_names_what_is_missing(
    tmp_path: Path,
) -> None:
    lines = [
        json.dumps({"text": "\n".join(f"Rule {n} of the {place} is short." for n in range(9))})
        for place in ("harbour", "station", "museum")
    ]
    (tmp_path / "texts.jsonl").write_text("\n".join(lines))
    (tmp_path / "kept.ref").write_text("Rule 3 of the museum is short.\n")
    source = {"file": "texts.jsonl", "form": "jsonl", "count": 20}
    content = {"sources": [source], "unseen": ["kept.ref"]}
    recipe = read_recipe(written(tmp_path, content), TextSource, NspSettings)
    pairs = collect_pairs(recipe, tmp_path)
    assert len(pairs) == 20
    assert not any("museum" in pair.first + pair.second for pair in pairs)
    (tmp_path / "kept.ref").unlink()
    with pytest.raises(RecipeError, match=r"kept\.ref is not in"):
        collect_pairs(recipe, tmp_path)


@pytest.mark.parametrize("name", ["embedder", "reranker"])
def test_shipped_ranking_recipes_can_be_read(name: str) -> None:
    form = EmbedderSettings if name == "embedder" else RerankerSettings
    recipe = read_recipe(Path(f"training/recipes/{name}.json"), RankingSource, form)
    assert {one.form for one in recipe.sources} == {"squad", "texts", "judged"}
    assert all(one.skip for one in recipe.sources if one.form == "judged")


def test_collect_rankings_missing_data_is_named(tmp_path: Path) -> None:
    source = RankingSource("squad.json", "squad", "zh", 3)
    with pytest.raises(RecipeError, match=r"squad\.json is not in"):
        collect_rankings(Recipe((source,), RerankerSettings()), tmp_path, None)
