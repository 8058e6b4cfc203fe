"""Text out of bytes: which encoding they are in, and what of them can be read."""

import codecs
import re
from collections import Counter
from functools import lru_cache
from itertools import chain

from charset_normalizer import from_bytes

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What a declared charset really is, where it has a larger successor: by Python's names.
_SUCCESSORS = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "iso8859-1": "cp1252",
}
# Python's own notations, no charsets; some take time that grows with the square of the text.
_NO_CHARSETS = frozenset("idna punycode raw-unicode-escape undefined unicode-escape".split())
_WIDE_ENCODINGS = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")
_NARROW_ENCODINGS = ("gb18030", "big5hkscs", "cp932", "euc_jp", "cp949", "cp1252")
_DOUBLE_BYTE = frozenset(_NARROW_ENCODINGS) - {"cp1252"}
_JAPANESE = frozenset(("cp932", "euc_jp"))
_RESYNCHRONISE = "youju-resynchronise"
_LONGEST_RUN = 200
_SAMPLE_BYTES = 1 << 15
_PLAUSIBLE = 0.55
_POSSIBLE = 0.4
# Bytes lost for each character found: with fewer than this, it is UTF-8 that was damaged.
_DAMAGED_SHARE = 0.2
# So few characters may be valid UTF-8 by chance.
_CHANCE_LENGTH = 32
_UTF8_FAVOUR = 0.35
_STRAY_ZEROS = 0.001
_FOREIGN = re.compile(rb"[\x80-\xff]")
_CONTEXT = 64
_ESCAPE_TO_JAPANESE = re.compile(rb"\x1b\$[@B]")
_LATIN_LETTER = "A-Za-z"
_LONE_HANZI = re.compile(f"(?<=[{_LATIN_LETTER}])[\u3400-\u9fff\uac00-\ud7a3](?=[{_LATIN_LETTER}])")
_ACCENTS_IN_A_ROW = re.compile("[\u00a1-\u024f]{2,}")

# The most frequent characters of written Chinese, simplified and traditional, Japanese and
# Korean. Text read in the wrong encoding is full of rare ones, so the share of these tells the
# right reading.
_FREQUENT_HANZI = frozenset(
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种"
    "面而方后多定行学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本"
    "去把性好应开它合还因由其些然前外天政四日那社义事平形相全表间样与关各重新线内数正心反你明看原又么利比"
    "或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已通并提直题党程展五果料象员位入常文总次"
    "品式活设及管特件长求基资流路级少统接知较将组见计别角期根论运农指区强放决西被做必先回则任取据处理府给"
    "保治北造规报告市场务院收税费应当单位依照规定负责证券交易合同责任纳人额率计算免征机关登记企业财产权利"
    "這個為來們時說國會學對發經過還後動樣麼現實開問題關與無種電話長東車門見點當體應義從將員實業兩內裡並"
    "進間過點數據網路說明書訊產價區員總統選舉軍隊戰爭歷史運動藝術語言歐洲貢獻發展"
)
_FREQUENT_KANJI = frozenset(
    "日本人大年一会国中見事自社者地業方新場員立開手力問代明動京目通言理体田主題意不作用度強公持野以思家世"
    "多正安院心界教文元重近考画海売知道集別物使品計死特私始朝運終台広住真有口少町料工建空急止送切転研足"
    "究楽起着店病質待試族銀早映親験英医仕去味写字答夜音注帰歌悪図週室歩風紙黒花春赤青館屋色走秋夏習駅洋"
    "旅服夕借曜飲肉貸堂鳥飯勉冬昼茶弟牛魚兄犬妹姉漢込示効変設値処実応対権検読続円済経総発働関係条件指定"
    "入力出力表示削除追加選択可能場合必要情報時間下上内外全部分名前行番号形式項保存情成更履歴"
)
_FREQUENT_HANGUL = frozenset(
    "이다는을의에가고하지로를서은한기도자사어인리시나대정해수있과일부들으만라장전보그주아것상제스여게적원오"
    "소면구세동유공무성요관국연계비없안치용생화모위경신문회실분방등행조물민선내발진차개트업재단입심강명결력"
    "외통법체드음러와된할당니습미년월금간학교바람마거야우르터될함중파설름호키값저류표열"
)
_CJK_MARKS = frozenset("，。、；：？！“”‘’（）《》【】「」『』—…·％　～")
_CONTROL_BYTES = frozenset(range(32)) - frozenset(b"\t\n\r\f\x1b")
_PLAIN = frozenset(map(chr, range(0x20, 0x7F))) | frozenset("\t\n\r\f\x1b")


def _first_level(encoding: str, leads: range, trails: range) -> frozenset[str]:
    """Return the common half of a double-byte character set: its first level."""
    pairs = (bytes((lead, trail)) for lead in leads for trail in trails)
    return frozenset("".join(pair.decode(encoding, "ignore") for pair in pairs))


_HIGH = range(0xA1, 0xFF)
_JIS_LEVEL = _first_level("euc_jp", range(0xB0, 0xD0), _HIGH)
_FIRST_LEVELS = {
    "gb18030": _first_level("gb18030", range(0xB0, 0xD8), _HIGH),
    "big5hkscs": _first_level("big5", range(0xA4, 0xC7), range(0x40, 0xFF)),
    "cp932": _JIS_LEVEL,
    "euc_jp": _JIS_LEVEL,
    "cp949": _first_level("euc_kr", range(0xB0, 0xC9), _HIGH),
}
# Alphabets that the double-byte encodings have no text in, for charset-normalizer to choose from.
_OTHER_ALPHABETS = [
    *("cp1251", "koi8_r", "koi8_u", "iso8859_5", "cp866", "mac_cyrillic", "cp1250", "iso8859_2"),
    *("cp1253", "iso8859_7", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "tis_620"),
    *("mac_roman", "cp850", "cp1252"),
]
_COMMON_HANZI = frozenset(chain.from_iterable(_FIRST_LEVELS.values()))


def decode(content: bytes) -> tuple[str, tuple[str, ...]]:
    """Return the text of the bytes, and a warning where some of them did not decode.

    Knows UTF-8, UTF-16 and UTF-32 with and without a byte order mark, GB18030 (with GBK and
    GB2312), Big5, Shift-JIS, EUC-JP, ISO-2022-JP, EUC-KR and Windows-1252; asks
    charset-normalizer about other alphabets. Never raises: what cannot be read becomes U+FFFD.
    """
    encoding = encoding_of(content)
    if encoding in _WIDE_ENCODINGS or encoding in ("utf-16", "utf-32"):
        # A byte cut off at the end is no character.
        content = content[: len(content) - len(content) % (4 if "32" in encoding else 2)]
    errors = _RESYNCHRONISE if encoding in _DOUBLE_BYTE else "replace"
    text = content.decode(encoding, errors).removeprefix("\ufeff")
    lost = text.count("\ufffd")
    if not lost:
        return text, ()
    return text, (f"{lost} places could not be decoded as {encoding}.",)


def decode_as(content: bytes, label: str) -> tuple[str, tuple[str, ...]]:
    """Return the text of bytes that are declared to be in a charset, and warnings.

    label: the charset's name on the web or in mail; where it is unknown or the bytes do not obey
    it, they are decoded as they look. Never raises.
    """
    try:
        codec = codecs.lookup(label.strip()).name
        if codec not in _NO_CHARSETS:
            return content.decode(_SUCCESSORS.get(codec, codec)).removeprefix("\ufeff"), ()
    except (ValueError, LookupError):
        # The declaration is wrong: look at the bytes.
        return decode(content)
    return decode(content)


def encoding_of(content: bytes) -> str:
    """Return the name of the codec that reads the bytes best."""
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return encoding
    sample = _sample(content)
    if _is_utf8(content):
        text = sample.decode("utf-8", "replace")
        foreign = sum(char > "\x7f" for char in text)
        if _ESCAPE_TO_JAPANESE.search(sample) and not foreign:
            return "iso2022_jp"
        if not _has_controls(text):
            by_chance = 0 < foreign <= _CHANCE_LENGTH and _score(sample, "gb18030") > (
                _score(sample, "utf-8") + _UTF8_FAVOUR
            )
            return "gb18030" if by_chance else "utf-8"
        if foreign > _CHANCE_LENGTH:
            return "utf-8"
    elif _is_damaged_utf8(sample):
        return "utf-8"
    scores = {encoding: _score(sample, encoding) for encoding in _NARROW_ENCODINGS}
    scores |= {encoding: _score(content[:_SAMPLE_BYTES], encoding) for encoding in _WIDE_ENCODINGS}
    best = max(scores, key=lambda encoding: scores[encoding])
    if scores[best] >= (_POSSIBLE if best in _DOUBLE_BYTE else _PLAUSIBLE):
        return best
    guess = from_bytes(sample, cp_isolation=_OTHER_ALPHABETS).best()
    return guess.encoding if guess else best


def looks_like_text(sample: bytes) -> bool:
    """Return whether bytes with zeros or control characters among them are text all the same."""
    if any(sample.startswith(mark) for mark, _ in _BOMS):
        return True
    if 0 in sample:
        wide = max(_score(sample[:_SAMPLE_BYTES], encoding) for encoding in _WIDE_ENCODINGS)
        return wide >= _PLAUSIBLE or sample.count(0) <= len(sample) * _STRAY_ZEROS
    control = sum(sample.count(byte) for byte in _CONTROL_BYTES)
    return control <= len(sample) // 20 or encoding_of(sample) in _WIDE_ENCODINGS


def _resynchronise(error: UnicodeError) -> tuple[str, int]:
    """Replace a damaged character of a double-byte encoding, and find where the next one starts.

    A lost byte shifts all pairs after it up to the next ASCII byte, so both shifts are tried
    and the one that makes ordinary text wins.
    """
    if not isinstance(error, UnicodeDecodeError):
        raise error
    content, start = error.object, error.start
    end = start + 1
    while end < min(len(content), start + _LONGEST_RUN) and content[end] >= 0x30:
        end += 1
    shifts = [at for at in (start + 1, start + 2) if at <= end] or [start + 1]
    return "\ufffd", max(shifts, key=lambda at: _score(content[at:end], error.encoding))


codecs.register_error(_RESYNCHRONISE, _resynchronise)


def _sample(content: bytes) -> bytes:
    """Return lines that tell encodings apart, those with foreign letters; else the beginning."""
    lines: list[bytes] = []
    left = _SAMPLE_BYTES
    position = 0
    while left > 0 and (found := _FOREIGN.search(content, position)):
        # What stands before it is ASCII, so no character is cut apart.
        start = max(content.rfind(b"\n", position, found.start()) + 1, found.start() - _CONTEXT)
        start = max(start, position)
        stop = content.find(b"\n", found.end(), start + left) + 1
        lines.append(content[start : stop or start + left])
        position = start + len(lines[-1])
        left -= len(lines[-1])
    return b"".join(lines) or content[:_SAMPLE_BYTES]


def _is_utf8(content: bytes) -> bool:
    """Return whether the bytes are UTF-8; the last character may be cut off."""
    try:
        text, length = codecs.utf_8_decode(content, "strict", False)
    except UnicodeDecodeError:
        return False
    return length == len(content) or not text.isascii()


def _is_damaged_utf8(sample: bytes) -> bool:
    text = sample.decode("utf-8", "replace")
    lost = text.count("\ufffd")
    return lost <= _DAMAGED_SHARE * (sum(char > "\x7f" for char in text) - lost)


def _has_controls(text: str) -> bool:
    return any(char < " " and char not in _PLAIN for char in set(text))


def _score(sample: bytes, encoding: str) -> float:
    """Return how much like ordinary text the sample reads, 0 to 1.

    ASCII counts in the wide encodings only, for it looks the same in all others.
    """
    unit = {"utf-32": 4, "utf-16": 2}.get(encoding[:6], 1)
    text = sample[: len(sample) - len(sample) % unit].decode(encoding, "replace")
    counts = Counter(text)
    good = foreign = 0.0
    for char, count in counts.items():
        if char not in _PLAIN:
            good += count * _worth(char, encoding)
            foreign += count
        elif unit > 1:
            good += count
            foreign += count
    if not foreign:
        return 1.0 if text else 0.0
    # Within a Latin word one stands for an accented letter, and those do not come in rows.
    good -= len(_LONE_HANZI.findall(text))
    if encoding == "cp1252":
        good -= 0.6 * sum(len(row) for row in _ACCENTS_IN_A_ROW.findall(text))
    return max(0.0, good / foreign)


@lru_cache(maxsize=1 << 16)
def _worth(char: str, encoding: str) -> float:
    """Return how usual the character is in text of this encoding, -1 to 1."""
    unicode = encoding.startswith("utf")
    if char in _CJK_MARKS:
        return 1.0 if encoding != "cp1252" else 0.6
    if "\u3400" <= char <= "\u9fff":
        return _worth_of_hanzi(char, encoding, unicode)
    if "\uac00" <= char <= "\ud7a3":
        usual = unicode or (encoding == "cp949" and char in _FIRST_LEVELS["cp949"])
        return (1.0 if char in _FREQUENT_HANGUL else 0.55) if usual else 0.1
    if "\u3041" <= char <= "\u30fe":
        return 1.0 if unicode or encoding in _JAPANESE else 0.3
    if "\u00c0" <= char <= "\u024f":
        usual = unicode or encoding == "cp1252"
        return (0.9 if char <= "\u00ff" else 0.5) if usual else 0.2
    if "\u0370" <= char <= "\u0e7f":
        return 0.8 if unicode else 0.2
    if "\u2010" <= char <= "\u203a" or "\uff01" <= char <= "\uff5e" or char in "\u00a0£§°±«»·€":
        return 0.6
    if char == "\ufffd" or char < "\xa0" or "\ud800" <= char <= "\uf8ff":
        return -1.0
    return 0.0


def _worth_of_hanzi(char: str, encoding: str, unicode: bool) -> float:
    if encoding == "cp949":
        return 0.2
    japanese = unicode or encoding in _JAPANESE
    if char in _FREQUENT_HANZI or (japanese and char in _FREQUENT_KANJI):
        return 1.0
    if char in _FIRST_LEVELS.get(encoding, _COMMON_HANZI):
        return 0.6
    return 0.35 if char in _COMMON_HANZI else 0.2
