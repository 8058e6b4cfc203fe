"""The pages of scripts, policy and audit in a real browser."""

import json
import re

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.app.web.fake_service import Service
from tests.app.web.manage_fakes import Manage, entry, policy, problem, script
from tests.app.web.test_looks import scrolls

pytestmark = pytest.mark.browser


@pytest.fixture
def manage(page: Page, service: Service) -> Manage:
    fakes = Manage(scripts=[script()], entries=[entry()])
    fakes.serve(page, service.address)
    return fakes


def enter(page: Page, service: Service, room: str) -> None:
    page.goto(f"{service.address}/manage#{room}")
    expect(page.locator(f"#room-{room}")).to_be_visible()


def json_file(name: str, text: str) -> FilePayload:
    return FilePayload(name=name, mimeType="application/json", buffer=text.encode())


def test_scripts_are_listed_as_text_and_found_by_what_is_asked(
    page: Page, service: Service, manage: Manage
) -> None:
    enter(page, service, "scripts")
    expect(page.locator(".card-text")).to_have_text("<b>第1条</b>说法。")
    expect(page.locator("#script-count")).to_have_text("1 条话术")
    page.get_by_label("查找文字").fill("付款")
    page.get_by_label("状态").first.select_option("approved")
    expect(page.locator("#script-count")).to_have_text("1 条话术")
    page.wait_for_timeout(400)
    asked = manage.query("scripts")
    assert (asked["text"], asked["state"], asked["collection"]) == ("付款", "approved", "default")
    link = page.get_by_role("link", name="导出 CSV").get_attribute("href") or ""
    assert "format=csv" in link
    assert "state=approved" in link


def test_new_script_is_stored_and_a_refusal_keeps_what_was_typed(
    page: Page, service: Service, manage: Manage
) -> None:
    enter(page, service, "scripts")
    manage.replies["POST", "scripts"] = problem(409, "s9 exists")
    page.get_by_role("button", name="新建话术").click()
    editor = page.locator("#editor")
    editor.get_by_label("说法", exact=True).fill("可以用银行卡付款。")
    editor.get_by_label("其他说法").fill("支持银行卡\n\n能刷卡")
    editor.get_by_label("标签").fill("faq，付款")
    editor.get_by_role("button", name="保存").click()
    expect(editor.locator(".problem")).to_contain_text("s9 exists")
    del manage.replies["POST", "scripts"]
    editor.get_by_role("button", name="保存").click()
    expect(editor).to_be_hidden()
    sent = manage.last("POST", "scripts")
    assert sent["variants"] == ["支持银行卡", "能刷卡"]
    assert sent["tags"] == ["faq", "付款"]
    assert (sent["language"], sent["state"], sent["stage"]) == ("zh", "draft", "inquiry")
    assert (sent["script_id"], sent["collection"], sent["valid_from"]) == (None, "default", None)


def test_script_is_approved_edited_and_deleted_as_the_version_that_was_seen(
    page: Page, service: Service, manage: Manage
) -> None:
    enter(page, service, "scripts")
    page.get_by_role("button", name="批准").click()
    expect(page.locator("#announcer")).to_contain_text("已批准")
    sent = manage.last("PUT", "scripts/s1")
    assert (sent["state"], sent["version"], sent["collection"]) == ("approved", 2, None)
    page.get_by_role("button", name="编辑").click()
    page.locator("#editor").get_by_label("说法", exact=True).fill("新的说法。")
    page.locator("#editor").get_by_role("button", name="保存").click()
    expect(page.locator("#editor")).to_be_hidden()
    assert manage.last("PUT", "scripts/s1")["text"] == "新的说法。"
    page.get_by_role("button", name="历史版本").click()
    expect(page.locator(".card tbody tr")).to_have_count(2)
    page.get_by_role("button", name="删除").click()
    page.locator("#editor").get_by_role("button", name="取消").click()
    assert not [one for one in manage.asked if one[0] == "DELETE"]
    page.get_by_role("button", name="删除").click()
    page.locator("#editor").get_by_role("button", name="删除").click()
    expect(page.locator("#announcer")).to_contain_text("已删除")
    assert ("DELETE", "scripts/s1") in [one[:2] for one in manage.asked]


def test_file_is_checked_first_and_its_good_rows_taken_in_after(
    page: Page, service: Service, manage: Manage
) -> None:
    found = {"rows": 3, "stored": 2, "unchanged": 0, "dry_run": True}
    wrong = {"row": 2, "field": "stage", "msg": "must be a <b>name</b>"}
    manage.replies["POST", "scripts/import"] = (200, {**found, "errors": [wrong]})
    enter(page, service, "scripts")
    page.set_input_files("#script-tools input[type=file]", json_file("s.json", "[]"))
    place = page.locator("#script-import")
    expect(place).to_contain_text("共 3 行：2 条可存入")
    expect(place.locator("tbody td").nth(2)).to_have_text("must be a <b>name</b>")
    assert manage.asked[-1][2] == {"partial": "true", "dry_run": "true"}
    manage.replies["POST", "scripts/import"] = (200, {**found, "errors": [wrong], "dry_run": False})
    place.get_by_role("button", name="只导入无误的行").click()
    expect(place).to_contain_text("存入 2 条")
    imports = [one for one in manage.asked if one[1] == "scripts/import"]
    assert imports[-1][2] == {"partial": "true", "dry_run": "false"}


def test_sentence_is_tried_against_scripts_and_policy(
    page: Page, service: Service, manage: Manage
) -> None:
    enter(page, service, "scripts")
    box = page.locator("#script-try")
    box.get_by_label("一句回答").fill("保证收益")
    box.get_by_role("button", name="判定").click()
    expect(box.locator(".badge")).to_have_text("不能展示")
    expect(box).to_contain_text("promises · v2")
    expect(box.locator("tbody td").first).to_have_text("0.910")
    assert manage.last("POST", "scripts/match")["collection"] == "default"


def test_policy_is_changed_and_all_of_it_sent(page: Page, service: Service, manage: Manage) -> None:
    enter(page, service, "policy")
    form = page.locator("#policy-body form")
    expect(form).to_contain_text("当前策略：默认")
    form.get_by_label("策略", exact=True).select_option("hybrid")
    expect(form).to_contain_text("有相符的话术就展示话术")
    form.get_by_label("opening", exact=True).fill("0.8")
    form.get_by_label("先用话术回答").check()
    form.get_by_role("button", name="添加").click()
    row = form.locator(".move").last
    for name, value in (("从", "inquiry"), ("意图", "buy"), ("到", "closing")):
        row.get_by_label(name, exact=True).fill(value)
    examples = form.get_by_label("意图的示例")
    expect(examples).to_have_value("closing: 下单")
    examples.fill("closing: 下单\nclosing：我要: 买\n无冒号")
    manage.versions = [policy(version=1, mode="hybrid", author="值班")]
    form.get_by_role("button", name="启用").click()
    expect(page.locator("#policy-body .notice.good")).to_be_visible()
    sent = manage.last("PUT", "collections/default/policy")
    assert (sent["mode"], sent["threshold"], sent["script_first"]) == ("hybrid", 0.5, True)
    assert sent["intents"] == {"closing": ["下单", "我要: 买"]}
    assert sent["thresholds"] == {"opening": 0.8, "inquiry": 0.7}
    assert sent["moves"] == {"opening": {"inquiry": "inquiry"}, "inquiry": {"buy": "closing"}}
    expect(page.locator("#policy-body table")).to_contain_text("值班")


def test_policy_that_is_refused_says_why_and_keeps_what_was_typed(
    page: Page, service: Service, manage: Manage
) -> None:
    enter(page, service, "policy")
    errors = [{"loc": ["body", "moves"], "msg": "lead nowhere"}]
    manage.replies["PUT", "collections/default/policy"] = problem(422, "1 error", errors)
    form = page.locator("#policy-body form")
    form.get_by_label("起始阶段").fill("nowhere")
    form.get_by_role("button", name="启用").click()
    expect(form).to_contain_text("moves: lead nowhere")
    expect(form.get_by_label("起始阶段")).to_have_value("nowhere")


def test_rules_are_listed_and_a_file_is_put_in_force_or_refused(
    page: Page, service: Service, manage: Manage
) -> None:
    enter(page, service, "policy")
    panel = page.locator("#rules-body")
    expect(panel.locator("tbody tr")).to_contain_text("不得承诺收益")
    picker = "#rules-body input[type=file]"
    page.set_input_files(picker, json_file("r.json", "{"))
    expect(panel).to_contain_text("这不是 JSON 文件")
    errors = [{"loc": ["body"], "msg": "rule promises: no phrases"}]
    manage.replies["PUT", "collections/default/rules"] = problem(422, "wrong", errors)
    page.set_input_files(picker, json_file("r.json", "{}"))
    expect(panel).to_contain_text("rule promises: no phrases")
    del manage.replies["PUT", "collections/default/rules"]
    page.set_input_files(picker, json_file("r.json", '{"rules": []}'))
    expect(panel).to_contain_text("规则已生效")
    assert manage.last("PUT", "collections/default/rules") == {"rules": []}
    with page.expect_download() as download:
        panel.get_by_role("button", name="下载规则").click()
    saved = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert saved["rules"][0]["id"] == "promises"


def test_audit_shows_entries_verifies_the_chain_and_plays_back(
    page: Page, service: Service, manage: Manage
) -> None:
    manage.entries = [entry(2), entry(1, texts=None)]
    enter(page, service, "audit")
    first = page.locator("#audit-list .card").first
    expect(first.locator(".card-text")).to_have_text("请咨询客服。")
    expect(page.locator("#audit-list .card").last).to_contain_text("文字已抹除")
    first.locator("summary").click()
    expect(first.locator(".facts")).to_contain_text("<i>保证收益</i>")
    expect(first.locator(".facts")).to_contain_text("规则把关 · v3")
    first.get_by_role("button", name="重放判定").click()
    expect(first).to_contain_text("the rule changed")
    page.get_by_role("button", name="核验整条链").click()
    expect(page.locator("#audit-verified")).to_contain_text("7:f00")
    flaws = [{"sequence": 3, "detail": "was changed"}]
    broken = {"valid": False, "head": {"sequence": 7, "hash": "f00"}, "flaws": flaws}
    manage.replies["GET", "audit/verify"] = (200, broken)
    page.get_by_role("button", name="核验整条链").click()
    expect(page.locator("#audit-verified")).to_contain_text("3: was changed")
    page.get_by_label("结果").select_option("blocked")
    page.get_by_label("只看当前资料库").check()
    page.wait_for_timeout(200)
    assert manage.query("audit")["action"] == "blocked"
    assert manage.query("audit")["collection"] == "default"


def test_rooms_are_reached_by_keyboard_and_by_address(
    page: Page, service: Service, manage: Manage
) -> None:
    enter(page, service, "scripts")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    for _ in range(4):
        page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="合规策略")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#room-policy")).to_be_visible()
    expect(page.locator("#room-title")).to_be_focused()
    page.go_back()
    expect(page.locator("#room-scripts")).to_be_visible()
    page.get_by_label("资料库", exact=True).select_option("法规")
    page.wait_for_timeout(200)
    assert manage.query("scripts")["collection"] == "法规"


@pytest.mark.parametrize("room", ["scripts", "policy", "audit"])
def test_room_in_english_on_a_phone_is_whole(
    page: Page, service: Service, manage: Manage, room: str
) -> None:
    page.set_viewport_size({"width": 360, "height": 720})
    enter(page, service, room)
    page.click("#language")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.wait_for_timeout(300)
    chrome = page.evaluate(
        """[...document.querySelectorAll("[data-text], [data-label]")].map((element) =>
        `${element.dataset.text ? element.textContent : ""} ${element.ariaLabel ?? ""}`).join()"""
    )
    assert re.findall("[\u4e00-\u9fff]+", chrome) == []
    assert not scrolls(page)
    wider = page.evaluate("document.querySelector('#rooms').scrollWidth")
    assert wider <= 360


def test_phone_names_its_links_and_stacks_no_letters(
    page: Page, service: Service, manage: Manage
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    enter(page, service, "scripts")
    expect(page.get_by_role("link", name="有据")).to_be_visible()
    box = page.locator("#script-try")
    box.get_by_label("一句回答").fill("银行卡")
    box.get_by_role("button", name="判定").click()
    cells = box.locator("tbody td")
    assert cells.nth(1).evaluate("(it) => it.offsetWidth") >= 150
    assert cells.first.locator(".score").evaluate("(it) => it.getClientRects().length") == 1
    assert not scrolls(page)


def test_service_that_is_away_is_told_and_asked_again(
    page: Page, service: Service, manage: Manage
) -> None:
    manage.replies["GET", "scripts"] = problem(503, "busy")
    enter(page, service, "scripts")
    notice = page.locator("#script-problem .problem")
    expect(notice).to_contain_text("busy")
    del manage.replies["GET", "scripts"]
    notice.get_by_role("button", name="重试").click()
    expect(page.locator("#script-list .card")).to_have_count(1)
    expect(notice).to_have_count(0)
