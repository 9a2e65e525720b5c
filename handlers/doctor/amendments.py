"""Amendments: a doctor changes or supplements a released report, an administrator approves it with a new code."""

from operator import itemgetter
from typing import Final

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.access import requires
from handlers.account.codes import confirm_by_code
from handlers.shared.form import Form, FormAnswers
from handlers.ui import callbacks
from handlers.ui.callbacks import CardAction, OnAmendment, OnCard
from handlers.ui.callbacks.reading import AmendBand
from handlers.ui.forms import Amending
from handlers.ui.keyboards import amendment_keyboard
from handlers.ui.parsing import TYPED_TEXT, typed_text
from handlers.ui.replies import View, edit_message, private_chat_id, reply, send_view
from handlers.ui.texts import Texts
from handlers.views.identity import identity_line
from handlers.views.paging import join_blocks, split_messages
from handlers.views.questions import ask, placeholders
from handlers.views.reading.consistency import contradictions_view
from handlers.views.reports import amendment_values, amendment_words
from models.vocabulary import Band
from workflow.actors import Actor
from workflow.audit import chain
from workflow.errors import StaleAction
from workflow.permissions import Permission
from workflow.reporting import amendments
from workflow.reporting.amended import ProposedChange
from workflow.scans import queries
from workflow.scans.draft_edits import MAX_REASON, MAX_TEXT
from workflow.unit_of_work import UnitOfWork


async def _propose(answers: FormAnswers) -> View:
    """Propose the change to the administrators; the text of an addendum is its reason."""
    data = answers.data
    if "addendum" in data:
        data["reason"] = data["addendum"]
    session, actor, scan_id, texts = answers.session, answers.actor, data["scan_id"], answers.texts
    change = ProposedChange(**{name: data[name] for name in ProposedChange._fields if name in data})
    found = await amendments.contradictions(session, actor, scan_id, change)
    if found and "override" not in data:
        await answers.state.set_state(Amending.override)
        return contradictions_view(found, data["identity"], texts)
    await amendments.propose(session, actor, scan_id, change, answers.at, data.get("override"))
    await answers.state.clear()
    return View(texts("amend.proposed", scan=scan_id), protected=False)


STEPS: Final = (Amending.reason, Amending.findings, Amending.impression, Amending.recommendations, Amending.band)
CHANGE: Final = Form(STEPS, _propose, {Amending.override: Amending.band})  # another colour instead of a reason
ADDENDUM: Final = Form((Amending.addendum,), _propose)


@requires(Permission.AMEND)
async def start_amendment(
    query: CallbackQuery,
    message: Message,
    callback_data: OnCard,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
) -> None:
    first = Amending.addendum if callback_data.action is CardAction.ADDENDUM else Amending.reason
    async with uow.begin() as session:
        scan = await queries.scan_for(session, callback_data.scan_id, actor, Permission.AMEND)
        amendments.require_amendable(scan)
        data = {"scan_id": scan.id, "identity": identity_line(scan, texts)}
        await state.set_data(data)
        await state.set_state(first)
    await query.answer()
    await ask(message, first, texts, **placeholders(data, texts))


@requires(Permission.AMEND)
async def take_answer(message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    await CHANGE.answer(message, typed_text(message, MAX_TEXT), actor, state, texts, uow)


@requires(Permission.AMEND)
async def take_reason(message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    """Propose a change that contradicts itself, with the reason for it."""
    typed = typed_text(message, MAX_REASON)
    async with uow.begin() as session:
        await state.update_data(override=typed)
        view = await _propose(FormAnswers(session, await state.get_data(), actor, state, texts, uow.at))
    await send_view(message, view)


@requires(Permission.AMEND)
async def take_addendum(message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    await ADDENDUM.answer(message, typed_text(message, MAX_TEXT), actor, state, texts, uow)


@requires(Permission.AMEND)
async def skip_answer(
    query: CallbackQuery, message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    """Leave the impression out, or the recommendations as they were."""
    await query.answer()
    await CHANGE.answer(message, None, actor, state, texts, uow)


@requires(Permission.AMEND)
async def take_band(
    query: CallbackQuery,
    message: Message,
    callback_data: AmendBand,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
) -> None:
    """The last step: what the patient should do after the change."""
    if callback_data.band not in set(Band):
        raise StaleAction
    await query.answer()
    await CHANGE.answer(message, callback_data.band, actor, state, texts, uow)


@requires(Permission.DECIDE_AMENDMENT)
async def show(query: CallbackQuery, callback_data: OnAmendment, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    """Show a proposed change again; the first message may have been deleted from the chat."""
    scan_id, number = callback_data.scan_id, callback_data.number
    async with uow.begin() as session:
        scan, change = await amendments.lock_proposed(session, actor, scan_id, number)
        await chain.record_read(session, actor, scan, "change", uow.at)
    values = {**amendment_values(scan, change), "words": amendment_words(change, texts)}
    *before, last = split_messages(texts("amend.ask", identity=identity_line(scan, texts), **values))
    for page in before:
        await reply(query, page, protected=True)
    await reply(query, last, amendment_keyboard(texts, scan_id, number), protected=True)


@requires(Permission.DECIDE_AMENDMENT)
async def approve(
    query: CallbackQuery,
    callback_data: OnAmendment,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
) -> None:
    async with uow.begin() as session:
        scan_id, number = callback_data.scan_id, callback_data.number
        code = await amendments.request_code(session, actor, scan_id, number, private_chat_id(query), uow.at)
        scan = await queries.scan_for(session, scan_id, actor, Permission.DECIDE_AMENDMENT)
        await state.set_data({"scan_id": scan_id})
        await state.set_state(Amending.code)
    question = texts(f"amend.{code.factor}", scan=scan_id, email=code.email)
    await reply(query, join_blocks(identity_line(scan, texts), question), protected=True)


@requires(Permission.DECIDE_AMENDMENT)
async def decline(
    query: CallbackQuery, callback_data: OnAmendment, actor: Actor, texts: Texts, uow: UnitOfWork
) -> None:
    async with uow.begin() as session:
        await amendments.decline(session, actor, callback_data.scan_id, callback_data.number, uow.at)
    await edit_message(query, texts("amend.is_declined", scan=callback_data.scan_id))


@requires(Permission.DECIDE_AMENDMENT)
async def take_code(
    message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork, secret_key: bytes
) -> None:
    data = await confirm_by_code(message, actor, state, uow, secret_key, amendments.approve, itemgetter("scan_id"))
    await message.answer(texts("amend.approved", scan=data["scan_id"]))


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(
        start_amendment, OnCard.filter(F.action.in_({CardAction.AMEND, CardAction.ADDENDUM}))
    )
    router.callback_query.register(show, OnAmendment.filter(F.action == CardAction.OPEN))
    router.callback_query.register(approve, OnAmendment.filter(F.action == CardAction.APPROVE_AMENDMENT))
    router.callback_query.register(decline, OnAmendment.filter(F.action == CardAction.DECLINE_AMENDMENT))
    router.callback_query.register(take_band, AmendBand.filter(), StateFilter(Amending.band, Amending.override))
    router.callback_query.register(
        skip_answer, callbacks.Skip.filter(), StateFilter(Amending.impression, Amending.recommendations)
    )
    router.message.register(take_answer, StateFilter(*STEPS[:-1]), TYPED_TEXT)
    router.message.register(take_reason, StateFilter(Amending.override), TYPED_TEXT)
    router.message.register(take_addendum, StateFilter(Amending.addendum), TYPED_TEXT)
    router.message.register(take_code, StateFilter(Amending.code), TYPED_TEXT)
    return router
