"""A reading that contradicts itself or the model: reasons, the pause before signing, and the signature after it."""

from typing import Final

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.access import requires
from handlers.shared.signing import show_changed_draft
from handlers.ui.callbacks import OnReading, SignText
from handlers.ui.callbacks.consistency import GiveReason, SignDifferent
from handlers.ui.forms import WritingFindings
from handlers.ui.parsing import TYPED_TEXT, typed_text
from handlers.ui.replies import View, close_signed, edit_message, message_of, send_view, show_alert
from handlers.ui.texts import Texts
from handlers.views.identity import identity_line
from handlers.views.questions import ask, placeholders
from handlers.views.reading import consistency as view
from handlers.views.reading.draft import draft_view
from models.tables.scans import Scan
from workflow.actors import Actor
from workflow.audit import chain
from workflow.errors import DifferenceUnseen, Inconsistent, ReasonMissing, StaleAction, WordsChanged
from workflow.scans import queries, reading
from workflow.scans.draft_edits import MAX_REASON
from workflow.scans.draft_hash import draft_hash
from workflow.scans.reading import Reason
from workflow.transitions import Action, require_applicable
from workflow.unit_of_work import UnitOfWork

PARTS: Final = {part for about in Reason for part in (about.value, about.value + view.WORDS_SUFFIX)}
QUESTIONS: Final = {Reason.OVERRIDE: WritingFindings.override, Reason.NO_ALERT: WritingFindings.no_alert}


async def show_pause(
    query: CallbackQuery, pressed: SignText, refusal: Inconsistent, actor: Actor, texts: Texts, uow: UnitOfWork
) -> None:
    """Answer a signature that was refused: what contradicts what, and the buttons that lead on.

    The current draft is sent instead when it is not the one whose button was `pressed`."""
    async with uow.begin() as session:
        scan = await queries.scan_for(session, pressed.scan_id, actor, Action.VERIFY)
        await chain.record_read(session, actor, scan, "draft", uow.at)
    if draft_hash(scan) != pressed.draft_hash:
        await show_alert(query, texts(WordsChanged.key))
        await send_view(message_of(query), draft_view(scan, texts))
        return
    await show_alert(query, texts(refusal.key))
    await send_view(message_of(query), _pause(scan, refusal, texts))


def _pause(scan: Scan, refusal: Inconsistent, texts: Texts) -> View:
    match refusal:
        case DifferenceUnseen():
            return view.difference_view(scan, texts)
        case ReasonMissing():
            return view.reason_view(scan, Reason.OVERRIDE, texts)
        case _:
            return draft_view(scan, texts)


@requires(Action.WRITE_FINDINGS)
async def open_reasons(
    query: CallbackQuery,
    message: Message,
    callback_data: OnReading,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
) -> None:
    """Show the ready reasons, or ask for a typed one."""
    scan_id, part = callback_data.scan_id, callback_data.part
    about = Reason(part.removesuffix(view.WORDS_SUFFIX))
    async with uow.begin() as session:
        scan = await queries.scan_for(session, scan_id, actor, Action.WRITE_FINDINGS)
        require_applicable(scan, Action.WRITE_FINDINGS)
        if scan.reading is None:
            raise StaleAction
        if typed := part.endswith(view.WORDS_SUFFIX):
            await state.set_data({"scan_id": scan_id, "identity": identity_line(scan, texts)})
            await state.set_state(QUESTIONS[about])
        data = await state.get_data()
    await query.answer()
    if typed:
        await ask(message, QUESTIONS[about], texts, **placeholders(data, texts))
    else:
        await send_view(message, view.reason_view(scan, about, texts))


@requires(Action.WRITE_FINDINGS)
async def take_ready_reason(
    query: CallbackQuery, callback_data: GiveReason, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    about = callback_data.about
    if callback_data.name not in view.READY_REASONS[about]:
        raise StaleAction
    async with uow.begin() as session:
        reason = f"{about}.{callback_data.name}"
        scan = await reading.give_reason(session, actor, callback_data.scan_id, about, reason, uow.at)
        await state.clear()
    shown = draft_view(scan, texts)
    await edit_message(query, shown.text, shown.keyboard)


@requires(Action.WRITE_FINDINGS)
async def take_typed_reason(message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    text = typed_text(message, MAX_REASON)
    async with uow.begin() as session:
        scan_id: int = (await state.get_data())["scan_id"]
        about = Reason.OVERRIDE if await state.get_state() == WritingFindings.override.state else Reason.NO_ALERT
        scan = await reading.give_reason(session, actor, scan_id, about, text, uow.at)
        await state.clear()
    await send_view(message, draft_view(scan, texts))


@requires(Action.VERIFY)
async def sign_different(
    query: CallbackQuery, callback_data: SignDifferent, actor: Actor, texts: Texts, uow: UnitOfWork
) -> None:
    """Record that the doctor has seen the model's differing answer, and sign the reading as it stands."""
    scan_id, shown = callback_data.scan_id, callback_data.draft_hash
    try:
        async with uow.begin() as session:
            await reading.record_difference_seen(session, actor, scan_id, shown, uow.at)
            await reading.verify(session, actor, scan_id, shown, uow.at, agrees=False)
    except WordsChanged:
        await show_changed_draft(query, scan_id, actor, texts, uow, draft_view)
        return
    await close_signed(query, texts.plain("reading.verified"))


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(open_reasons, OnReading.filter(F.part.in_(PARTS)))
    router.callback_query.register(take_ready_reason, GiveReason.filter())
    router.callback_query.register(sign_different, SignDifferent.filter())
    router.message.register(take_typed_reason, StateFilter(*QUESTIONS.values()), TYPED_TEXT)
    return router
