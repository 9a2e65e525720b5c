"""/audit: the latest looks and acts, for administrators."""

import re
from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any, Final

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import Message

from handlers.access import does
from handlers.ui.replies import known
from handlers.ui.texts import Html, Texts
from models.tables.audit import AuditRow
from workflow.actors import Actor
from workflow.audit import chain
from workflow.audit.chain import Entry, Outcome, Wanted
from workflow.permissions import Verb
from workflow.unit_of_work import Effects

NUMBER: Final = re.compile(r"(#|p|)0*(\d{1,9})", re.ASCII)


@does(Verb.SEE_AUDIT)
async def show(message: Message, command: CommandObject, actor: Actor | None, texts: Texts, effects: Effects) -> None:
    """`/audit` and words that narrow it, in any order. Who reads the record is in the record, with what was sought."""
    wanted = _wanted((command.args or "").lower().split(), texts)
    sought = " ".join(name for name, value in wanted._asdict().items() if value is not None)
    async with effects.begin() as session:
        rows = await chain.search(session, wanted=wanted)
        await chain.note(session, known(actor), Entry("look:audit", "audit", sought or "all"), effects.at)
    lines = [_line(row, texts) for row in rows]
    await message.answer(Html("\n".join([texts("audit.head"), *(lines or [texts("audit.none")]), texts("audit.hint")])))


def _wanted(words: Iterable[str], texts: Texts) -> Wanted:
    """`7` a scan, `P000012` a patient, an address who acted, `2026-11-25` a day, `refused`; else how an act begins."""
    told: dict[str, Any] = {}
    for word in words:
        if number := NUMBER.fullmatch(word):
            told["patient_id" if number[1] == "p" else "scan_id"] = int(number[2])
        elif day := _day(word, texts):
            told["day"] = day
        elif word == Outcome.REFUSED:
            told["outcome"] = Outcome.REFUSED
        else:
            told["actor" if "@" in word else "act"] = word
    return Wanted(**told)


def _day(word: str, texts: Texts) -> datetime | None:
    """The first moment of a day by the clinic's clock, if the word is one."""
    try:
        return datetime.combine(date.fromisoformat(word), time(), texts.zone)
    except ValueError:
        return None


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
    router.message.register(show, Command("audit"))
    return router
