"""Walk-ins: patients whom an administrator registers at the desk, without a chat."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.accounts import Account, ChatLink, Consent
from models.tables.proxies import Proxy, with_desk
from models.tables.scans import Report, Scan
from models.vocabulary import Relation, Role, ScanStatus, Sex
from workflow import consent
from workflow.accounts.chats import phones
from workflow.accounts.files import proxies
from workflow.actors import Actor
from workflow.audit.chain import AuditEvent, record
from workflow.errors import NotFound
from workflow.permissions import Permission, authorize, require_proof
from workflow.scans import patient_facts, queries


class WalkIn(NamedTuple):
    """Personal data given at the desk. `allergies`: None where nobody asked, empty where there is none."""

    name: str
    language: str
    date_of_birth: date
    birth_estimated: bool
    sex: Sex
    phone: str | None = None
    allergies: Sequence[str] | None = None


class WalkInFile(NamedTuple):
    """A walk-in's account, the person who took the signed consent, and the scans, newest first.

    `agreed`: a consent is in force."""

    account: Account
    consent: Consent | None
    consent_by: str
    claimed: bool
    agreed: bool
    scans: Sequence[Scan]


async def register(session: AsyncSession, actor: Actor, person: WalkIn, at: datetime) -> int:
    """Open a file with the consent that was signed on paper; returns the account's id. Raises like `authorize`."""
    authorize(actor, Permission.SERVE_WALK_INS)
    facts = person._asdict()
    phone, allergies = facts.pop("phone"), facts.pop("allergies")
    account = Account(**facts, role=Role.PATIENT, created_at=at, whatsapp=False)
    await phones.store_phone(session, account, phone)
    patient = await proxies.open_file(session, actor, account, Relation.DESK)
    await record(session, patient, AuditEvent("register_walk_in", "account", account.id, account.id), at)
    await consent.agree(session, patient, at, paper=True)
    if allergies is not None:
        await patient_facts.record_facts(session, patient, {"allergies": list(allergies)}, at)
    return account.id


async def file_of(session: AsyncSession, actor: Actor, patient_id: int, at: datetime) -> WalkInFile:
    """A walk-in's file, claimed or not; recorded as a look. Raises NotFound for anybody who is no walk-in."""
    authorize(actor, Permission.SERVE_WALK_INS)
    account = await _walk_in(session, patient_id)
    scans = select(Scan).where(Scan.patient_id == patient_id).order_by(Scan.id.desc()).limit(5)
    given = select(Consent).where(Consent.account_id == patient_id, Consent.paper)
    signed = await session.scalar(given.order_by(Consent.id.desc()).limit(1))
    witness = await session.get(Account, signed.given_by) if signed and signed.given_by else None
    claimed = await session.scalar(with_desk(patient_id).limit(1)) is None
    agreed = await consent.has_agreed(session, proxies.in_place_of(actor, account))
    await record(session, actor, AuditEvent("look:patient", "account", patient_id, patient_id), at)
    shown = (await session.scalars(scans)).all()
    return WalkInFile(account, signed, witness.name if witness else "", claimed, agreed, shown)


async def sign_again(session: AsyncSession, actor: Actor, patient_id: int, at: datetime) -> None:
    """Record a new consent on paper for a walk-in whose consent was taken back. Idempotent. Raises NotFound."""
    authorize(actor, Permission.SERVE_WALK_INS)
    await consent.agree(session, await proxies.act_for(session, actor, patient_id), at, paper=True)


async def print_report(session: AsyncSession, actor: Actor, scan_id: int, at: datetime) -> Report:
    """The newest report of a walk-in, to be printed and handed over; recorded.

    Raises NotFound (no walk-in, or no report yet) or ProofMissing."""
    require_proof(actor, Permission.PRINT_REPORT, at)
    scan = await queries.scan_for(session, scan_id, actor, Permission.PRINT_REPORT)
    await _walk_in(session, scan.patient_id)
    report = await queries.latest_report(session, scan)
    if report is None or scan.status is not ScanStatus.REPORT_READY:
        raise NotFound
    await record(session, actor, AuditEvent("print_report", "scan", scan.id, scan.patient_id, scan.version), at)
    return report


async def desk_chats(session: AsyncSession, patient_id: int) -> Sequence[int]:
    """Chats that hear of a walk-in's file: of the administrator who registered it, else of all administrators.

    Nobody for a file that is no walk-in or that its patient has claimed."""
    acting = (await session.scalars(with_desk(patient_id))).all()
    if not acting:
        return ()
    every = set(await queries.chats_of_role(session, Role.ADMINISTRATOR))
    own = select(ChatLink.chat_id).where(ChatLink.account_id.in_([one.proxy_id for one in acting]))
    return sorted(every & set(await session.scalars(own)) or every)


async def _walk_in(session: AsyncSession, patient_id: int) -> Account:
    """Raises NotFound for an account that the desk did not open, or that is erased."""
    opened = Proxy.patient_id == patient_id, Proxy.relation == Relation.DESK
    if await session.scalar(select(Proxy.patient_id).where(*opened)) is None:
        raise NotFound
    account = await session.get_one(Account, patient_id)
    if account.erased_at is not None:
        raise NotFound
    return account
