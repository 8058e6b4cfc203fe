from pathlib import Path

from app.build_models import build_border_scorer, build_generator, prepare_models
from app.settings import Settings
from generation.chat import ChatGenerator


def test_build_generator_address_goes_before_the_bundled_one() -> None:
    settings = Settings(generator_url="http://127.0.0.1:9/v1", generator_model="large")
    generator = build_generator(settings)
    assert isinstance(generator, ChatGenerator)
    assert generator.name == "large"
    generator.close()


def test_build_generator_none_is_none() -> None:
    assert build_generator(Settings(generator="none")) is None


def test_prepare_models_that_are_not_asked_for_are_left_alone(tmp_path: Path) -> None:
    said: list[str] = []
    settings = Settings(data_dir=tmp_path, encoder="some/model", generator="none", reranker="none")
    prepare_models(settings, said.append)
    assert said == []
    assert list(tmp_path.iterdir()) == []


def test_border_scorer_that_cannot_be_loaded_is_none(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, nsp_model=str(tmp_path / "nothing"))
    assert build_border_scorer(settings) is None
