"""/audit: the latest looks and acts, for administrators."""

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import Message

from handlers.answers import known
from handlers.texts import Html, Texts
from models.audit import AuditRow
from models.people import Role
from workflow import audit
from workflow.actors import Actor
from workflow.audit import Entry, Outcome
from workflow.errors import NotAllowed
from workflow.updates import Effects


async def show(message: Message, command: CommandObject, actor: Actor | None, texts: Texts, effects: Effects) -> None:
    """`/audit`, `/audit 7` (one scan), `/audit refused`. Who reads the record is in the record."""
    if known(actor).role is not Role.ADMINISTRATOR:
        raise NotAllowed
    wanted = (command.args or "").strip().removeprefix("#").lower()
    scan_id = int(wanted) if wanted.isdecimal() and len(wanted) < 10 else None
    async with effects.begin() as session:
        rows = await audit.search(session, scan_id=scan_id, refused=wanted == "refused")
        await audit.note(session, known(actor), Entry("look:audit", "audit", wanted[:20] or "all"), effects.at)
    lines = [_line(row, texts) for row in rows]
    await message.answer(Html("\n".join([texts("audit.head"), *(lines or [texts("audit.none")]), texts("audit.hint")])))


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
