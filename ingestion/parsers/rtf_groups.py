"""The groups of an RTF file: where their text goes, and what ends with them."""

from dataclasses import dataclass, field, replace

# Where the text of a group goes that opens with one of these; a word that is not known, and marked
# as one that may be skipped, is skipped with its group.
DESTINATIONS = {
    "fonttbl": "fonts",
    "stylesheet": "styles",
    "title": "title",
    "footnote": "note",
    "pntext": "label",
    "listtext": "label",
    "shptxt": "body",
    **dict.fromkeys(
        "colortbl info author operator company doccomm keywords subject comment creatim revtim "
        "printim buptim header headerl headerr headerf footer footerl footerr footerf pict object "
        "objdata fldinst nonshppict shpinst listtable listoverridetable revtbl rsidtbl xmlnstbl "
        "themedata colorschememapping latentstyles datastore generator datafield filetbl bkmkstart "
        "bkmkend annotation atnid atnauthor atndate atnref tc xe template pnseclvl ftnsep ftnsepc "
        "aftnsep aftnsepc wgrffmtfilter mmathPr userprops private falt panose do".split(),
        "skipped",
    ),
}
CHARACTERS = {
    "tab": "\t",
    "line": "\n",
    "emdash": "—",
    "endash": "–",
    "emspace": " ",
    "enspace": " ",
    "lquote": "‘",
    "rquote": "’",
    "ldblquote": "“",
    "rdblquote": "”",
    "bullet": "•",
    "nestcell": " ",
}
_CHARSETS = {
    77: "mac_roman",
    128: "cp932",
    129: "cp949",
    130: "johab",
    134: "gb18030",
    136: "big5hkscs",
    161: "cp1253",
    162: "cp1254",
    163: "cp1258",
    177: "cp1255",
    178: "cp1256",
    186: "cp1257",
    204: "cp1251",
    222: "cp874",
    238: "cp1250",
    255: "cp437",
}


def encoding_of_charset(number: int) -> str:
    """Return the codec of a font's character set, '' for the document's own."""
    return _CHARSETS.get(number, "")


@dataclass(slots=True)
class Group:
    """What holds until a group ends. skipped: bytes that stand for a character given by number."""

    destination: str = "body"
    font: int = -1
    skipped: int = 1
    hidden: bool = False
    deleted: bool = False
    optional: bool = False
    text: list[str] = field(default_factory=list)

    def copy(self) -> "Group":
        """Return the group that begins inside this one; the text of both is one."""
        return replace(self, optional=False)

    def enter(self, destination: str) -> None:
        """Send the text of this group elsewhere; what is skipped stays so, but shapes have text."""
        if destination == "note":
            self.text = []
        inside_info = self.destination == "skipped" and destination == "title"
        if self.destination != "skipped" or inside_info or destination == "body":
            self.destination = destination

    def format(self, word: str, number: int | None) -> bool:
        """Take a word on how characters look; return whether it is one."""
        if word == "v":
            self.hidden = number != 0
        elif word == "deleted":
            self.deleted = number != 0
        elif word == "plain":
            self.hidden = self.deleted = False
        elif word == "f":
            self.font = number or 0
        elif word == "uc":
            self.skipped = max(0, min(number or 0, 16))
        else:
            return False
        return True
