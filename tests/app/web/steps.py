"""What a reader does on the page, as steps of a test."""

from playwright.sync_api import FilePayload, Page, expect

from tests.app.web.fake_service import QUESTION, Service


def open_page(page: Page, service: Service) -> None:
    page.goto(service.address)
    expect(page.locator("#empty-text")).not_to_contain_text("正在读取")


def ask(page: Page, question: str = QUESTION) -> None:
    page.fill("#question", question)
    page.press("#question", "Enter")


def ask_and_open_source(page: Page, service: Service, number: int = 1) -> None:
    open_page(page, service)
    ask(page)
    page.click(f".cite >> nth={number - 1}")


def upload(page: Page, *names: str) -> None:
    files = [FilePayload(name=name, mimeType="text/plain", buffer=b"x") for name in names]
    page.set_input_files("#files", files)
