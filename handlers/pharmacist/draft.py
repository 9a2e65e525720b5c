"""Sends the draft of a prescription in as many messages as it needs; the last one carries the buttons."""

from collections.abc import Sequence
from datetime import datetime

from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from handlers.ui import keyboards
from handlers.ui.forms import Prescribing
from handlers.ui.parsing import check_length
from handlers.ui.prescription_lines import MAX_TEXT, check_number
from handlers.ui.replies import View, message_of, send_view, show_alert
from handlers.ui.texts import Texts
from handlers.views.identity import identity_line
from handlers.views.paging import split_messages
from handlers.views.prescription import draft_blocks, draft_keyboard, prescription_keyboard
from models.tables.scans import Scan
from workflow.actors import Actor
from workflow.audit import chain
from workflow.errors import WorkflowError
from workflow.formulary.load import Formulary
from workflow.prescriptions import prescribing, prescription, proposing
from workflow.scans import queries
from workflow.unit_of_work import UnitOfWork


async def open_lines(
    scan: Scan, lines: Sequence[str], state: FSMContext, texts: Texts, at: datetime, formulary: Formulary
) -> InlineKeyboardMarkup:
    """Take the next messages as lines of this scan's prescription, after the `lines` so far. Returns the keyboard of
    the question.

    The form keeps all that the question shows, so that it is asked again as it was."""
    ready = prescribing.fitting(scan, keyboards.PRESCRIPTION_TEMPLATES, at, formulary)
    is_proposed = bool(proposing.proposed_lines(scan))
    data = {"scan_id": scan.id, "lines": [*lines], "identity": identity_line(scan, texts)}
    await state.set_data({**data, "ready": ready, "is_proposed": is_proposed})
    await state.set_state(Prescribing.lines)
    return prescription_keyboard(texts, scan.id, ready, is_proposed)


async def store_lines(
    added: Sequence[str], actor: Actor, state: FSMContext, uow: UnitOfWork, formulary: Formulary
) -> Scan:
    """Append the lines in the transaction that reads them, so that of two messages at once none overwrites the other.

    Raises TooLong, TooManyLines."""
    async with uow.begin() as session:
        data = await state.get_data()
        lines = [*data["lines"], *added]
        check_length("".join(lines), MAX_TEXT)
        check_number(lines)
        scan = await prescription.prescribe(session, actor, data["scan_id"], lines, uow.at, formulary)
        await state.update_data(lines=lines)
    return scan


async def send_draft(message: Message, scan: Scan, texts: Texts, at: datetime, formulary: Formulary) -> None:
    *before, last = split_messages(*draft_blocks(scan, texts, at, formulary))
    for text in before:
        await send_view(message, View(text))
    await send_view(message, View(last, draft_keyboard(scan, texts, at, formulary)))


async def show_draft(
    query: CallbackQuery,
    scan_id: int,
    actor: Actor,
    texts: Texts,
    uow: UnitOfWork,
    formulary: Formulary,
    refusal: WorkflowError,
) -> None:
    """Say why the button did nothing, and send the draft as it is now."""
    async with uow.begin() as session:
        scan = await queries.scan_for(session, scan_id, actor)
        await chain.record_read(session, actor, scan, "draft", uow.at)
    await show_alert(query, texts(refusal.key))
    await send_draft(message_of(query), scan, texts, uow.at, formulary)
