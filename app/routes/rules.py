"""`/collections/{name}/rules`: a collection's own rules of compliance."""

import json
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header
from pydantic import JsonValue

from app.dependencies import ThePools, TheService, require_json
from app.errors import Complaint, InvalidForm
from app.problems import declared
from app.schemas import CollectionName, RulesReply, ShortText
from generation.rules.rule_file import RuleSetError

router = APIRouter(prefix="/collections")


@router.get("/{name}/rules", responses=declared(421, 422, 503))
async def get_rules(name: CollectionName, service: TheService, pools: ThePools) -> RulesReply:
    """Return the rules in force; version 0 are those of the service."""
    version, content = await pools.catalog.run(partial(service.rule_books.content, name))
    return _reply(name, version, json.loads(content))


@router.put(
    "/{name}/rules",
    dependencies=[Depends(require_json)],
    responses=declared(400, 403, 413, 415, 421, 422, 503),
)
async def put_rules(
    name: CollectionName,
    body: dict[str, JsonValue],
    service: TheService,
    pools: ThePools,
    x_author: Annotated[ShortText | None, Header(description="Kept with the version.")] = None,
) -> RulesReply:
    """Put a rule file in force for a collection, at once; or say of every rule what is wrong."""
    content = json.dumps(body, ensure_ascii=False)
    store = partial(service.rule_books.put, name, content, x_author or "")
    try:
        version, _ = await pools.models.run(store)
    except RuleSetError as exc:
        raise InvalidForm([Complaint(("body",), problem) for problem in exc.problems]) from exc
    return _reply(name, version, body)


def _reply(name: str, version: int, rules: dict[str, Any]) -> RulesReply:
    return RulesReply(collection=name, version=version, rules=rules)
