"""The model's card: identity, figures, limits, and its record at this hospital."""

from typing import NamedTuple

from bot.services import Services
from models.base import read_only
from workflow.model_watch import quality
from workflow.model_watch.quality import Performance


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
