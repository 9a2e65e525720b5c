"""The pharmacist changes one line of the draft: they type it anew."""

from aiogram import Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.access import requires
from handlers.pharmacist.draft import open_lines, send_draft, show_draft
from handlers.ui.callbacks.prescription import ChangeLine
from handlers.ui.forms import Prescribing
from handlers.ui.parsing import TYPED_TEXT, typed_text
from handlers.ui.prescription_lines import MAX_TEXT, questions_among
from handlers.ui.texts import Texts
from handlers.views.identity import identity_line
from handlers.views.prescription import prescription_line
from handlers.views.questions import ask, placeholders
from workflow.actors import Actor
from workflow.errors import WordsChanged
from workflow.formulary.load import Formulary
from workflow.prescriptions import prescription
from workflow.prescriptions.prescription import ShownLine
from workflow.scans import queries
from workflow.transitions import Action
from workflow.unit_of_work import UnitOfWork


@requires(Action.PRESCRIBE)
async def start_change(
    query: CallbackQuery,
    message: Message,
    callback_data: ChangeLine,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
    formulary: Formulary,
) -> None:
    """Show the line as it stands, and ask for the new one."""
    shown, scan_id = ShownLine(callback_data.index, callback_data.draft_hash), callback_data.scan_id
    try:
        async with uow.begin() as session:
            scan = await queries.scan_for(session, scan_id, actor, Action.PRESCRIBE)
            line = prescription.line_shown(scan, shown)
            data = {"scan_id": scan_id, "shown": list(shown), "identity": identity_line(scan, texts)}
            await state.set_data(data)
            await state.set_state(Prescribing.change)
    except WordsChanged as refusal:
        await show_draft(query, scan_id, actor, texts, uow, formulary, refusal)
        return
    await query.answer()
    await message.answer(texts("prescribe.line_now", number=shown.position + 1, text=prescription_line(line, texts)))
    await ask(message, Prescribing.change, texts, **placeholders(data, texts))


@requires(Action.PRESCRIBE)
async def take_change(
    message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork, formulary: Formulary
) -> None:
    """Put the typed line where the old one stood; a question is no medicine and changes nothing."""
    text = " ".join(typed_text(message, MAX_TEXT).split())
    if questions_among([text], formulary):
        await message.answer(texts("prescribe.question", text=text))
        return
    async with uow.begin() as session:
        data = await state.get_data()
        shown = ShownLine(*data["shown"])
        try:
            scan = await prescription.change_line(session, actor, data["scan_id"], shown, text, uow.at, formulary)
            refusal = None
        except WordsChanged as changed:
            scan, refusal = await queries.scan_for(session, data["scan_id"], actor, Action.PRESCRIBE), changed
        lines = scan.prescription.lines if scan.prescription else []
        await open_lines(scan, lines, state, texts, uow.at, formulary)
    if refusal is not None:
        await message.answer(texts(refusal.key))
    await send_draft(message, scan, texts, uow.at, formulary)


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(start_change, ChangeLine.filter())
    router.message.register(take_change, StateFilter(Prescribing.change), TYPED_TEXT)
    return router
