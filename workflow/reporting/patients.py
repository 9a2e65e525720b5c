"""Patients found by name, number or telephone, and a patient's story, within the actor's scope."""

import asyncio
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.accounts import Account, PatientFacts
from models.tables.proxies import proxies_of
from models.tables.scans import Scan
from workflow.accounts.names import SIMILAR, similarity
from workflow.actors import Actor
from workflow.audit.chain import AuditEvent, record
from workflow.errors import NotFound
from workflow.permissions import Permission, scans_in_scope
from workflow.reporting.history import History, history_of

MAX_MATCHES: Final = 10
MAX_QUERY: Final = 120  # characters, as a name
PHONE_DIGITS: Final = 7  # fewer digits are a patient number; more are the end of a telephone number
_PATIENT_NUMBER: Final = re.compile(r"[Pp]?0*(\d{1,9})")


class Story(NamedTuple):
    """A patient with the newest scans, the facts for prescribing, and the relatives who send for them."""

    account: Account
    facts: PatientFacts | None
    history: History
    relatives: Sequence[Account]


async def find_patients(session: AsyncSession, actor: Actor, typed: str, at: datetime) -> Sequence[Account]:
    """At most MAX_MATCHES patients with a scan in the actor's scope, best match first.

    Audited as one row with the number of matches, without the typed text. Raises like `authorize`."""
    patients = _patients_in_scope(actor)
    typed = typed[:MAX_QUERY]
    digits = "".join(str(int(sign)) for sign in typed if sign.isdecimal()).lstrip("0")  # without a trunk prefix
    number = _PATIENT_NUMBER.fullmatch(typed.strip())
    if len(digits) >= PHONE_DIGITS and not any(sign.isalpha() for sign in typed):
        found = await _by_phone(session, patients, digits)
    elif number:
        found = list(await session.scalars(patients.where(Account.id == int(number[1]))))
    else:
        found = await _by_name(session, patients, typed)
    event = AuditEvent("find_patient", "account", actor.account_id, reason=f"found:{len(found)}")
    await record(session, actor, event, at)
    return found


async def story(
    session: AsyncSession, actor: Actor, account_id: int, language: str, at: datetime, most: int = MAX_MATCHES
) -> Story:
    """One patient's story, in one audit row. Raises NotFound for a patient outside the scope."""
    account = await session.scalar(_patients_in_scope(actor).where(Account.id == account_id))
    if account is None:
        raise NotFound
    scans = scans_in_scope(actor, Permission.FIND_PATIENT).where(Scan.patient_id == account_id)
    facts = await session.get(PatientFacts, account_id)
    acting = select(Account).where(Account.id.in_(proxies_of(account_id)), Account.id != account_id)
    relatives = (await session.scalars(acting.order_by(Account.id))).all()
    told = Story(account, facts, await history_of(session, scans, language, most), relatives)
    await record(session, actor, AuditEvent("look:patient", "account", account_id, account_id), at)
    return told


def _patients_in_scope(actor: Actor) -> Select[tuple[Account]]:
    scans = scans_in_scope(actor, Permission.FIND_PATIENT).with_only_columns(Scan.patient_id)
    return select(Account).where(Account.id.in_(scans), Account.erased_at.is_(None))


async def _by_phone(session: AsyncSession, patients: Select[tuple[Account]], digits: str) -> list[Account]:
    """Patients whose telephone number ends in these digits; numbers are encrypted, so each is read."""
    known = await session.scalars(patients.where(Account.phone.is_not(None)).order_by(Account.id))
    plain = ((account, "".join(filter(str.isdecimal, account.phone or ""))) for account in known)
    return [one for one, number in plain if number and (number.endswith(digits) or digits.endswith(number))][
        :MAX_MATCHES
    ]


async def _by_name(session: AsyncSession, patients: Select[tuple[Account]], typed: str) -> list[Account]:
    """Patients with a similar name; those of closed accounts are not found by name any more."""
    known = (await session.execute(patients.with_only_columns(Account.id, Account.name))).tuples().all()
    ranked = await asyncio.to_thread(_ranked, typed, known)
    found = {one.id: one for one in await session.scalars(patients.where(Account.id.in_(ranked)))}
    return [found[account_id] for account_id in ranked]


def _ranked(typed: str, known: Sequence[tuple[int, str]]) -> list[int]:
    scores = sorted(((-similarity(typed, name), account_id) for account_id, name in known))
    return [account_id for score, account_id in scores if -score >= SIMILAR][:MAX_MATCHES]
