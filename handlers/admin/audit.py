"""/audit: search the audit log, for administrators."""

import re
from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any, Final

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import Message

from handlers.access import requires
from handlers.ui.dates import parse_date
from handlers.ui.texts import Html, Texts
from models.tables.audit import AuditRow
from workflow.actors import Actor
from workflow.audit import chain, search
from workflow.audit.chain import AuditEvent, Outcome
from workflow.audit.search import AuditFilter
from workflow.permissions import Permission
from workflow.unit_of_work import UnitOfWork

NUMBER: Final = re.compile(r"(#|p|)0*(\d{1,9})", re.ASCII)


@requires(Permission.SEE_AUDIT)
async def show(message: Message, command: CommandObject, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    """`/audit` with filters in any order. The search itself is recorded, with its filters, before it is shown."""
    filters = _parse_filter((command.args or "").replace("\0", "").lower().split(), texts, uow.at.date())
    searched = " ".join(name for name, value in filters._asdict().items() if value is not None)
    async with uow.read() as session:
        rows = await search.search(session, filters=filters)
    async with uow.begin() as session:
        await chain.record(session, actor, AuditEvent("look:audit", "audit", searched or "all"), uow.at)
    lines = [_line(row, texts) for row in rows]
    await message.answer(Html("\n".join([texts("audit.head"), *(lines or [texts("audit.none")]), texts("audit.hint")])))


def _parse_filter(words: Iterable[str], texts: Texts, today: date) -> AuditFilter:
    """`7` is a scan, `P000012` a patient, an address the actor, `25.11.26` a day, `refused` the outcome.

    Any other word is the beginning of an act."""
    found: dict[str, Any] = {}
    for word in words:
        if number := NUMBER.fullmatch(word):
            found["patient_id" if number[1] == "p" else "scan_id"] = int(number[2])
        elif day := _day(word, texts, today):
            found["day"] = day
        elif word == Outcome.REFUSED:
            found["outcome"] = Outcome.REFUSED
        else:
            found["actor" if "@" in word else "act"] = word
    return AuditFilter(**found)


def _day(word: str, texts: Texts, today: date) -> datetime | None:
    """Midnight at the start of the day, in the clinic's time zone; None when the word is no date."""
    day = parse_date(word, today)
    return datetime.combine(day, time(), texts.zone) if day else None


def _line(row: AuditRow, texts: Texts) -> Html:
    mark = "⛔" if row.outcome == Outcome.REFUSED else "•"
    what = f"{row.object_kind} {row.object_id}"
    return texts(
        "audit.line",
        mark=mark,
        seq=row.seq,
        time=texts.time(row.at),
        role=row.role,
        actor=row.actor_id or "–",
        act=row.act,
        what=what,
        reason=row.reason or "",
    )


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(show, Command("audit", ignore_case=True))
    return router
