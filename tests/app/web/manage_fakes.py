"""The HTTP contract of scripts, policy, rules and audit, as far as their pages need it."""

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, Route

Reply = tuple[int, Any]


def script(number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "script_id": f"s{number}",
        "version": 2,
        "collection": "",
        "language": "zh",
        "stage": "inquiry",
        "state": "draft",
        "text": f"<b>第{number}条</b>说法。",
        "variants": ["另一种说法"],
        "tags": ["faq"],
        "valid_from": None,
        "valid_to": None,
        "author": "值班",
        "created_at": "2026-01-02T03:04:05Z",
        "updated_at": "2026-01-02T03:04:05Z",
    } | more


def policy(**more: Any) -> dict[str, Any]:
    return {
        "collection": "default",
        "version": 0,
        "mode": "guard",
        "threshold": 0.5,
        "thresholds": {"inquiry": 0.7},
        "script_first": False,
        "handover_after": 3,
        "first_stage": "opening",
        "moves": {"opening": {"inquiry": "inquiry"}, "inquiry": {}},
        "intents": {"closing": ["下单"]},
        "author": "",
        "created_at": None,
    } | more


RULES = {
    "version": "1",
    "rules": [
        {
            "id": "promises",
            "kind": "wording",
            "action": "block",
            "severity": "high",
            "reason": {"zh": "不得承诺收益", "en": "No promises of return"},
        }
    ],
}


def entry(number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "sequence": number,
        "created_at": "2026-01-02T03:04:05Z",
        "trace_id": f"trace-{number}",
        "collection": "default",
        "action": "blocked",
        "facts": {
            "policy": "guard",
            "policy_version": 3,
            "reason": "不得承诺收益",
            "stage": "inquiry",
        },
        "texts": {"question": "收益？", "draft": "<i>保证收益</i>", "shown": "请咨询客服。"},
        "hash": "abc",
    } | more


MATCHED = {
    "matches": [
        {
            "script_id": "s1",
            "version": 1,
            "stage": "inquiry",
            "text": "可以用银行卡付款。",
            "score": 0.91,
            "cosine": 0.88,
            "differs": "",
        }
    ],
    "verdict": {
        "allowed": False,
        "text": "",
        "reason": "不得承诺收益",
        "basis": {
            "policy": "guard",
            "stage": "opening",
            "rule_id": "promises",
            "rule_version": 2,
            "script_id": None,
            "script_version": None,
            "score": None,
            "threshold": None,
        },
    },
}


WHOLE = {"valid": True, "head": {"sequence": 7, "hash": "f00"}, "flaws": []}
REPLAYED = {"outcome": "differs", "reasons": ["the rule changed"], "notes": []}


def problem(status: int, detail: str, errors: list[dict[str, Any]] | None = None) -> Reply:
    return status, {"status": status, "title": "no", "detail": detail, "errors": errors or []}


@dataclass
class Manage:
    """What the pages are told. asked: method, path, query and body of each call, in order.

    replies: answers in place of the usual ones, by method and path.
    """

    scripts: list[dict[str, Any]] = field(default_factory=list)
    policy: dict[str, Any] = field(default_factory=policy)
    versions: list[dict[str, Any]] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)
    replies: dict[tuple[str, str], Reply] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)

    def serve(self, page: Page, address: str) -> None:
        """Answer the page's calls below an address."""
        for name in ("scripts", "collections", "audit"):
            page.route(f"{address}/{name}**", self._answer)
            page.route(f"{address}/{name}/**", self._answer)

    def last(self, method: str, path: str) -> Any:
        """Return the body of the last such call."""
        return next(body for m, p, _, body in reversed(self.asked) if (m, p) == (method, path))

    def query(self, path: str) -> dict[str, str]:
        """Return the query of the last GET of a path."""
        return next(q for m, p, q, _ in reversed(self.asked) if (m, p) == ("GET", path))

    def _answer(self, route: Route) -> None:
        request = route.request
        url = urlsplit(request.url)
        asked = {name: values[0] for name, values in parse_qs(url.query).items()}
        is_json = "json" in (request.headers.get("content-type") or "")
        body = json.loads(request.post_data or "null") if is_json else None
        path = url.path.strip("/")
        self.asked.append((request.method, path, asked, body))
        status, reply = self.replies.get((request.method, path)) or self._usual(
            request.method, path, body
        )
        route.fulfill(
            status=status,
            content_type="application/json" if status < 400 else "application/problem+json",
            body="" if status == 204 else json.dumps(reply),
        )

    def _usual(self, method: str, path: str, body: Any) -> Reply:
        usual: list[tuple[str, Any]] = [
            ("GET collections", {"collections": [{"name": "default"}, {"name": "法规"}]}),
            ("GET scripts", {"scripts": self.scripts, "total": len(self.scripts)}),
            ("GET scripts/*/versions", {"versions": [script(), script(version=1)]}),
            ("POST scripts/match", MATCHED),
            ("POST scripts", body),
            ("PUT scripts/*", body),
            ("DELETE scripts/*", None),
            ("GET collections/*/policy", self.policy),
            ("GET collections/*/policy/versions", {"versions": self.versions}),
            ("GET collections/*/rules", {"collection": "default", "version": 0, "rules": RULES}),
            ("PUT collections/*/policy", body),
            ("PUT collections/*/rules", body),
            ("GET audit", {"entries": self.entries, "total": len(self.entries)}),
            ("GET audit/verify", WHOLE),
            ("GET audit/*/replay", REPLAYED),
        ]
        for pattern, reply in usual:
            if re.fullmatch(pattern.replace("*", "[^/]+"), f"{method} {path}"):
                return (204 if method == "DELETE" else 200), reply
        return problem(404, path)
