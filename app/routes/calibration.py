"""`/collections/{name}/calibration`: how a collection's confidence is read, with its curve."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import AfterValidator, Field

from app.collection_calibration import collection_calibration
from app.dependencies import ThePools, TheService
from app.problems import declared
from app.schemas import Reply, collection_name

router = APIRouter(prefix="/collections/{name}/calibration")
Name = Annotated[str, AfterValidator(collection_name), Path(max_length=64)]


class RiskPointReply(Reply):
    """What a threshold came to on the questions it was not chosen on."""

    threshold: float
    coverage: float = Field(description="Share of the answerable questions that are answered.")
    risk: float = Field(description="Share of the answers shown that are wrong.")
    refused: float = Field(description="Share of the unanswerable questions that are refused.")


class CalibrationReply(Reply):
    """The calibration in use. Version 0 is the standard one, about which nothing was measured."""

    collection: str
    version: int
    threshold: float = Field(description="Answers less likely to be right are refused.")
    slope: float
    bias: float
    questions: int = Field(0, description="Held-out questions that it was measured on.")
    error_before: float | None = Field(None, description="Expected calibration error without it.")
    error_after: float | None = Field(None, description="Expected calibration error with it.")
    chosen: RiskPointReply | None = None
    curve: list[RiskPointReply] = Field(default_factory=list)


@router.get("", responses=declared(421, 422, 503))
async def get_calibration(name: Name, service: TheService, pools: ThePools) -> CalibrationReply:
    """Return how the collection's confidence is read, with its risk–coverage curve."""
    catalog, standard = service.catalog, service.settings.refusal_threshold
    stored = await pools.catalog.run(partial(catalog.calibrations.current, name))
    if stored is None:
        used = await pools.catalog.run(partial(collection_calibration, catalog, standard, name))
        return CalibrationReply(
            collection=name, version=0, threshold=used.threshold, slope=used.slope, bias=used.bias
        )
    report = stored.report
    return CalibrationReply(
        collection=name,
        version=stored.version,
        **stored.weights,
        questions=report["judged"],
        error_before=report["error_before"],
        error_after=report["error_after"],
        chosen=_point([stored.weights["threshold"], *(report[share] for share in _SHARES)]),
        curve=[_point(point) for point in report["curve"]],
    )


_SHARES = ("coverage", "risk", "refused")


def _point(values: list[float]) -> RiskPointReply:
    return RiskPointReply(
        threshold=values[0], coverage=values[1], risk=values[2], refused=values[3]
    )
