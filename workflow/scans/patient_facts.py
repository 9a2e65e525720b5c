"""A patient's own facts for the prescription: allergies, medicines, pregnancy, weight, illnesses, organs."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.plain_words import visible
from models.tables.accounts import Account, PatientFacts
from models.tables.scans import Scan
from models.vocabulary import ScanStatus, Sex
from workflow.actors import Actor
from workflow.audit.chain import AuditEvent, record
from workflow.jobs import JobKind, enqueue
from workflow.permissions import Permission, authorize

ASK_AGAIN: Final = timedelta(days=30)
ADULT: Final = 18  # years; the weight of younger patients is asked
FERTILE: Final = (12, 55)  # years
YEAR: Final = timedelta(days=365.25)
FINISHED: Final = (ScanStatus.REPORT_READY, ScanStatus.REJECTED)


CONDITIONS: Final = (  # the illnesses asked with buttons; stored so, and names of the formulary's conditions
    "asthma", "copd", "heart failure", "ischaemic heart disease", "hypertension", "diabetes", "peptic ulcer",
    "epilepsy", "stroke", "gout", "glaucoma",
)  # fmt: skip


class Topic(StrEnum):
    """The questions, in their order."""

    ALLERGIES = "allergies"
    CURRENT = "current"
    PREGNANCY = "pregnancy"
    WEIGHT = "weight"
    CONDITIONS = "conditions"
    ORGANS = "organs"


CHOICES: Final[Mapping[tuple[Topic, str], Mapping[str, Any]]] = {
    (Topic.ALLERGIES, "none"): {"allergies": []},
    (Topic.CURRENT, "none"): {"current": []},
    (Topic.PREGNANCY, "pregnant"): {"pregnant": True, "breastfeeding": False},
    (Topic.PREGNANCY, "breastfeeding"): {"pregnant": False, "breastfeeding": True},
    (Topic.PREGNANCY, "none"): {"pregnant": False, "breastfeeding": False},
    (Topic.CONDITIONS, "none"): {"conditions": []},
    (Topic.ORGANS, "kidney"): {"kidney": "impaired", "liver": "normal"},
    (Topic.ORGANS, "liver"): {"kidney": "normal", "liver": "impaired"},
    (Topic.ORGANS, "both"): {"kidney": "impaired", "liver": "impaired"},
    (Topic.ORGANS, "none"): {"kidney": "normal", "liver": "normal"},
}


async def facts_of(session: AsyncSession, account_id: int | None) -> Mapping[str, Any]:
    """The facts that the patient has given so far, as `workflow.formulary.checking.patient_from` takes them."""
    row = await session.get(PatientFacts, account_id)
    return (row and row.facts) or {}


async def are_due(session: AsyncSession, actor: Actor, at: datetime) -> bool:
    """Whether to offer the questions: never answered or declined yet, or longer ago than 30 days."""
    row = await session.get(PatientFacts, actor.account_id)
    return row is None or row.asked_at < at - ASK_AGAIN


def are_old(facts: PatientFacts | None, at: datetime) -> bool:
    """Whether the patient told or confirmed these facts more than 30 days ago."""
    return facts is not None and bool(facts.facts) and facts.asked_at < at - ASK_AGAIN


async def decline(session: AsyncSession, actor: Actor, at: datetime) -> None:
    """Note that the patient does not answer now. Facts that they told before are not confirmed by it."""
    if not await facts_of(session, actor.account_id):
        await record_facts(session, actor, {}, at)


async def topics(session: AsyncSession, account_id: int | None, at: datetime) -> Sequence[Topic]:
    """The questions that apply: pregnancy to women of 12 to 55 years or unknown age, weight to children."""
    account = await session.get_one(Account, account_id)
    age = (at.date() - account.date_of_birth) / YEAR if account.date_of_birth else None
    youngest, oldest = FERTILE
    left_out = set()
    if account.sex is not Sex.FEMALE or (age is not None and not youngest <= age <= oldest):
        left_out.add(Topic.PREGNANCY)
    if age is None or age >= ADULT:
        left_out.add(Topic.WEIGHT)
    return [topic for topic in Topic if topic not in left_out]


async def record_facts(session: AsyncSession, actor: Actor, facts: Mapping[str, Any], at: datetime) -> None:
    """Add to or change the patient's own facts; no facts at all confirm those before. Redraws open cards."""
    authorize(actor, Permission.SET_FACTS)
    assert actor.account_id is not None
    row = await session.get(PatientFacts, actor.account_id)
    if row is None:
        row = PatientFacts(account_id=actor.account_id, facts={}, asked_at=at)
        session.add(row)
    row.facts, row.asked_at = {**(row.facts or {}), **facts}, at
    if facts:
        waiting = select(Scan.id).where(Scan.patient_id == actor.account_id, Scan.status.not_in(FINISHED))
        for scan_id in await session.scalars(waiting):
            enqueue(session, JobKind.SHOW_CARDS, at, scan_id=scan_id)
    await session.flush()
    await record(session, actor, AuditEvent("describe:facts", "account", actor.account_id, actor.account_id), at)


async def add_answer(session: AsyncSession, actor: Actor, topic: Topic, value: str, at: datetime) -> bool:
    """Keep the patient's answer to a question of the pharmacist: a ready choice, or typed allergies.

    Allergies known before stay: the checks become stricter only. Returns False where "none" contradicts them, so that
    nothing is kept."""
    before = await facts_of(session, actor.account_id)
    told = dict(CHOICES.get((topic, value), {"allergies": split_list(value)}))
    if topic is Topic.ALLERGIES:
        known = before.get("allergies") or []
        if known and not told["allergies"]:
            return False
        told["allergies"] = [*known, *(one for one in told["allergies"] if one not in known)]
    await record_facts(session, actor, told, at)
    return True


def split_list(text: str) -> list[str]:
    """The parts of a typed list: one in each line, or separated by commas."""
    return list(filter(None, map(visible, re.split(r"[\n,;]", text))))
