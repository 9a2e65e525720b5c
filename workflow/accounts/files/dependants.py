"""Dependants: patients for whom a relative acts from the own chat, each with a file of their own."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import ClassVar, Final, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.accounts import Account
from models.tables.proxies import Proxy, patients_of
from models.vocabulary import Relation, Role, Sex
from workflow import consent
from workflow.accounts.files import proxies
from workflow.actors import Actor
from workflow.audit.chain import AuditEvent, record
from workflow.errors import AccountError, NotFound
from workflow.permissions import Permission, authorize
from workflow.scans import queries
from workflow.scans.children import age_on

MOST: Final = 10  # patients for whom one person acts
ADULT: Final = 18  # years from which a patient may claim the own file
RELATIONS: Final = (Relation.CHILD, Relation.PARENT, Relation.SPOUSE, Relation.OTHER)


class TooManyDependants(AccountError):
    """The person acts for `most` patients already."""

    key: ClassVar[str] = "error.too_many_dependants"


class Dependant(NamedTuple):
    """Personal data of a patient, given by the relative who acts for them."""

    name: str
    date_of_birth: date
    birth_estimated: bool
    sex: Sex
    relation: Relation


async def add(session: AsyncSession, actor: Actor, person: Dependant, at: datetime) -> Actor:
    """Open a file for a relative, with the consent that the actor gives for them; returns the actor in their place.

    A person of the same name and birth date keeps the file that there is. Raises TooManyDependants."""
    authorize(actor, Permission.MANAGE_FAMILY)
    for known in await of(session, actor):
        if (known.patient.name, known.patient.date_of_birth) == (person.name, person.date_of_birth):
            return proxies.in_place_of(actor, known.patient)
    acting = select(func.count()).select_from(patients_of(actor.account_id).subquery())
    if (await session.scalar(acting) or 0) >= MOST:
        raise TooManyDependants(most=MOST)
    facts = person._asdict()
    relation = facts.pop("relation")
    account = Account(**facts, language=actor.language, role=Role.PATIENT, created_at=at, whatsapp=False)
    patient = await proxies.open_file(session, actor, account, relation)
    await record(session, patient, AuditEvent("register_dependant", "account", account.id, account.id), at)
    await consent.agree(session, patient, at)
    return patient


async def of(session: AsyncSession, actor: Actor) -> Sequence[Proxy]:
    """The patients for whom the actor acts, in the order in which they were added."""
    if actor.role is not Role.PATIENT:
        return ()
    acting = select(Proxy).where(Proxy.proxy_id == actor.account_id, Proxy.ended_at.is_(None))
    rows = await session.scalars(acting.where(Proxy.relation != Relation.DESK).order_by(Proxy.since, Proxy.patient_id))
    return [one for one in rows if one.patient.closed_at is None]


async def give_up(session: AsyncSession, actor: Actor, patient_id: int, at: datetime) -> Account:
    """Act for this patient no longer; a file that nobody else can open falls to the desk. Raises NotFound."""
    patient = await proxies.act_for(session, actor, patient_id)
    account = await queries.account_of(session, patient)
    row = await session.get_one(Proxy, (patient_id, actor.account_id))
    row.ended_at = at
    await record(session, patient, AuditEvent("end_proxy", "account", patient_id, patient_id), at)
    await proxies.fall_to_desk(session, patient_id, at)
    return account


async def child_of(session: AsyncSession, actor: Actor, patient_id: int, at: datetime) -> Actor:
    """The actor in the place of a child whose file this guardian may have erased.

    Raises NotFound for anybody else: an adult decides about the own file."""
    patient = await proxies.act_for(session, actor, patient_id)
    if (
        actor.role is not Role.PATIENT
        or patient.proxy is None
        or may_claim(await queries.account_of(session, patient), at.date())
    ):
        raise NotFound
    return patient


def may_claim(account: Account, on: date) -> bool:
    """Whether the patient is old enough to open the own file."""
    return account.date_of_birth is not None and age_on(on, account.date_of_birth) >= ADULT
