import pytest

from ingestion.parsers.markdown import parse_markdown
from ingestion.records import BlockKind

SAMPLE = """---
title: "部署手册"
tags: [a]
---
# 安装 { #install }

先读 **说明**，再看
[文档](https://example.com/a)和 `make run`。
![示意图](a.png)

/// note | 注意

别忘了备份。

///

1. 第一步
2. 第二步
   - 细节

     更多

```python
# not a heading
print("/// kept")
```

| 名称 | 端口 |
|---|---|
| `api` | 8000 |

<div hidden>secret</div>
<p>Raw <b>HTML</b></p>

## Next step
"""


def blocks_of(document):
    return [(b.kind, b.level, document.text[b.start : b.end]) for b in document.blocks]


def test_markdown_sample_keeps_the_words_and_drops_the_marks():
    document = parse_markdown(SAMPLE.encode(), "a.md")
    assert document.title == "部署手册"
    assert blocks_of(document) == [
        (BlockKind.HEADING, 1, "安装"),
        (BlockKind.PARAGRAPH, 0, "先读 说明，再看文档和 make run。示意图"),
        (BlockKind.PARAGRAPH, 0, "注意"),
        (BlockKind.PARAGRAPH, 0, "别忘了备份。"),
        (BlockKind.LIST_ITEM, 0, "1. 第一步"),
        (BlockKind.LIST_ITEM, 0, "2. 第二步"),
        (BlockKind.LIST_ITEM, 0, "细节"),
        (BlockKind.LIST_ITEM, 0, "更多"),
        (BlockKind.CODE, 0, '# not a heading\nprint("/// kept")'),
        (BlockKind.TABLE, 0, "名称 | 端口\napi | 8000"),
        (BlockKind.PARAGRAPH, 0, "Raw HTML"),
        (BlockKind.HEADING, 2, "Next step"),
    ]


def test_markdown_without_front_matter_title_is_the_first_heading():
    assert parse_markdown(b"Setext\n======\n\ntext", "a.md").title == "Setext"


def test_markdown_rule_at_the_top_is_no_front_matter():
    document = parse_markdown(b"text\n\n---\n\nmore", "a.md")
    assert [text for _, _, text in blocks_of(document)] == ["text", "more"]


def test_markdown_hard_break_stays_a_line_break():
    assert parse_markdown(b"one  \ntwo\nthree", "a.md").text == "one\ntwo three"


@pytest.mark.parametrize("depth", [10, 40, 60, 2000])
@pytest.mark.parametrize("nested", ["list", "quote"])
def test_parse_markdown_deep_nesting_loses_nothing(depth: int, nested: str) -> None:
    lines = ["# Title", ""]
    if nested == "list":
        lines += [f"{'  ' * level}- level {level}" for level in range(depth)]
    else:
        lines += [f"{'>' * depth} level {depth - 1}"]
    lines += ["", "# Chapter two", "", "The vault code is 5521."]
    document = parse_markdown("\n".join(lines).encode(), "deep.md")
    assert f"level {depth - 1}" in document.text
    assert "5521" in document.text
    headings = [block for block in document.blocks if block.kind is BlockKind.HEADING]
    assert len(headings) == 2
    assert bool(document.warnings) == (depth > (50 if nested == "list" else 100))


def test_markdown_paragraph_of_marks_takes_linear_time_and_says_so():
    document = parse_markdown(b"[" * 100_000, "a.md")
    assert len(document.text) == 100_000
    assert "marks for emphasis and links were too many" in document.warnings[0]
    many = "\n\n".join(["*one* [two](x)"] * 6000)
    document = parse_markdown(many.encode(), "a.md")
    assert document.text.startswith("one two\n")
    assert document.warnings == ()
