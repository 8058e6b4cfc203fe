import pytest

from ingestion.encodings import decode, decode_as, encoding_of

STATUTE = (
    "第一条 为了防止食品浪费，保障国家粮食安全，根据宪法，制定本法。\n"
    "第二条 本法所称食品，是指供人食用或者饮用的食物，县级以上地方人民政府应当加强监督管理。\n"
) * 3
TRADITIONAL = (
    "這個問題對於我們來說，還是要從語言的歷史開始說起；學者發現，"
    "兩種語言的關係與發展，都不是巧合。\n"
)
JAPANESE = "これは日本語の文章です。カタカナとひらがなが混ざっています。"


KOREAN = "이 규정은 창고의 관리와 화물의 등록에 필요한 사항을 정함을 목적으로 한다.\n"
GERMAN = "Die Behörde führt über alle Größen Buch; Änderungen müssen gemeldet werden.\n"
CODE = "def total(rows):\n    # 计算所有应当缴纳的税款\n    return sum(row.tax for row in rows)\n"
TABLE = "品名,数量\n螺丝,5\n垫片,7\n"


@pytest.mark.parametrize(
    "encoding",
    [
        "utf-8",
        "utf-8-sig",
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "utf-32",
        "utf-32-le",
        "utf-32-be",
        "gbk",
        "gb18030",
    ],
)
@pytest.mark.parametrize("text", [STATUTE, "Tax 税率：3%。\n"])
def test_decode_chinese_in_any_encoding_comes_out_right(encoding, text):
    assert decode(text.encode(encoding)) == (text, ())


def test_decode_four_byte_gb18030_comes_out_right():
    text = STATUTE + "𠮷野家㐀"
    assert decode(text.encode("gb18030"))[0] == text


def test_decode_traditional_chinese_in_big5_comes_out_right():
    assert decode(TRADITIONAL.encode("big5")) == (TRADITIONAL, ())


def test_decode_japanese_in_shift_jis_comes_out_right():
    assert decode(JAPANESE.encode("cp932")) == (JAPANESE, ())


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16-le", "utf-32-le"])
def test_decode_western_text_comes_out_right(encoding):
    text = "Die Straße führt über die Brücke — “schön”, n’est-ce pas? Café, naïve.\n"
    assert decode(text.encode(encoding)) == (text, ())


def test_decode_gbk_with_a_stray_byte_loses_only_that_place():
    content = STATUTE.encode("gbk")
    at = content.index("保障".encode("gbk"))
    text, warnings = decode(content[:at] + b"\xff" + content[at:])
    assert text.replace("\ufffd", "") == STATUTE
    assert warnings == ("1 places could not be decoded as gb18030.",)


def test_decode_gbk_with_an_overwritten_byte_loses_only_that_character():
    content = STATUTE.encode("gbk")
    at = content.index("保障".encode("gbk"))
    text, _ = decode(content[:at] + b"\xff" + content[at + 1 :])
    assert text == STATUTE.replace("保", "\ufffd", 1)


def test_decode_utf8_with_a_damaged_byte_stays_utf8_and_warns():
    content = STATUTE.encode()
    text, warnings = decode(content[:300] + b"\xff" + content[300:])
    assert "国家粮食安全" in text
    assert len(warnings) == 1


def test_decode_utf16_cut_within_a_character_loses_only_that():
    text, _ = decode(STATUTE.encode("utf-16")[:-1])
    assert text == STATUTE[:-1]


@pytest.mark.parametrize(
    ("encoding", "label"),
    [
        ("gbk", " GB2312 "),
        ("cp949", "euc-kr"),
        ("iso-2022-jp", "iso-2022-jp"),
        ("utf-8", "us-ascii"),
        ("utf-8", "no-such-charset"),
        ("utf-8", "base64"),
        ("utf-8", "unicode_escape"),
        ("utf-8", "\x00"),
        ("utf-8-sig", "utf-8"),
    ],
)
def test_decode_as_declared_is_believed_where_the_bytes_obey(encoding, label):
    text = "朱镕基" if encoding == "gbk" else "똠방각하" if encoding == "cp949" else "日本語の文章"
    assert decode_as(text.encode(encoding), label) == (text, ())


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (STATUTE, "gb18030"),
        (STATUTE, "utf-16-le"),
        (CODE, "gbk"),
        (TABLE, "gbk"),
        (TRADITIONAL, "big5"),
        (TRADITIONAL, "utf-16-be"),
        (JAPANESE, "cp932"),
        (JAPANESE, "euc_jp"),
        (JAPANESE, "iso2022_jp"),
        (JAPANESE, "utf-16-le"),
        (KOREAN, "euc_kr"),
        (KOREAN, "utf-16-le"),
        (GERMAN, "latin-1"),
        (GERMAN, "utf-8"),
    ],
)
@pytest.mark.parametrize("size", [20, 40, 1000, 100_000])
def test_decode_text_of_any_length_comes_out_right(text, encoding, size):
    written = (text * (size // len(text) + 1))[:size]
    assert decode(written.encode(encoding)) == (written, ())


@pytest.mark.parametrize("text", ["联通", "模式：中文"])
def test_decode_gbk_that_happens_to_be_utf8_comes_out_right(text):
    assert decode(text.encode("gbk"))[0] == text


def test_decode_foreign_letters_far_behind_ascii_come_out_right():
    text = "plain words\n" * 20_000 + STATUTE
    assert decode(text.encode("gbk"))[0] == text
    assert decode(b"x" * 300_000 + STATUTE.encode("gbk"))[0].endswith(STATUTE)


def test_decode_utf8_cut_within_a_character_stays_utf8():
    text, warnings = decode("第一条 为了".encode()[:-1])
    assert text == "第一条 为\ufffd"
    assert len(warnings) == 1


def test_decode_mixed_line_ends_stay_as_they_are():
    text = "第一条\r\n第二条\r第三条\n规定"
    assert decode(text.encode("gbk"))[0] == text


def test_encoding_of_latin_word_cut_after_an_accent_is_no_utf8():
    assert encoding_of("Erreur de la ré".encode("cp1252")) == "cp1252"
