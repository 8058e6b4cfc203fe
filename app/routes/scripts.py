"""`/scripts`: the library of approved wording."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from app.dependencies import ThePools, TheService, require_json
from app.errors import (
    MOST_COMPLAINTS,
    Complaint,
    InvalidForm,
    ScriptChanged,
    ScriptExists,
    ScriptNotFound,
)
from app.problems import declared
from app.schemas import CollectionName, Limit, Offset, ShortText
from app.script_files import ScriptFormat, write_scripts
from app.script_import import import_scripts, starter_file
from app.script_schemas import (
    ImportReply,
    JudgedReply,
    MatchBody,
    MatchesReply,
    MatchReply,
    ScriptBody,
    ScriptEdit,
    ScriptReply,
    ScriptsReply,
    VersionsReply,
)
from app.service import Service
from app.uploads import read_form
from generation.language import question_language
from ingestion.store.scripts import ApprovalState, ScriptFilter, StoredScript, script_id_of

router = APIRouter(prefix="/scripts")
IMPORT_BYTES = 16 * 2**20
EXPORTED_AT_ONCE = 100_000
_MEDIA = {
    ScriptFormat.CSV: "text/csv; charset=utf-8",
    ScriptFormat.JSON: "application/json",
    ScriptFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
ScriptId = Annotated[str, Path(max_length=64)]
IMPORT_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}


async def wanted_scripts(
    collection: Annotated[CollectionName | None, Query()] = None,
    stage: Annotated[ShortText | None, Query()] = None,
    language: Annotated[ShortText | None, Query()] = None,
    state: Annotated[ApprovalState | None, Query()] = None,
    tag: Annotated[ShortText | None, Query()] = None,
    text: Annotated[ShortText | None, Query(description="Words of a text or variant.")] = None,
) -> ScriptFilter:
    """Return which scripts a query asks for."""
    return ScriptFilter(collection, stage, language, state, tag, text)


Wanted = Annotated[ScriptFilter, Depends(wanted_scripts)]


@router.get("", responses=declared(421, 422, 503))
async def list_scripts(
    service: TheService, pools: ThePools, wanted: Wanted, offset: Offset = 0, limit: Limit = 50
) -> ScriptsReply:
    """List scripts. A collection has those of every collection too."""
    read = partial(service.catalog.scripts.listed, wanted, offset, limit)
    found, total = await pools.catalog.run(read)
    return ScriptsReply(
        scripts=[_reply(script) for script in found], total=total, offset=offset, limit=limit
    )


@router.post(
    "",
    status_code=201,
    dependencies=[Depends(require_json)],
    responses=declared(400, 403, 409, 413, 415, 421, 422, 503),
)
async def create_script(body: ScriptBody, service: TheService, pools: ThePools) -> ScriptReply:
    """Store a new script."""
    draft = body.draft()
    script = await pools.catalog.run(partial(service.catalog.scripts.create, draft))
    if script is None:
        raise ScriptExists(script_id_of(draft))
    return _reply(script)


@router.get("/export", responses=declared(415, 421, 422, 503))
async def export_scripts(
    service: TheService,
    pools: ThePools,
    wanted: Wanted,
    kind: Annotated[ScriptFormat, Query(alias="format")] = ScriptFormat.CSV,
) -> Response:
    """Return scripts as a file that can be edited and imported again."""

    def write() -> bytes:
        found, _ = service.catalog.scripts.listed(wanted, 0, EXPORTED_AT_ONCE)
        return write_scripts(found, kind)

    content = await pools.catalog.run(write)
    headers = {"Content-Disposition": f'attachment; filename="scripts.{kind.value}"'}
    return Response(content, headers=headers, media_type=_MEDIA[kind])


@router.post(
    "/import",
    openapi_extra=IMPORT_FORM,
    responses=declared(400, 403, 413, 415, 421, 422, 503),
)
async def import_file(
    request: Request,
    service: TheService,
    pools: ThePools,
    partial_import: Annotated[bool, Query(alias="partial")] = False,
    dry_run: bool = False,
) -> ImportReply:
    """Take in a file of scripts. A wrong row stops it all, unless `partial`."""
    async with read_form(request, IMPORT_BYTES) as form:
        if len(form.files) != 1:
            raise InvalidForm([Complaint(("body", "file"), "exactly one file is needed")])
        file = form.files[0]
        content = file.opened().read()
    take = partial(
        import_scripts,
        service.catalog.scripts,
        content,
        file.name,
        partial=partial_import,
        dry_run=dry_run,
    )
    reply = await pools.uploads.run(take)
    if reply.errors and not (partial_import or dry_run):
        complaints = [
            Complaint(("body", "file", one.row, one.field), one.msg) for one in reply.errors
        ]
        raise InvalidForm(complaints[: 5 * MOST_COMPLAINTS])
    return reply


@router.post("/import-starter", responses=declared(403, 421, 503))
async def import_starter(service: TheService, pools: ThePools) -> ImportReply:
    """Take in the scripts that ship with the service."""
    take = partial(import_scripts, service.catalog.scripts, starter_file(), "starter.json")
    return await pools.uploads.run(take)


@router.post(
    "/match",
    dependencies=[Depends(require_json)],
    responses=declared(400, 403, 413, 415, 421, 422, 503),
)
async def match_scripts(body: MatchBody, service: TheService, pools: ThePools) -> MatchesReply:
    """Hold a sentence against the scripts and the collection's policy, as an answer would be."""
    return await pools.models.run(partial(_matched, service, body))


@router.get("/{script_id}", responses=declared(404, 421, 503))
async def get_script(script_id: ScriptId, service: TheService, pools: ThePools) -> ScriptReply:
    """Return the newest version of a script."""
    script = await pools.catalog.run(partial(service.catalog.scripts.get, script_id))
    if script is None:
        raise ScriptNotFound(script_id)
    return _reply(script)


@router.put(
    "/{script_id}",
    dependencies=[Depends(require_json)],
    responses=declared(400, 403, 404, 409, 413, 415, 421, 422, 503),
)
async def replace_script(
    script_id: ScriptId, body: ScriptEdit, service: TheService, pools: ThePools
) -> ScriptReply:
    """Store the next version of a script; the older ones stay readable."""
    if body.script_id not in (None, script_id):
        raise InvalidForm([Complaint(("body", "script_id"), "is not that of the path")])

    def replace() -> StoredScript | None:
        scripts = service.catalog.scripts
        if scripts.replace(script_id, body.draft(script_id), body.version) is False:
            raise ScriptChanged(script_id)
        return scripts.get(script_id)

    script = await pools.catalog.run(replace)
    if script is None:
        raise ScriptNotFound(script_id)
    return _reply(script)


@router.delete("/{script_id}", status_code=204, responses=declared(403, 404, 421, 503))
async def delete_script(script_id: ScriptId, service: TheService, pools: ThePools) -> None:
    """Delete a script with all its versions. To keep them, set its state to `retired`."""
    if not await pools.catalog.run(partial(service.catalog.scripts.delete, script_id)):
        raise ScriptNotFound(script_id)


@router.get("/{script_id}/versions", responses=declared(404, 421, 503))
async def list_versions(script_id: ScriptId, service: TheService, pools: ThePools) -> VersionsReply:
    """List all versions of a script, newest first."""
    found = await pools.catalog.run(partial(service.catalog.scripts.versions, script_id))
    if not found:
        raise ScriptNotFound(script_id)
    return VersionsReply(versions=[_reply(script) for script in found])


def _matched(service: Service, body: MatchBody) -> MatchesReply:
    collection = body.collection or service.settings.default_collection
    language = body.language or question_language(body.text)
    service.library.follow()
    found = service.library.nearest(
        body.text, collection=collection, language=language, limit=body.limit
    )
    stage = body.stage or service.library.policy(collection).first_stage
    verdict = service.gate.gate(
        body.text, evidence=(), language=language, collection=collection, stage=stage
    )
    return MatchesReply(
        matches=[
            MatchReply(
                script_id=one.script.script_id,
                version=one.script.version,
                stage=one.script.stage,
                text=one.script.text,
                score=round(one.score, 4),
                cosine=round(one.cosine, 4),
                differs=one.differs,
            )
            for one in found
        ],
        verdict=JudgedReply.model_validate(verdict),
    )


def _reply(script: StoredScript) -> ScriptReply:
    return ScriptReply.model_validate(script)
