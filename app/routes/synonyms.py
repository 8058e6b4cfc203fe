"""`/collections/{name}/synonyms`: words that stand for one another in a collection."""

from functools import partial
from typing import Annotated, Self

from fastapi import APIRouter, Depends
from pydantic import AfterValidator, Field, StringConstraints, model_validator

from app.dependencies import ThePools, TheService, require_json
from app.problems import declared
from app.schemas import CollectionName, Reply, Request, plain_text
from retrieval.synonyms import MOST_WORDS, comparable
from retrieval.terms import terms

router = APIRouter(prefix="/collections/{name}/synonyms")
_MOST_GROUPS, _LONGEST = 500, 64


def searchable(value: str) -> str:
    """Return the word. Raises ValueError if no search could find it."""
    if not terms(value):
        raise ValueError("must have a letter or a digit")
    return value


Word = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=_LONGEST),
    AfterValidator(plain_text),
    AfterValidator(searchable),
]
Group = Annotated[list[Word], Field(min_length=2, max_length=MOST_WORDS)]


class SynonymsBody(Request):
    """Groups of words or phrases; those of a group stand for one another."""

    groups: Annotated[
        list[Group], Field(max_length=_MOST_GROUPS, examples=[[["五险一金", "社保"]]])
    ]

    @model_validator(mode="after")
    def _once_each(self) -> Self:
        seen: set[str] = set()
        for word in (word for group in self.groups for word in group):
            if comparable(word) in seen:
                raise ValueError(f"{word!r} stands there twice")
            seen.add(comparable(word))
        return self


class SynonymsReply(Reply):
    """The groups of a collection."""

    collection: str
    groups: list[list[str]]


@router.get("", responses=declared(421, 422, 503))
async def get_synonyms(name: CollectionName, service: TheService, pools: ThePools) -> SynonymsReply:
    """Return the synonyms of a collection, none where none were put."""
    groups = await pools.catalog.run(partial(service.catalog.synonyms.of, name))
    return SynonymsReply(collection=name, groups=[list(group) for group in groups])


@router.put(
    "",
    dependencies=[Depends(require_json)],
    responses=declared(400, 403, 413, 415, 421, 422, 503),
)
async def put_synonyms(
    name: CollectionName, body: SynonymsBody, service: TheService, pools: ThePools
) -> SynonymsReply:
    """Replace the synonyms of a collection; the next search uses them. No groups: it has none."""
    await pools.catalog.run(partial(service.catalog.synonyms.put, name, body.groups))
    return SynonymsReply(collection=name, groups=body.groups)
