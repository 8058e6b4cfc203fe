import json
from pathlib import Path

import pytest

from training.recipe import Recipe, RecipeError, collect_samples, read_recipe
from training.sft import SftSettings

SOURCE = {
    "file": "squad.json",
    "language": "zh",
    "count": 2,
    "unanswerable": 0.5,
    "hold_out": 0,
}


def read_recipe_of(path: Path) -> Recipe[SftSettings]:
    return read_recipe(path, SftSettings)


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
