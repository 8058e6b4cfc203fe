"""Say a question as it was meant, and in the words of its collection's owner."""

from collections.abc import Sequence
from dataclasses import dataclass

from retrieval.corrections import corrected
from retrieval.pinyin_input import Holding, read_pinyin
from retrieval.synonyms import Groups, in_other_words

_MOST_CHARACTERS = 240


@dataclass(frozen=True, slots=True)
class Wordings:
    """A question as it was asked and as it is searched for besides.

    meant: read from pinyin, or with its mistakes corrected; as asked where it has none. others: all
    further wordings by words, `meant` first. embedded: those whose mean vector stands for it:
    pinyin says nothing to an encoder, a corrected question may be corrected wrongly.
    """

    own: str
    meant: str
    others: Sequence[str]
    embedded: Sequence[str]


def wordings_of(question: str, holding: Holding, groups: Groups) -> Wordings:
    """Return all ways to say a question in a collection.

    holding: tells how many of its documents hold a term. groups: its synonyms. What has more than
    240 characters is neither read as pinyin nor corrected: it says enough.
    """
    others = in_other_words(question, groups)
    if len(question) > _MOST_CHARACTERS:
        return Wordings(question, question, others, [question])
    read = read_pinyin(question, holding)
    meant = corrected(read or question, holding) or read
    if meant is None:
        return Wordings(question, question, others, [question])
    others = [meant, *others, *in_other_words(meant, groups)]
    embedded = [question, meant] if read is None else [meant]
    return Wordings(question, meant, list(dict.fromkeys(others)), embedded)
