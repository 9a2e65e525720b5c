"""The model under watch: agreement of the doctors, drift, the trial of a silent one, the switch."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.quality import SilentFinding, Switch
from models.tables.scans import Finding, Reading
from workflow.actors import Actor
from workflow.audit.chain import Entry, note
from workflow.permissions import Verb, allow

MODEL: Final = "model"
REMEMBERED: Final = 500  # decisions that the control charts look back on


class Record(NamedTuple):
    """How one model version has fared in this house."""

    analysed: int
    uncertain: int
    agreed: int
    disagreed: int


async def record(session: AsyncSession, model_sha256: str) -> Record:
    of_version = Finding.model_sha256 == model_sha256
    analysed = await _count(session, of_version)
    uncertain = await _count(session, of_version, Finding.uncertain.is_(True))
    opinions = await decisions(session, model_sha256)
    return Record(analysed, uncertain, sum(opinions), len(opinions) - sum(opinions))


async def decisions(session: AsyncSession, model_sha256: str) -> Sequence[bool]:
    """Whether the doctor agreed, oldest first."""
    said = select(Reading.agrees).join(Finding, Finding.scan_id == Reading.scan_id)
    said = said.where(Finding.model_sha256 == model_sha256, Reading.agrees.is_not(None), Reading.signed_at.is_not(None))
    latest = (await session.scalars(said.order_by(Reading.signed_at.desc()).limit(REMEMBERED))).all()
    return [bool(agrees) for agrees in reversed(latest)]


async def distances(session: AsyncSession, model_sha256: str) -> Sequence[float]:
    """How far each picture lay from the training data, oldest first."""
    far = select(Finding.distance).where(Finding.model_sha256 == model_sha256, Finding.distance.is_not(None))
    latest = (await session.scalars(far.order_by(Finding.created_at.desc()).limit(REMEMBERED))).all()
    return [float(distance or 0) for distance in reversed(latest)]


async def record_silent(session: AsyncSession, finding: SilentFinding) -> None:
    await session.merge(finding)


async def silent_agreement(session: AsyncSession, model_sha256: str) -> tuple[int, int]:
    """Of how many scans the silent model spoke, and of how many it gave the active model's label."""
    spoken = select(func.count()).select_from(SilentFinding).where(SilentFinding.model_sha256 == model_sha256)
    same = spoken.join(Finding, Finding.scan_id == SilentFinding.scan_id).where(Finding.label == SilentFinding.label)
    return await session.scalar(spoken) or 0, await session.scalar(same) or 0


async def is_on(session: AsyncSession) -> bool:
    switch = await session.get(Switch, MODEL)
    return switch is None or switch.on


async def turn(session: AsyncSession, actor: Actor, on: bool, at: datetime) -> None:
    """The administrators' kill switch: off, every scan is read by the doctor alone."""
    allow(actor, Verb.SWITCH_MODEL)
    assert actor.account_id is not None
    await session.merge(Switch(name=MODEL, on=on, changed_by=actor.account_id, changed_at=at))
    await note(session, actor, Entry(f"switch:{'on' if on else 'off'}", "setting", MODEL), at)


async def _count(session: AsyncSession, *conditions: ColumnElement[bool]) -> int:
    return await session.scalar(select(func.count()).select_from(Finding).where(*conditions)) or 0
