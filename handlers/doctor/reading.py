"""The doctor: request the analysis, write findings, verify the reading, or ask for a better picture."""

from typing import Final

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.access import requires
from handlers.doctor import (
    consistency,
    correcting,
    countersigning,
    duplicates,
    own_day,
    own_phrases,
    proposing,
)
from handlers.shared.form import Form, FormAnswers
from handlers.shared.signing import show_changed_draft
from handlers.ui import callbacks, keyboards
from handlers.ui.callbacks import CardAction, OnCard, SignText
from handlers.ui.forms import Rejecting, WritingFindings
from handlers.ui.parsing import TYPED_TEXT, typed_text
from handlers.ui.replies import View, close_signed, edit_message, reply, show_toast
from handlers.ui.texts import Texts
from handlers.views.identity import identity_line
from handlers.views.paging import join_blocks
from handlers.views.questions import ask, placeholders
from handlers.views.reading.draft import draft_view
from models.vocabulary import Role
from workflow.actors import Actor
from workflow.errors import Inconsistent, StaleAction, WordsChanged
from workflow.scans import analysis, claims, presets, queries, reading
from workflow.scans.draft_edits import MAX_TEXT
from workflow.scans.queries import RETAKE_REASONS
from workflow.transitions import WAITS_FOR, Action, require_applicable
from workflow.unit_of_work import UnitOfWork

AGREEMENT: Final = {CardAction.VERIFY: None, CardAction.VERIFY_AGREE: True, CardAction.VERIFY_DISAGREE: False}


@requires(Action.ASK_ANALYSIS)
async def analyse(query: CallbackQuery, callback_data: OnCard, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    async with uow.begin() as session:
        await analysis.ask_analysis(session, actor, callback_data.scan_id, uow.at)
    await show_toast(query, texts.plain("analysis.asked"))


@requires(Action.VERIFY)
async def verify(query: CallbackQuery, callback_data: SignText, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    """Sign the reading, and record the doctor's agreement or disagreement with the model if the button states one."""
    scan_id, agrees = callback_data.scan_id, AGREEMENT[callback_data.action]
    try:
        async with uow.begin() as session:
            scan = await reading.verify(session, actor, scan_id, callback_data.draft_hash, uow.at, agrees)
    except WordsChanged:
        await show_changed_draft(query, scan_id, actor, texts, uow, draft_view)
        return
    except Inconsistent as refusal:
        await consistency.show_pause(query, callback_data, refusal, actor, texts, uow)
        return
    corrected = scan.reading is not None and scan.reading.version is not None
    await close_signed(query, texts.plain("correction.signed" if corrected else "reading.verified"))


async def _save_findings(answers: FormAnswers) -> View:
    """Write the draft, or revise the parts that were asked for; the view carries the signing buttons."""
    session, actor, data = answers.session, answers.actor, answers.data
    parts = {name: text for name, text in data.items() if name in reading.TypedFindings._fields}
    if data.get("revises"):
        scan = await reading.revise_draft(session, actor, data["scan_id"], answers.at, **parts)
    else:
        typed = reading.TypedFindings(**parts)
        scan = await reading.write_findings(session, actor, data["scan_id"], typed, answers.at)
    await answers.state.clear()
    return draft_view(scan, answers.texts)


STEPS: Final = (
    WritingFindings.own_reading,
    WritingFindings.findings,
    WritingFindings.impression,
    WritingFindings.recommendations,
)
FORM: Final = Form(STEPS, _save_findings)


@requires(Action.WRITE_FINDINGS)
async def start_findings(
    query: CallbackQuery,
    message: Message,
    callback_data: OnCard,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
) -> None:
    """Open the form, with the doctor's own reading as first step when the model was uncertain."""
    async with uow.begin() as session:
        scan = await queries.scan_for(session, callback_data.scan_id, actor, Action.WRITE_FINDINGS)
        require_applicable(scan, Action.WRITE_FINDINGS)
        if scan.finding is None:
            raise StaleAction
        first = WritingFindings.own_reading if scan.finding.uncertain else WritingFindings.findings
        if WAITS_FOR.get(scan.status) is actor.role:  # a correction is made beside the pharmacist's claim
            await claims.take(session, actor, scan.id, uow.at)
        recent = [one for one in await presets.recent_readings(session, actor) if one in reading.offered(scan)]
        data = {"scan_id": scan.id, "modality": scan.finding.modality, "recent": recent}
        data["identity"] = identity_line(scan, texts)
        await state.set_data(data)
        await state.set_state(first)
    await query.answer()
    await ask(message, first, texts, **placeholders(data, texts))


@requires(Action.WRITE_FINDINGS)
async def take_answer(message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    await FORM.answer(message, typed_text(message, MAX_TEXT), actor, state, texts, uow)


@requires(Action.WRITE_FINDINGS)
async def skip_answer(
    query: CallbackQuery, message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    await query.answer()
    await FORM.answer(message, None, actor, state, texts, uow)


@requires(Action.REJECT)
async def ask_reason(
    query: CallbackQuery, callback_data: OnCard, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    """Ask for the reason of a rejection, which the patient reads: a ready one or typed text."""
    async with uow.begin() as session:
        scan = await queries.scan_for(session, callback_data.scan_id, actor, Action.REJECT)
        await claims.take(session, actor, callback_data.scan_id, uow.at)
        ready, identity = RETAKE_REASONS if actor.role is Role.DOCTOR else (), identity_line(scan, texts)
        await state.set_data({"scan_id": scan.id, "identity": identity, "ready": ready})
        await state.set_state(Rejecting.reason)
    question = join_blocks(identity, texts("reject.reason", scan=scan.id))
    await reply(query, question, keyboards.retake_reasons(texts, ready), protected=True)


@requires(Action.REJECT)
async def take_reason(message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    scan_id = await _reject(actor, state, typed_text(message, MAX_TEXT), uow)
    await message.answer(texts("reject.done", scan=scan_id))


@requires(Action.REJECT)
async def take_ready_reason(
    query: CallbackQuery,
    callback_data: callbacks.RetakeReason,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
) -> None:
    if callback_data.name not in RETAKE_REASONS:
        raise StaleAction
    scan_id = await _reject(actor, state, f"reason.{callback_data.name}", uow)
    await edit_message(query, texts("reject.done", scan=scan_id))


async def _reject(actor: Actor, state: FSMContext, reason: str, uow: UnitOfWork) -> int:
    async with uow.begin() as session:
        scan_id: int = (await state.get_data())["scan_id"]
        await state.clear()
        await reading.reject(session, actor, scan_id, reason, uow.at)
    return scan_id


def routes() -> Router:
    router = Router(name=__name__)
    router.include_router(countersigning.routes())
    router.include_router(correcting.routes())
    router.include_router(own_day.routes())
    router.include_router(duplicates.routes())
    router.include_router(consistency.routes())  # its parts of a draft come before those of structured reading
    router.include_router(proposing.routes())
    router.include_router(own_phrases.routes())  # and its parts
    router.callback_query.register(analyse, OnCard.filter(F.action == CardAction.ANALYSE))
    router.callback_query.register(start_findings, OnCard.filter(F.action == CardAction.WRITE_FINDINGS))
    router.callback_query.register(verify, SignText.filter(F.action.in_(set(AGREEMENT))))
    router.callback_query.register(
        ask_reason, OnCard.filter(F.action.in_({CardAction.BETTER_PICTURE, CardAction.REJECT}))
    )
    router.callback_query.register(take_ready_reason, callbacks.RetakeReason.filter(), StateFilter(Rejecting.reason))
    router.message.register(take_reason, StateFilter(Rejecting.reason), TYPED_TEXT)
    router.message.register(take_answer, StateFilter(*STEPS), TYPED_TEXT)
    skippable = StateFilter(WritingFindings.impression, WritingFindings.recommendations)
    router.callback_query.register(skip_answer, callbacks.Skip.filter(), skippable)
    return router
