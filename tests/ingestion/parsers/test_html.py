import pytest

from ingestion.errors import EmptyDocument
from ingestion.parsers.html import parse_html
from ingestion.records import BlockKind


def blocks_of(document):
    return [(b.kind, b.level, document.text[b.start : b.end]) for b in document.blocks]


def texts_of(markup):
    return [text for _, _, text in blocks_of(parse_html(markup.encode(), "a.html"))]


def test_html_page_keeps_what_a_reader_sees():
    page = """<html><head><title> 仓库
    规定 </title><style>.gone, #off {display:none}</style></head><body>
    <nav>首页</nav><h1>规定</h1>loose <b>text</b> here
    <div>外层<p>第一段&nbsp;文字<br>换行</p>尾</div>
    <ul><li>甲<ul><li>乙</li></ul></li></ul>
    <table><tr><th>名</th><th>值</th></tr><tr><td>a<br>b</td><td>1</td></tr></table>
    <table><tr><td><p>layout</p></td></tr></table>
    <pre>x = 1
  y</pre><script>bad()</script><footer>页脚</footer>
    <p hidden>h</p><p style="color:red; display : none">d</p><p aria-hidden="true">a</p>
    <p class="big gone">c</p><p id="off">i</p><div role="navigation">n</div><!-- c -->
    </body></html>"""
    document = parse_html(page.encode(), "a.html")
    assert document.title == "仓库 规定"
    assert blocks_of(document) == [
        (BlockKind.HEADING, 1, "规定"),
        (BlockKind.PARAGRAPH, 0, "loose text here"),
        (BlockKind.PARAGRAPH, 0, "外层"),
        (BlockKind.PARAGRAPH, 0, "第一段 文字\n换行"),
        (BlockKind.PARAGRAPH, 0, "尾"),
        (BlockKind.LIST_ITEM, 0, "甲"),
        (BlockKind.LIST_ITEM, 0, "乙"),
        (BlockKind.TABLE, 0, "名 | 值\na b | 1"),
        (BlockKind.PARAGRAPH, 0, "layout"),
        (BlockKind.CODE, 0, "x = 1\n  y"),
    ]


def test_html_encoding_is_that_of_the_declaration():
    page = '<meta charset="gb2312"><p>镕基、税法</p>'
    assert parse_html(page.encode("gbk"), "a.html").text == "镕基、税法"


def test_html_wrong_declaration_is_not_believed():
    page = '<meta charset="ascii"><p>中华人民共和国的法律规定</p>'
    assert parse_html(page.encode(), "a.html").text == "中华人民共和国的法律规定"


def test_html_main_holding_most_of_the_text_is_all_that_is_read():
    story = "word " * 50
    assert texts_of(f"<body><div>menu</div><main><p>{story}</p></main>") == [story.strip()]
    assert texts_of(f"<body><div>{story}</div><main><p>short</p></main>") == [
        story.strip(),
        "short",
    ]


@pytest.mark.parametrize("opened", ["<div>", "<h1><div>", "<table><tr><td>", "<h1><table><tr><td>"])
def test_html_deeply_nested_page_is_read(opened):
    assert texts_of(opened * 5000 + "deep") == ["deep"]


def test_html_heading_around_a_heading_leaves_it_one():
    page = parse_html(b"<h1>a<div><h2>b</h2>c</div></h1>", "a.html")
    assert (BlockKind.HEADING, 2, "b") in blocks_of(page)
    assert page.text.split() == ["a", "b", "c"]


def test_html_without_words_raises_empty_document():
    with pytest.raises(EmptyDocument):
        parse_html(b"<html><script>x</script></html>", "a.html")


def test_html_style_sheet_without_brackets_takes_linear_time():
    # Matched as rules, this would take minutes.
    document = parse_html(b"<style>" + b".a," * 200_000 + b"</style><p>words", "a.html")
    assert document.text == "words"


def test_html_rules_within_media_queries_hide():
    page = b"<style>@media screen { .a { display: none } .b { color: red } }</style>"
    document = parse_html(page + b'<p class="a">gone<p class="b">kept', "a.html")
    assert document.text == "kept"


def test_html_deeper_than_any_page_keeps_its_text_and_order():
    deep = b"<div>" * 30_000 + b"one<p>two" + b"</div>" * 30_000 + b"<p>three"
    assert parse_html(deep, "a.html").text.split() == ["one", "two", "three"]
    cells = b"<table>" + b"<tr><td>a<td>b" * 3000 + b"</table>"
    assert parse_html(cells, "a.html").text == "\n".join(["a | b"] * 3000)
