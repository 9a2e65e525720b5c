"""Monitoring of the model: agreement of doctors, distances, shadow model and feature flag."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.model_watch import FeatureFlag, ShadowFinding
from models.tables.scans import AiFinding, Reading
from workflow.actors import Actor
from workflow.audit.chain import AuditEvent, record
from workflow.permissions import Permission, require_proof

MODEL_FLAG: Final = "model"
HISTORY: Final = 500  # values on a control chart


class Performance(NamedTuple):
    """Counts for one model version at this hospital."""

    analysed: int
    uncertain: int
    agreed: int
    disagreed: int


async def performance(session: AsyncSession, model_sha256: str) -> Performance:
    """The counts of one model version."""
    of_version = AiFinding.model_sha256 == model_sha256
    analysed = await _count(session, of_version)
    uncertain = await _count(session, of_version, AiFinding.uncertain.is_(True))
    opinions = await decisions(session, model_sha256)
    return Performance(analysed, uncertain, sum(opinions), len(opinions) - sum(opinions))


async def decisions(session: AsyncSession, model_sha256: str) -> Sequence[bool]:
    """Whether the doctor agreed, for the latest `HISTORY` signed readings, oldest first."""
    of_version = AiFinding.model_sha256 == model_sha256
    first = select(func.min(AiFinding.created_at)).where(of_version).scalar_subquery()
    is_of_version = select(AiFinding.scan_id).where(AiFinding.scan_id == Reading.scan_id, of_version).exists()
    agreements = select(Reading.agrees).where(Reading.signed_at >= first, Reading.agrees.is_not(None), is_of_version)
    latest = (await session.scalars(agreements.order_by(Reading.signed_at.desc()).limit(HISTORY))).all()
    return [bool(agrees) for agrees in reversed(latest)]


async def distances(session: AsyncSession, model_sha256: str) -> Sequence[float]:
    """Distance of each picture from the training data, for the latest `HISTORY` findings, oldest first."""
    values = select(AiFinding.distance).where(AiFinding.model_sha256 == model_sha256, AiFinding.distance.is_not(None))
    latest = (await session.scalars(values.order_by(AiFinding.created_at.desc()).limit(HISTORY))).all()
    return [float(distance or 0) for distance in reversed(latest)]


async def record_shadow(session: AsyncSession, finding: ShadowFinding) -> None:
    """Store the shadow model's result for a scan. Idempotent."""
    await session.merge(finding)


async def shadow_agreement(session: AsyncSession, model_sha256: str) -> tuple[int, int]:
    """The number of scans the shadow model analysed, and of those with the active model's label."""
    analysed = select(func.count()).select_from(ShadowFinding).where(ShadowFinding.model_sha256 == model_sha256)
    same = analysed.join(AiFinding, AiFinding.scan_id == ShadowFinding.scan_id).where(
        AiFinding.label == ShadowFinding.label
    )
    return await session.scalar(analysed) or 0, await session.scalar(same) or 0


async def is_model_enabled(session: AsyncSession) -> bool:
    """Whether the feature flag of the model is on; it is when it was never set."""
    flag = await session.get(FeatureFlag, MODEL_FLAG)
    return flag is None or flag.on


async def set_model_enabled(session: AsyncSession, actor: Actor, on: bool, at: datetime) -> None:
    """Set the feature flag. When it is off, scans are read without the model."""
    require_proof(actor, Permission.SWITCH_MODEL, at)
    assert actor.account_id is not None
    await session.merge(FeatureFlag(name=MODEL_FLAG, on=on, changed_by=actor.account_id, changed_at=at))
    await record(session, actor, AuditEvent(f"switch:{'on' if on else 'off'}", "setting", MODEL_FLAG), at)


async def _count(session: AsyncSession, *conditions: ColumnElement[bool]) -> int:
    return await session.scalar(select(func.count()).select_from(AiFinding).where(*conditions)) or 0
