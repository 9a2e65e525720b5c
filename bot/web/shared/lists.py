"""The lists of the house and of the record, and each as a file. A search of the record is recorded."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from typing import Final, NamedTuple

from bot.observability.audit_verification import VERIFIED_FILE, Verification, last_verification
from bot.secrets import anchor_key
from bot.services import Services
from bot.web.shared.session import acting
from handlers.ui.texts import Texts
from models.base import read_only
from models.tables.accounts import Account
from models.tables.audit import AuditRow
from models.tables.deliveries import Delivery, DeliveryState
from models.tables.faq import MissedQuestion
from models.tables.scans import Report
from workflow.actors import Actor
from workflow.audit import chain, search
from workflow.audit.chain import HASHED_COLUMNS, AuditEvent
from workflow.audit.search import AuditFilter
from workflow.errors import NotFound
from workflow.faq import unanswered
from workflow.reporting import deliveries
from workflow.scans import queries

MISSES: Final = 50
UNDELIVERED: Final = 200
SHOWN, EXPORTED = 200, 20_000  # rows of the record
FIRST_DAY, LAST_DAY = date(1970, 1, 2), date(9999, 12, 30)  # beyond them a moment has no day before or after


class CsvFile(NamedTuple):
    """A list as a file: its name without ".csv", the names of its columns, and its rows."""

    name: str
    head: Sequence[str]
    rows: Iterable[Sequence[object]]


class House(NamedTuple):
    """`misses_total`: of all questions without an answer; `misses` are the most frequent ones."""

    staff: Sequence[Account]
    undelivered: Sequence[tuple[Delivery, Report]]
    misses: Sequence[MissedQuestion]
    misses_total: int


async def house(services: Services, actor: Actor) -> House:
    """Staff, what was not delivered, and the questions that the FAQ could not answer."""
    async with read_only(services.sessions) as session:
        people = await queries.staff_accounts(session)
        lost = await deliveries.undelivered(session, services.now(), UNDELIVERED)
        misses, total = await unanswered.most_frequent(session, actor, 0, MISSES)
    return House(people, lost, misses, total)


async def house_file(services: Services, actor: Actor, name: str, texts: Texts) -> CsvFile:
    """One list of the house: `staff`, `undelivered` or `misses`. Raises NotFound for any other name."""
    async with read_only(services.sessions) as session:
        match name:
            case "staff":
                people = [member(one, texts) for one in await queries.staff_accounts(session)]
                return CsvFile("staff", ("name", "email", "roles", "since", "suspended"), people)
            case "undelivered":
                lost = await deliveries.undelivered(session, services.now(), UNDELIVERED)
                rows = [undelivered(*one, texts) for one in lost]
                return CsvFile("undelivered", ("report", "channel", "state", "since"), rows)
            case "misses":
                misses, _ = await unanswered.most_frequent(session, actor, 0, unanswered.MAX_ROWS)
                return CsvFile("misses", ("question", "times"), [(one.text, one.times) for one in misses])
    raise NotFound


def member(account: Account, texts: Texts) -> tuple[str, str, str, str, str]:
    """Name, address, roles, since when, and since when suspended."""
    names = ", ".join(texts.plain(f"role.{role}") for role in account.roles)
    suspended = texts.time(account.suspended_at) if account.suspended_at else ""
    return account.name, account.email or "", names, texts.time(account.created_at), suspended


def undelivered(delivery: Delivery, report: Report, texts: Texts) -> tuple[str, str, str, str]:
    """Report, channel, why, since when."""
    why = texts.plain(f"failure.{delivery.reason}") if delivery.reason else texts.plain("undelivered.waiting")
    return report.number, texts.plain(f"channel.{delivery.channel}"), why, texts.time(delivery.started_at)


def failed_key(delivery: Delivery) -> str:
    """The key with which a failed delivery is sent again; empty for one that waits."""
    return delivery.key if delivery.state is DeliveryState.FAILED else ""


def start_of(day: date, texts: Texts) -> datetime:
    """The start of a day in the hospital's zone; days without rows stand for those out of a clock's reach."""
    return datetime.combine(min(max(day, FIRST_DAY), LAST_DAY), time(), texts.zone)


async def record_rows(services: Services, actor: Actor, filters: AuditFilter, most: int = SHOWN) -> list[AuditRow]:
    """The newest rows that match, at most so many."""
    searched = " ".join(name for name, value in filters._asdict().items() if value is not None)
    async with read_only(services.sessions) as session:
        rows = list(await search.search(session, most, filters))
    async with acting(services) as session:
        event = AuditEvent("look:audit", "audit", searched or "all", reason="export" if most == EXPORTED else None)
        await chain.record(session, actor, event, services.now())
    return rows


async def record_verified(services: Services) -> Verification | None:
    """The last verification of the whole record; None where there was none yet."""
    path = services.anchors.file.with_name(VERIFIED_FILE)
    return await asyncio.to_thread(last_verification, path, anchor_key(services.secret_key))


async def record_file(services: Services, actor: Actor, filters: AuditFilter) -> CsvFile:
    """The matches, newest first."""
    rows = await record_rows(services, actor, filters, EXPORTED)
    return CsvFile("record", HASHED_COLUMNS, [[getattr(row, name) for name in HASHED_COLUMNS] for row in rows])
