"""The doctor proposes prescription lines with the reading: typed, read and checked as the pharmacist's are."""

import asyncio

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.access import requires
from handlers.ui.callbacks import OnReading
from handlers.ui.forms import WritingFindings
from handlers.ui.parsing import TYPED_TEXT, typed_text
from handlers.ui.prescription_lines import MAX_TEXT, check_number, questions_among
from handlers.ui.replies import View, replace_view, send_view
from handlers.ui.texts import Texts
from handlers.views.identity import identity_line
from handlers.views.paging import split_messages
from handlers.views.prescription import proposal_blocks
from handlers.views.questions import ask, placeholders
from handlers.views.reading.draft import NO_PROPOSAL, PROPOSAL, draft_view, proposal_keyboard
from workflow.actors import Actor
from workflow.formulary.load import Formulary
from workflow.prescriptions import proposing
from workflow.scans import queries
from workflow.transitions import Action, require_applicable
from workflow.unit_of_work import UnitOfWork


@requires(Action.WRITE_FINDINGS)
async def start(
    query: CallbackQuery,
    message: Message,
    callback_data: OnReading,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
) -> None:
    async with uow.begin() as session:
        scan = await queries.scan_for(session, callback_data.scan_id, actor, Action.WRITE_FINDINGS)
        require_applicable(scan, Action.WRITE_FINDINGS)
        data = {"scan_id": scan.id, "identity": identity_line(scan, texts)}
        await state.set_data(data)
        await state.set_state(WritingFindings.proposal)
    await query.answer()
    await ask(message, WritingFindings.proposal, texts, **placeholders(data, texts))


@requires(Action.WRITE_FINDINGS)
async def take_lines(
    message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork, formulary: Formulary
) -> None:
    """Keep the typed lines as the proposal and show how they were read; a question is no medicine."""
    typed = [line.strip() for line in typed_text(message, MAX_TEXT).splitlines() if line.strip()]
    check_number(typed)
    asked = await asyncio.to_thread(questions_among, typed, formulary)
    for line in asked:
        await message.answer(texts("proposal.question", text=line))
    if not (lines := [line for line in typed if line not in asked]):
        return
    async with uow.begin() as session:
        scan_id: int = (await state.get_data())["scan_id"]
        scan = await proposing.propose(session, actor, scan_id, lines, uow.at)
        await state.clear()
    *before, last = split_messages(*proposal_blocks(scan, texts, uow.at, formulary))
    for text in before:
        await send_view(message, View(text))
    await send_view(message, View(last, proposal_keyboard(scan, texts)))


@requires(Action.WRITE_FINDINGS)
async def take_back(
    query: CallbackQuery, callback_data: OnReading, actor: Actor, texts: Texts, uow: UnitOfWork
) -> None:
    async with uow.begin() as session:
        scan = await proposing.propose(session, actor, callback_data.scan_id, [], uow.at)
    await replace_view(query, draft_view(scan, texts))


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(start, OnReading.filter(F.part == PROPOSAL))
    router.callback_query.register(take_back, OnReading.filter(F.part == NO_PROPOSAL))
    router.message.register(take_lines, StateFilter(WritingFindings.proposal), TYPED_TEXT)
    return router
