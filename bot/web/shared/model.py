"""The model's card: identity, figures, limits, and its record at this hospital, in all and by week."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from bot.services import Services
from bot.web.shared.lists import CsvFile
from inference.model.bundle import ModelIdentity
from models.base import read_only
from workflow.model_watch import quality
from workflow.model_watch.quality import Performance
from workflow.model_watch.weeks import ModelWeek, weeks


class ModelList(StrEnum):
    """The lists by week: each a plot, and a file."""

    AGREEMENT = "agreement"
    COVERAGE = "coverage"
    DRIFT = "drift"


HEADS: Final[Mapping[ModelList, Sequence[str]]] = {
    ModelList.AGREEMENT: ("readings", "agreed", "usual from", "usual to", "on trial", "same answer"),
    ModelList.COVERAGE: ("analysed", "sure", "on trial", "sure on trial"),
    ModelList.DRIFT: ("measured", "mean distance", "usual from", "usual to"),
}


class Trial(NamedTuple):
    """A shadow model: how many scans it read, and on how many of them with the answer of the model in use."""

    version: str
    read: int
    same: int


class ModelRecord(NamedTuple):
    """`chest` and `hearts`: counts of the versions in use, at this hospital."""

    enabled: bool
    chest: Performance
    hearts: Performance
    trial: Trial | None


async def read(services: Services) -> ModelRecord:
    """No patient's data are in it."""
    shadow = services.shadow.identity if services.shadow else None
    async with read_only(services.sessions) as session:
        agreement = await quality.shadow_agreement(session, shadow.sha256) if shadow else None
        return ModelRecord(
            enabled=await quality.is_model_enabled(session),
            chest=await quality.performance(session, services.classifier.identity.sha256),
            hearts=await quality.performance(session, services.hearts.identity.sha256),
            trial=Trial(shadow.version, *agreement) if shadow and agreement else None,
        )


async def read_weeks(services: Services) -> Mapping[ModelIdentity, Sequence[ModelWeek]]:
    """The last weeks of the versions in use, chest first. A model on trial reads chest films alone."""
    shadow = services.shadow.identity.sha256 if services.shadow else None
    chest, hearts = services.classifier.identity, services.hearts.identity
    now, zone = services.now(), services.catalogues.of(None).zone
    async with read_only(services.sessions) as session:
        return {
            chest: await weeks(session, chest.sha256, shadow, now, zone),
            hearts: await weeks(session, hearts.sha256, None, now, zone),
        }


async def model_file(services: Services, name: ModelList) -> CsvFile:
    """One list by week, of both versions in use. Empty cells where there is no value."""
    all_weeks = await read_weeks(services)
    rows = [
        (one.name, one.version, week.begins, *_cells(name, week)) for one, some in all_weeks.items() for week in some
    ]
    return CsvFile(name, ("model", "version", "week from", *HEADS[name]), rows)


def _cells(name: ModelList, week: ModelWeek) -> Sequence[object]:
    found, trial = week.found, week.trial
    match name:
        case ModelList.AGREEMENT:
            return (*week.opinions, *_rounded(week.usual_agreement), trial.read, trial.same)
        case ModelList.COVERAGE:
            return (found.analysed, found.sure, trial.read, trial.sure)
        case ModelList.DRIFT:
            mean = [found.distances / found.measured] if found.measured else None
            return (found.measured, *_rounded(mean, 1), *_rounded(week.usual_distance))


def _rounded(values: Sequence[float] | None, cells: int = 2) -> Sequence[float | str]:
    return [round(value, 4) for value in values] if values else [""] * cells
