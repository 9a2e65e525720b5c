"""/privacy: stored data, access history, retention and consents of the patient; /export: all of it as files."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Final

from aiogram import Router
from aiogram.filters import Command
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message, ReplyKeyboardRemove

from handlers.access import requires
from handlers.account.contact import proof_state, register_contacts, require_proof
from handlers.ui import callbacks, keyboards
from handlers.ui.forms import Exporting
from handlers.ui.parsing import register_answers
from handlers.ui.replies import acknowledge, private_chat_id
from handlers.ui.texts import Html, Texts
from handlers.views.files.consent import take_back_button, with_end
from handlers.views.questions import ask
from models.tables.accounts import Consent
from models.tables.audit import AuditRow
from models.vocabulary import Role
from workflow.accounts.passwords import PasswordHasher
from workflow.actors import Actor
from workflow.audit.chain import Outcome
from workflow.permissions import Permission
from workflow.privacy import export
from workflow.privacy.overview import Overview, privacy_overview
from workflow.unit_of_work import UnitOfWork

LATEST: Final = 8  # audit events shown; the export has all


@requires(Permission.SEE_PRIVACY)
async def show(message: Message, actor: Actor, texts: Texts, uow: UnitOfWork, retention: timedelta) -> None:
    async with uow.read() as session:
        overview = await privacy_overview(session, actor, retention)
    parts = [
        _stored_data(overview, texts),
        *_access_history(overview, actor, texts),
        _retention(overview, retention, texts),
        _consents(overview, texts),
        texts("privacy.rights"),
    ]
    buttons: keyboards.Buttons = [
        (texts.plain("button.export"), callbacks.ExportMe()),
        (texts.plain("button.forget_me"), callbacks.ForgetMe()),
    ]
    if actor.account_id and any(one.withdrawn_at is None for one in overview.consents):
        buttons.append(take_back_button(actor.account_id, texts))
    keyboard = keyboards.rows(buttons, width=1)
    await message.answer(Html("\n\n".join(parts)), reply_markup=keyboard, protect_content=True)


@requires(Permission.EXPORT_SELF)
async def ask_export(
    event: Message | CallbackQuery, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    """/export, or its button: ask for the password or the telephone."""
    asked = proof_state(actor, Exporting.password)
    async with uow.begin():
        await state.set_data({})
        await state.set_state(asked)
    await ask(await acknowledge(event), asked, texts)


@requires(Permission.EXPORT_SELF)
async def take_proof(
    message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork, hasher: PasswordHasher
) -> None:
    await require_proof(message, actor, uow, hasher)
    async with uow.begin() as session:
        await export.request_export(session, actor, private_chat_id(message), uow.at)
        await state.clear()
    await message.answer(texts("export.owed"), reply_markup=ReplyKeyboardRemove() if message.contact else None)


def _stored_data(overview: Overview, texts: Texts) -> Html:
    counts = overview.stored._asdict()
    phone = texts("privacy.yes" if counts.pop("phone") else "privacy.no")
    return texts("privacy.kept", phone=phone, entries=len(overview.events), **counts)


def _access_history(overview: Overview, actor: Actor, texts: Texts) -> Iterator[Html]:
    """Reads and acts counted by role, then the latest ones. Only the reader's own account is named."""
    labelled = [(_role_label(row, actor, texts), row) for row in _without_redraws(overview.events)]
    reads = Counter(label for label, row in labelled if row.act.startswith("look:"))
    total = Counter(label for label, _ in labelled)
    last = {label: row.at for label, row in reversed(labelled)}
    lines = [
        texts("privacy.by", who=label, looks=reads[label], acts=count - reads[label], time=texts.time(last[label]))
        for label, count in total.most_common()
    ]
    yield Html("\n".join([texts("privacy.seen"), *lines]))
    latest = [
        texts("privacy.line", time=texts.time(row.at), who=who, deed=_act_label(row, texts)) for who, row in labelled
    ]
    yield Html("\n".join([texts("privacy.latest"), *latest[:LATEST]]))


def _without_redraws(events: Iterable[AuditRow]) -> Iterator[AuditRow]:
    """The events, newest first; the card of a scan in one person's chat counts once, however often it was redrawn."""
    cards = set()
    for row in events:
        if row.act == "look:card":
            if (row.actor_id, row.object_id) in cards:
                continue
            cards.add((row.actor_id, row.object_id))
        yield row


def _role_label(row: AuditRow, actor: Actor, texts: Texts) -> Html:
    if row.actor_id == actor.account_id:
        return texts("privacy.you")
    staff = row.role in set(Role) - {Role.SYSTEM}
    return texts(f"role.{row.role}" if staff else f"privacy.{row.role}")


def _act_label(row: AuditRow, texts: Texts) -> Html:
    if row.outcome == Outcome.REFUSED:
        return texts("privacy.refused")
    kind = row.act.partition(":")[0]
    if row.object_kind == "scan":
        return texts({"look": "privacy.looked", "deliver": "privacy.sent"}.get(kind, "privacy.did"), scan=row.object_id)
    return texts("privacy.talked" if row.object_kind == "ticket" else "privacy.account")


def _retention(overview: Overview, retention: timedelta, texts: Texts) -> Html:
    text = texts("privacy.keep", wait=retention)
    if overview.until is None:
        return text
    return Html(f"{text}\n{texts('privacy.until', day=texts.date_of(overview.until))}")


def _consents(overview: Overview, texts: Texts) -> Html:
    lines = [_consent_line(one, texts) for one in overview.consents]
    return Html("\n".join([texts("privacy.agreed"), *(lines or [texts("privacy.no_consent")])]))


def _consent_line(one: Consent, texts: Texts) -> Html:
    given = texts("privacy.consent", version=one.version, day=texts.date_of(one.given_at))
    return with_end(given, one, texts)


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(show, Command("privacy", ignore_case=True))
    router.message.register(ask_export, Command("export", ignore_case=True))
    router.callback_query.register(ask_export, callbacks.ExportMe.filter())
    register_answers(router, {Exporting.password: take_proof})
    register_contacts(router, {Exporting.contact: take_proof})
    return router
