"""The model's card, for all staff."""

from collections.abc import Sequence
from datetime import date

from bot.web.api.endpoint import Caller
from bot.web.api.shapes import Answer
from bot.web.shared import model
from bot.web.shared.lists import CsvFile
from bot.web.shared.model import ModelList
from handlers.views.model import CHEST, FIGURES, limits
from inference.model.bundle import ModelIdentity
from models.vocabulary import Label
from workflow.model_watch.quality import Performance
from workflow.model_watch.weeks import ModelWeek, Usual


class Measured(Answer):
    """A share of 1 in the test, with its 95 % interval."""

    value: float
    low: float
    high: float


class ModelClass(Answer):
    """A class of chest films. It is sure from `sure_from` on (`…_damaged`: of a damaged film); null: never.

    `found`: the share of its films that was found; null where the bundle does not say it."""

    label: Label
    found: Measured | None
    sure_from: float | None
    sure_from_damaged: float | None


class AtThisHospital(Answer):
    """Scans analysed by the version in use, uncertain ones, and what doctors said of the answers."""

    analysed: int
    uncertain: int
    agreed: int
    disagreed: int


class UsualRange(Answer):
    """From the weeks before, three standard errors wide."""

    low: float
    high: float


class WeekOfModel(Answer):
    """A week from Monday on. `mean_distance`: of its pictures from the training data.

    `usual_…`: null while the weeks before hold fewer than 50 values. `trial_…`: scans that the model on trial read
    too, with the same answer, and where it was sure."""

    begins: date
    analysed: int
    sure: int
    opinions: int
    agreed: int
    usual_agreement: UsualRange | None
    mean_distance: float | None
    usual_distance: UsualRange | None
    trial_read: int
    trial_same: int
    trial_sure: int

    @classmethod
    def of(cls, week: ModelWeek) -> "WeekOfModel":
        found, trial = week.found, week.trial
        return cls(
            begins=week.begins,
            analysed=found.analysed,
            sure=found.sure,
            opinions=week.opinions.given,
            agreed=week.opinions.agreed,
            usual_agreement=_range(week.usual_agreement),
            mean_distance=found.distances / found.measured if found.measured else None,
            usual_distance=_range(week.usual_distance),
            trial_read=trial.read,
            trial_same=trial.same,
            trial_sure=trial.sure,
        )


class ModelVersion(Answer):
    """`sha256`: of the manifest, which holds the hashes of all files. `weeks`: the last twelve, oldest first."""

    name: str
    version: str
    sha256: str
    here: AtThisHospital
    weeks: list[WeekOfModel]


class ShadowModel(Answer):
    """A model on trial, shown to nobody: scans that it read, and those with the same answer."""

    version: str
    read: int
    same: int


class ModelCard(Answer):
    """`limits`: where the models fail, in the caller's language."""

    enabled: bool
    created: date | None
    chest: ModelVersion
    hearts: ModelVersion
    measured: dict[str, Measured]
    classes: list[ModelClass]
    limits: list[str]
    shadow: ShadowModel | None


async def show(call: Caller) -> ModelCard:
    """Read the card of the models in use."""
    services, record = call.services, await model.read(call.services)
    weeks = await model.read_weeks(services)
    bundle, test = services.classifier.bundle, services.classifier.bundle.manifest["measured"]["test"]
    found = test.get("recall_by_class", {})
    return ModelCard(
        enabled=record.enabled,
        created=bundle.manifest.get("created"),
        chest=_version(bundle.identity, record.chest, weeks[bundle.identity]),
        hearts=_version(services.hearts.identity, record.hearts, weeks[services.hearts.identity]),
        measured={name: _measured(test[name]) for name in FIGURES},
        classes=[
            ModelClass(
                label=label,
                found=_measured(found[label]) if label in found else None,
                sure_from=_reachable(bundle.sure_from(label)),
                sure_from_damaged=_reachable(bundle.sure_from(label, damaged=True)),
            )
            for label in CHEST
        ],
        limits=limits(bundle, services.hearts, call.texts),
        shadow=ShadowModel(**record.trial._asdict()) if record.trial else None,
    )


async def export(call: Caller, name: ModelList) -> CsvFile:
    """Take a list by week as a CSV file; asks for a recent code."""
    return await model.model_file(call.services, name)


def _version(identity: ModelIdentity, performance: Performance, weeks: Sequence[ModelWeek]) -> ModelVersion:
    here = AtThisHospital(**performance._asdict())
    return ModelVersion(**identity._asdict(), here=here, weeks=[WeekOfModel.of(one) for one in weeks])


def _range(usual: Usual | None) -> UsualRange | None:
    return UsualRange(low=usual.low, high=usual.high) if usual else None


def _measured(figures: tuple[float, float, float]) -> Measured:
    value, low, high = figures
    return Measured(value=value, low=low, high=high)


def _reachable(confidence: float) -> float | None:
    return confidence if confidence <= 1 else None
