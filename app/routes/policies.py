"""`/collections/{name}/policy`: what compliance demands of a collection."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import AfterValidator

from app.dependencies import ThePools, TheService, require_json
from app.problems import declared
from app.schemas import Reply, collection_name
from app.script_schemas import PolicyBody, PolicyReply
from ingestion.store.policies import StoredPolicy

router = APIRouter(prefix="/collections/{name}/policy")
Name = Annotated[str, AfterValidator(collection_name), Path(max_length=64)]


class PoliciesReply(Reply):
    """All versions of a collection's policy, newest first."""

    versions: list[PolicyReply]


@router.get("", responses=declared(421, 422, 503))
async def get_policy(name: Name, service: TheService, pools: ThePools) -> PolicyReply:
    """Return the policy in force; the default, as version 0, where none was put."""
    found = await pools.catalog.run(partial(service.catalog.policies.versions, name))
    if found:
        return _reply(found[0])
    default = PolicyBody.model_validate({}).content()
    return PolicyReply(collection=name, version=0, created_at=None, **default)


@router.put(
    "",
    dependencies=[Depends(require_json)],
    responses=declared(400, 403, 413, 415, 421, 422, 503),
)
async def put_policy(
    name: Name, body: PolicyBody, service: TheService, pools: ThePools
) -> PolicyReply:
    """Put a policy in force; it binds the next sentence. The older versions are kept."""
    put = partial(service.catalog.policies.put, name, body.content(), body.author)
    return _reply(await pools.catalog.run(put))


@router.get("/versions", responses=declared(421, 422, 503))
async def list_policies(name: Name, service: TheService, pools: ThePools) -> PoliciesReply:
    """List all policies that a collection had, newest first."""
    found = await pools.catalog.run(partial(service.catalog.policies.versions, name))
    return PoliciesReply(versions=[_reply(one) for one in found])


def _reply(stored: StoredPolicy) -> PolicyReply:
    return PolicyReply(
        collection=stored.collection,
        version=stored.version,
        author=stored.author,
        created_at=stored.created_at,
        **stored.content,
    )
