"""The model's card, for all staff."""

from datetime import date

from bot.web.api.endpoint import Caller
from bot.web.api.shapes import Answer
from bot.web.shared import model
from handlers.views.model import CHEST, FIGURES, limits
from inference.model.bundle import ModelIdentity
from models.vocabulary import Label
from workflow.model_watch.quality import Performance


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


class ModelVersion(Answer):
    """`sha256`: of the manifest, which holds the hashes of all files."""

    name: str
    version: str
    sha256: str
    here: AtThisHospital


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
    bundle, test = services.classifier.bundle, services.classifier.bundle.manifest["measured"]["test"]
    found = test.get("recall_by_class", {})
    return ModelCard(
        enabled=record.enabled,
        created=bundle.manifest.get("created"),
        chest=_version(bundle.identity, record.chest),
        hearts=_version(services.hearts.identity, record.hearts),
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


def _version(identity: ModelIdentity, performance: Performance) -> ModelVersion:
    return ModelVersion(**identity._asdict(), here=AtThisHospital(**performance._asdict()))


def _measured(figures: tuple[float, float, float]) -> Measured:
    value, low, high = figures
    return Measured(value=value, low=low, high=high)


def _reachable(confidence: float) -> float | None:
    return confidence if confidence <= 1 else None
