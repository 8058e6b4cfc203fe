"""The example questions of an empty conversation: made from what the documents say."""

import pytest
from playwright.sync_api import Page, expect

from tests.app.web.fake_service import Service, document
from tests.app.web.steps import ask, open_page

pytestmark = pytest.mark.browser

# (a document's text, the question it gives, None: none)
SENTENCES = [
    ("第二条 记录应当自形成之日起保存五年。", "记录应当自形成之日起保存几年？"),
    ("图书馆于1987年5月6日正式开放。", "图书馆于什么时候正式开放？"),
    ("城北石桥最早建成于1957年。", "城北石桥最早建成于哪一年？"),
    ("每位读者的押金一律为200元。", "每位读者的押金一律为多少元？"),
    ("阅览室的座位不少于总数的百分之二十。", "阅览室的座位不少于总数的百分之多少？"),
    ("本条例所称善本，是指年代久远的书。", "什么是善本？"),
    ("A reader may borrow up to five books at once.", "A reader may borrow up to how many books at once?"),
    ("The library was founded in 1987 by its readers.", "The library was founded in which year by its readers?"),
    ("全馆的藏书价值49,736元。", "全馆的藏书价值多少元？"),
    ("The reading room opened in May 1987.[3] It is quiet.", "The reading room opened when?"),
    ("The three reading rooms are open to all readers.", None),
    ("读者应当爱护图书。", None),
    ("该期限自收到通知之日起为三十日。", None),
    ("连续借阅并且续借满三十日的；", None),
    ("类别 | 电子记录的保存期限 | 五年。", None),
    ("It may be kept for up to three weeks by a reader.", None),
    ("A reader who is late pays a small fee.", None),
]  # fmt: skip


def questions(page: Page, documents: list[list[str]], count: int = 4) -> list[str]:
    found: list[str] = page.evaluate(
        """async ([documents, count]) => {
            const { exampleQuestions } = await import("/static/examples.js");
            return exampleQuestions(documents, count);
        }""",
        [documents, count],
    )
    return found


def test_example_question_is_a_sentence_with_its_answer_left_out(
    page: Page, service: Service
) -> None:
    open_page(page, service)
    for text, question in SENTENCES:
        assert questions(page, [[text]]) == ([] if question is None else [question]), text


def test_examples_take_turns_at_the_documents_and_prefer_plain_sentences(
    page: Page, service: Service
) -> None:
    open_page(page, service)
    first = ["读者满二年不满三年的可以借书。续借的期限最长为十五日。", "押金一律为二百元整。"]
    second = ["阅览室每天开放十二小时。"]
    assert questions(page, [first, second, []], 3) == [
        "续借的期限最长为几日？",
        "阅览室每天开放几小时？",
        "押金一律为多少元整？",
    ]


def test_example_question_is_asked_when_it_is_chosen(page: Page, service: Service) -> None:
    service.documents = [document()]
    service.chunks = ["记录应当自形成之日起保存五年。"]
    open_page(page, service)
    page.click(".example")
    expect(page.locator(".asked-words")).to_have_text("记录应当自形成之日起保存几年？")
    expect(page.locator(".answer")).to_have_attribute("data-outcome", "answered")
    assert service.asked[0]["question"] == "记录应当自形成之日起保存几年？"


def test_examples_come_from_documents_in_the_language_of_the_reader(
    page: Page, service: Service
) -> None:
    service.documents = [{**document(), "language": "zh"}, {**document("d2"), "language": "en"}]
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_page(page, service)
    with page.expect_response("**/documents/d2/chunks*"):
        page.click("#language")
    order = [url.rsplit("/", 2)[1] for url in asked if "/chunks?" in url]
    assert order == ["d1", "d2"]


def test_documents_without_a_fitting_sentence_give_no_example(page: Page, service: Service) -> None:
    service.documents = [document()]
    service.chunks = ["读者应当爱护图书。"]
    open_page(page, service)
    ask(page)
    expect(page.locator(".answer")).to_have_attribute("data-outcome", "answered")
    expect(page.locator(".example")).to_have_count(0)
