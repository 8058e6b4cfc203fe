"""What an explanation of a search says to people, in both languages."""

from collections.abc import Iterator, Mapping

from generation.prompt import Language
from retrieval.explain import Explanation, Loss

_ADVICE: Mapping[Loss | None, Mapping[Language, str]] = {
    None: {
        "zh": "找到了：在结果中排第 {rank} 位，回答会读到它。",
        "en": "It was found: rank {rank} of the result, and an answer reads it.",
    },
    "filters": {
        "zh": "请求中的 filters 把它所在的文档排除在外。去掉或放宽 filters。",
        "en": "The filters of the request leave its document out. Remove or widen them.",
    },
    "summary_filter": {
        "zh": "它的文档没有进入候选，全库检索也没有找到它：问题与文档的标题、摘要、关键词都不相近。"
        "让标题说明文档的内容，或换用文档中的词来提问。",
        "en": "Its document is not among the candidates, and the search of the whole collection did"
        " not find it either: title, summary and keyphrases are far from the question. Give it a"
        " title that says what it is about, or ask in its words.",
    },
    "first_stage": {
        "zh": "它的文档是候选，但按词和按语义都没有找到这一段。换用段落中的词来提问，"
        "或看看它是怎样切分的。",
        "en": "Its document is a candidate, but neither words nor meaning found this chunk. Ask in"
        " its words, or look at how the document was cut.",
    },
    "fusion": {
        "zh": "找到了，但合并排序后排第 {fused} 位，只有前 {limit} 段会再读一遍。提高 top_k 或"
        " YOUJU_RERANK_PASSAGES，或把问题问得更具体。",
        "en": "It was found, but ranks {fused} after fusion, and only the first {limit} are read"
        " again. Raise top_k or YOUJU_RERANK_PASSAGES, or ask more precisely.",
    },
    "rerank": {
        "zh": "它进入了重排，但没有排进前 {shown} 段：模型认为别的段落更能回答问题。提高 top_k。",
        "en": "It was read again, but did not make the first {shown}: the reranker takes other"
        " passages to answer better. Raise top_k.",
    },
    "budget": {
        "zh": "它在结果中排第 {rank} 位，但回答只读前面几段。把问题问得更具体。",
        "en": "It ranks {rank} in the result, but an answer reads only the first few passages. Ask"
        " more precisely.",
    },
}


def advice(explanation: Explanation, language: Language) -> str:
    """Return in one or two sentences what became of the chunk and what to do about it."""
    by_name = {stage.stage: stage for stage in explanation.stages}
    fusion = by_name["fusion"]
    return _ADVICE[explanation.lost_at][language].format(
        rank=explanation.rank,
        fused=fusion.rank,
        limit=fusion.limit,
        shown=by_name["result"].limit,
    )


def stage_lines(explanation: Explanation) -> Iterator[str]:
    """Yield a line for each stage: its name, the rank and score there, and whether it passed."""
    for stage in explanation.stages:
        rank = "–" if stage.rank is None else str(stage.rank)
        score = "–" if stage.score is None else f"{stage.score:.3f}"
        limit = "" if stage.limit is None else f" of the first {stage.limit}"
        passed = "yes" if stage.passed else "no"
        yield f"{stage.stage:<15} rank {rank:>6}  score {score:>8}  passed {passed}{limit}"
