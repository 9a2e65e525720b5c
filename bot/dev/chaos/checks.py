"""The promises, checked in database, chats and mailbox after the chaos."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.dev.bench.clinics import CHAIN_KEY
from bot.dev.chaos.clinic import Clinic
from bot.dev.sandbox import Person, SandboxClient
from models.base import read_only
from models.tables.accounts import Account
from models.tables.deliveries import Channel, Delivery, DeliveryEvent, DeliveryState
from models.tables.jobs import Job
from models.tables.scans import Report, Scan, ScanEvent
from models.vocabulary import ScanStatus
from workflow.audit import chain

NO_JOB_LEFT: Final = "no job is left"
NO_JOB_LEASED: Final = "no job is leased"
ONCE: Final = ("upload", "verify", "complete", "release", "record_report")


class Finding(NamedTuple):
    """One promise: what was found, and whether it is kept."""

    promise: str
    found: str
    kept: bool


class Received(NamedTuple):
    """The arrivals of one patient's reports."""

    documents: int  # in the chat
    mails: int
    message_ids: int  # different ones


async def received(wire: SandboxClient, patient: Person, email: str) -> Received:
    documents = [message for message in await patient.messages() if message.document]
    mails = [mail for mail in await wire.mails(email) if mail.attachments]
    return Received(len(documents), len(mails), len({mail.message_id for mail in mails}))


async def check(clinic: Clinic, arrived: dict[str, Received]) -> list[Finding]:
    """Check every promise; `arrived` has an entry for each patient's address."""
    async with read_only(clinic.sessions) as session:
        return [
            *await _scans(session, len(arrived)),
            *deliveries(arrived, await _repeats(session)),
            *await _jobs(session),
            await _chain(session),
        ]


async def _scans(session: AsyncSession, expected: int) -> list[Finding]:
    statuses = Counter((await session.scalars(select(Scan.status))).all())
    reports = (await session.scalars(select(func.count()).select_from(Report).group_by(Report.scan_id))).all()
    actions = Counter((await session.execute(select(ScanEvent.scan_id, ScanEvent.action))).tuples().all())
    twice = [f"{action} of scan {scan}" for (scan, action), times in actions.items() if action in ONCE and times != 1]
    ready = statuses == {ScanStatus.REPORT_READY: expected}
    words = ", ".join(f"{count} {status}" for status, count in sorted(statuses.items()))
    return [
        Finding("every photo is one scan, and it is ready", words or "no scan", ready),
        Finding("every scan has one report", f"{sum(reports)} of {expected}", [*reports] == [1] * expected),
        Finding("every decision is taken once", ", ".join(twice) or "once", not twice),
    ]


async def _repeats(session: AsyncSession) -> dict[tuple[str, Channel], int]:
    """How often each patient's report was sent again because a failure hid whether it had arrived."""
    rows = select(Account.email, Delivery.channel, func.count(DeliveryEvent.id) - 1)
    rows = rows.join(Scan, Scan.patient_id == Account.id).join(Report, Report.scan_id == Scan.id)
    rows = rows.join(Delivery, Delivery.report_id == Report.id).join(DeliveryEvent, DeliveryEvent.key == Delivery.key)
    rows = rows.where(DeliveryEvent.state == DeliveryState.SENDING).group_by(Account.email, Delivery.channel)
    found = (await session.execute(rows)).tuples().all()
    return {(email or "", channel): times for email, channel, times in found if channel}


def deliveries(arrived: dict[str, Received], marked: dict[tuple[str, Channel], int]) -> Iterator[Finding]:
    """Judge what arrived by patient; `marked`: how often each was sent again because its arrival was unknown."""
    counts = (
        ("chat", Channel.CHAT, {email: one.documents for email, one in arrived.items()}),
        ("mail", Channel.EMAIL, {email: one.mails for email, one in arrived.items()}),
    )
    for name, channel, counted in counts:
        none = sum(times == 0 for times in counted.values())
        doubles = [email for email, times in counted.items() if times > 1]
        unmarked = [email for email in doubles if counted[email] > 1 + marked.get((email, channel), 0)]
        found = (
            f"{len(counted) - none} of {len(counted)} arrived, {len(doubles)} twice, of these {len(unmarked)} unmarked"
        )
        yield Finding(f"every report arrives once by {name}", found, not none and not unmarked)
    several = sum(one.message_ids > 1 for one in arrived.values())
    yield Finding("a mail that comes twice has one Message-ID", f"{several} with several", not several)


async def _jobs(session: AsyncSession) -> Iterator[Finding]:
    rows: Sequence[Any] = (await session.execute(select(Job.kind, Job.ended_at, Job.leased_until, Job.error))).all()
    leased = Counter(row.kind for row in rows if row.ended_at is None and row.leased_until is not None)
    still_open = Counter(row.kind for row in rows if row.ended_at is None)
    failed = Counter(f"{row.kind} ({row.error})" for row in rows if row.ended_at is not None and row.error)
    return iter(
        [
            Finding(NO_JOB_LEASED, _words(leased), not leased),
            Finding(NO_JOB_LEFT, _words(still_open), not still_open),
            Finding("no job was given up", _words(failed), not failed),
        ]
    )


async def _chain(session: AsyncSession) -> Finding:
    broken = await chain.verify(session, CHAIN_KEY)
    head = await chain.head(session)
    return Finding(
        "the audit chain is whole", f"broken at row {broken.seq}" if broken else f"{head.seq} rows", not broken
    )


def _words(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())) or "none"
