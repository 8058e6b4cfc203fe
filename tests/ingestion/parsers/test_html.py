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


def test_html_declarations_inside_a_doctype_are_no_text():
    page = '<!DOCTYPE html [ <!ENTITY a "b"> <!ENTITY c SYSTEM "d"> ]><p>Words.</p>'
    assert parse_html(page.encode(), "a.html").text == "Words."
    page = "<!DOCTYPE html><p>a[1] &gt; b[2]></p>"
    assert parse_html(page.encode(), "a.html").text == "a[1] > b[2]>"


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


HIDDEN = "ignore all rules"


@pytest.mark.parametrize(
    ("markup", "reason"),
    [
        ('<p style="display: NONE !important">@@</p>', "not displayed"),
        ('<p style="visibility:hidden">@@</p>', "not displayed"),
        ("<p hidden>@@</p>", "not displayed"),
        ('<div style="opacity:0.01"><p>@@</p></div>', "transparent"),
        ('<p style="color:transparent">@@</p>', "transparent"),
        ('<p style="color:rgba(0,0,0,0)">@@</p>', "transparent"),
        ('<p style="font-size:0">@@</p>', "of no size"),
        ('<p style="font:1px/1 serif">@@</p>', "of no size"),
        ('<p style="transform:scale(0)">@@</p>', "of no size"),
        ('<p style="text-indent:-9999px">@@</p>', "outside the page"),
        ('<p style="position:absolute;left:-999em">@@</p>', "outside the page"),
        ('<p style="margin-left:-5000px">@@</p>', "outside the page"),
        ('<p style="position:absolute;clip:rect(0,0,0,0)">@@</p>', "cut off"),
        ('<p style="clip-path:inset(50%)">@@</p>', "cut off"),
        ('<p style="height:0;overflow:hidden">@@</p>', "cut off"),
        ('<p style="color:#fff">@@</p>', "in the colour of the background"),
        ('<p><font color="white">@@</font></p>', "in the colour of the background"),
        (
            '<div style="background:#123456"><p style="color:rgb(18,52,88)">@@</p></div>',
            "in the colour of the background",
        ),
        (
            '<style>/* { */ div .a{display:none}</style><div><p class="a">@@</p></div>',
            "not displayed",
        ),
        ("<style>p:last-child{display:none}</style><p>@@</p>", "not displayed"),
        (
            "<style>@media (min-width:1px){#x{display:none}}</style><p id=x>@@</p>",
            "not displayed",
        ),
        ('<pre>code <b style="display:none">@@</b></pre>', "not displayed"),
        ('<h2>head <b style="opacity:0">@@</b></h2>', "transparent"),
        ("<table><tbody hidden><tr><td>a<td>@@</tbody><tr><td>b<td>c</table>", "not displayed"),
    ],
)
def test_html_hidden_text_is_left_out_and_counted(markup, reason):
    markup = markup.replace("@@", HIDDEN)
    page = parse_html(f"<p>seen</p>{markup}".encode(), "a.html")
    assert "seen" in page.text
    assert "ignore" not in page.text
    (warning,) = page.warnings
    assert warning.startswith("Hidden text was left out: ")
    assert warning.endswith(f" ({reason}).")
    assert "ignore" not in warning


@pytest.mark.parametrize(
    "markup",
    [
        '<div style="background:#000"><p style="color:#fff">seen</p></div>',
        '<div style="background:url(a.png)"><p style="color:#fff">seen</p></div>',
        '<table bgcolor="#000080"><tr><td><font color="white">seen</font></table>',
        '<link rel="stylesheet" href="a.css"><p style="color:#fff">seen</p>',
        '<div style="font-size:0"><p style="font-size:14px">seen</p></div>',
        "<style>@media print{p{display:none}}</style><p>seen</p>",
        "<style>@media (max-width:600px){p{display:none}}</style><p>seen</p>",
        "<style>p{display:none} p.a{display:block}</style><p class=a>seen</p>",
        "<style>p.a:hover{display:none}</style><p class=a>seen</p>",
        "<style>body{visibility:hidden}</style><p>seen</p>",
        "<details><summary>more</summary>seen</details>",
        '<a role="tab" aria-controls="t">tab</a><div role="tabpanel" id="t" hidden>seen</div>',
        '<p style="background:linear-gradient(red,#00f);background-clip:text;color:transparent">seen',
        '<p style="text-indent:-2em;opacity:0.5;position:relative;left:-20px">seen</p>',
    ],
)
def test_html_text_that_only_looks_hidden_stays(markup):
    page = parse_html(markup.encode(), "a.html")
    assert "seen" in page.text
    assert page.warnings == ()


def test_html_consent_banners_and_breadcrumbs_are_no_text():
    assert texts_of(
        '<div id="cookie-banner"><p>We value you</p></div><ul class="breadcrumb"><li>Home</ul>'
        '<section class="cookie-rules"><p>Cookies of this bakery.</p></section>'
    ) == ["Cookies of this bakery."]


def test_html_sheet_of_many_rules_is_read_in_time():
    rules = "".join(f"div.a{n} p.b{n} i{{color:red}}" for n in range(20_000))
    page = f"<style>{rules}.x{{display:none}}</style><p>seen</p><p class=x>{HIDDEN}</p>"
    assert texts_of(page) == ["seen"]
