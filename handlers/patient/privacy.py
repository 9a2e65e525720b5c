"""/privacy: what is kept of a patient, who has looked or acted, for how long, what was agreed to; and /export."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from aiogram import Router
from aiogram.filters import Command
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.access import does
from handlers.account.proof import prove
from handlers.ui import keyboards
from handlers.ui.forms import Exporting
from handlers.ui.parsing import listen
from handlers.ui.questions import ask
from handlers.ui.replies import heard, known, private_chat
from handlers.ui.texts import Html, Texts
from models.tables.audit import AuditRow
from models.tables.people import Role
from workflow.accounts.passwords import Hasher
from workflow.actors import Actor
from workflow.audit.chain import Outcome
from workflow.permissions import Verb
from workflow.privacy import export
from workflow.privacy import overview as privacy
from workflow.privacy.overview import Overview
from workflow.unit_of_work import Effects

SHOWN: Final = 8  # of the record, the newest; all of it is in the export


@does(Verb.SEE_PRIVACY)
async def show(message: Message, actor: Actor | None, texts: Texts, effects: Effects, keep: timedelta) -> None:
    async with effects.look() as session:
        told = await privacy.overview(session, known(actor), keep)
    parts = [
        _kept(told, texts),
        *_record(told, known(actor), texts),
        _how_long(told, keep, texts),
        _agreed(told, texts),
    ]
    buttons = [
        (texts.plain("button.export"), keyboards.ExportMe()),
        (texts.plain("button.forget_me"), keyboards.ForgetMe()),
    ]
    keyboard = keyboards.rows(buttons, width=1)
    await message.answer(Html("\n\n".join(parts)), reply_markup=keyboard, protect_content=True)


@does(Verb.EXPORT_SELF)
async def ask_export(event: Message | CallbackQuery, state: FSMContext, texts: Texts, effects: Effects) -> None:
    """/export, or its button."""
    async with effects.begin():
        await state.set_data({})
        await state.set_state(Exporting.password)
    if message := await heard(event):
        await ask(message, Exporting.password, texts)


@does(Verb.EXPORT_SELF)
async def take_password(
    message: Message, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects, hasher: Hasher
) -> None:
    await prove(message, actor, effects, hasher)
    async with effects.begin() as session:
        await export.ask(session, known(actor), private_chat(message), effects.at)
        await state.clear()
    await message.answer(texts("export.owed"))


def _kept(told: Overview, texts: Texts) -> Html:
    counts = told.kept._asdict()
    phone = texts("privacy.yes" if counts.pop("phone") else "privacy.no")
    return texts("privacy.kept", phone=phone, entries=len(told.record), **counts)


def _record(told: Overview, actor: Actor, texts: Texts) -> Iterator[Html]:
    """How often each kind of person looked and acted, then the latest of it. Nobody but the reader is named."""
    people = [(_who(row, actor, texts), row) for row in told.record]
    looks = Counter(who for who, row in people if row.act.startswith("look:"))
    every = Counter(who for who, _ in people)
    last = {who: row.at for who, row in reversed(people)}
    lines = [
        texts("privacy.by", who=who, looks=looks[who], acts=count - looks[who], time=texts.time(last[who]))
        for who, count in every.most_common()
    ]
    yield Html("\n".join([texts("privacy.seen"), *lines]))
    latest = [texts("privacy.line", time=texts.time(row.at), who=who, deed=_deed(row, texts)) for who, row in people]
    yield Html("\n".join([texts("privacy.latest"), *latest[:SHOWN]]))


def _who(row: AuditRow, actor: Actor, texts: Texts) -> Html:
    if row.actor_id == actor.account_id:
        return texts("privacy.you")
    staff = row.role in set(Role) - {Role.SYSTEM}
    return texts(f"role.{row.role}" if staff else f"privacy.{row.role}")


def _deed(row: AuditRow, texts: Texts) -> Html:
    if row.outcome == Outcome.REFUSED:
        return texts("privacy.refused")
    kind = row.act.partition(":")[0]
    if row.object_kind == "scan":
        return texts({"look": "privacy.looked", "deliver": "privacy.sent"}.get(kind, "privacy.did"), scan=row.object_id)
    return texts("privacy.talked" if row.object_kind == "ticket" else "privacy.account")


def _how_long(told: Overview, keep: timedelta, texts: Texts) -> Html:
    said = texts("privacy.keep", wait=keep)
    if told.until is None:
        return said
    return Html(f"{said}\n{texts('privacy.until', day=texts.on(told.until))}")


def _agreed(told: Overview, texts: Texts) -> Html:
    lines = [texts("privacy.consent", version=one.version, day=texts.on(one.given_at)) for one in told.consents]
    return Html("\n".join([texts("privacy.agreed"), *(lines or [texts("privacy.no_consent")])]))


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(show, Command("privacy"))
    router.message.register(ask_export, Command("export"))
    router.callback_query.register(ask_export, keyboards.ExportMe.filter())
    listen(router, {Exporting.password: take_password})
    return router
