import pytest
from pydantic import ValidationError

from app.search_schemas import ExplainBody, Filters
from ingestion.store.selection import Selection


def test_filters_select_any_of_what_is_given_for_a_member_and_all_members() -> None:
    filters = Filters(
        document_ids=["a"], metadata={"year": ["1", "2"], "kind": "law"}, language="zh"
    )
    assert filters.selection() == Selection(
        frozenset({"a"}),
        (("year", frozenset({"1", "2"})), ("kind", frozenset({"law"}))),
        frozenset({"zh"}),
    )


def test_filters_of_nothing_select_everything() -> None:
    selection = Filters().selection()
    assert selection == Selection()
    assert not selection.asks_the_catalog


def test_explain_body_expects_exactly_one_thing() -> None:
    with pytest.raises(ValidationError, match="one of them"):
        ExplainBody(query="q")
    assert ExplainBody(query="q", expected_chunk_id="c").expected_document_id is None
