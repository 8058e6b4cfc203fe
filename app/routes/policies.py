"""`/collections/{name}/policy`: what compliance demands of a collection."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import AfterValidator

from app.dependencies import ThePools, TheService, require_json
from app.problems import declared
from app.schemas import Reply, collection_name
from app.script_schemas import PolicyBody, PolicyReply

router = APIRouter(prefix="/collections/{name}/policy")
Name = Annotated[str, AfterValidator(collection_name), Path(max_length=64)]


class PoliciesReply(Reply):
    """All versions of a collection's policy, newest first."""

    versions: list[PolicyReply]


@router.get("", responses=declared(421, 422, 503))
async def get_policy(name: Name, service: TheService, pools: ThePools) -> PolicyReply:
    """Return the policy in force; the default, as version 0, where none was put."""
    found = await pools.catalog.run(partial(service.catalog.policies.versions, name))
    content = found[0].content if found else PolicyBody.model_validate({}).content()
    return PolicyReply(collection=name, version=found[0].version if found else 0, **content)


@router.put(
    "",
    dependencies=[Depends(require_json)],
    responses=declared(400, 403, 413, 415, 421, 422, 503),
)
async def put_policy(
    name: Name, body: PolicyBody, service: TheService, pools: ThePools
) -> PolicyReply:
    """Put a policy in force; it binds the next sentence. The older versions are kept."""
    put = partial(service.catalog.policies.put, name, body.content(), "")
    stored = await pools.catalog.run(put)
    return PolicyReply(collection=name, version=stored.version, **stored.content)


@router.get("/versions", responses=declared(421, 422, 503))
async def list_policies(name: Name, service: TheService, pools: ThePools) -> PoliciesReply:
    """List all policies that a collection had, newest first."""
    found = await pools.catalog.run(partial(service.catalog.policies.versions, name))
    return PoliciesReply(
        versions=[PolicyReply(collection=name, version=one.version, **one.content) for one in found]
    )
