"""The pharmacist takes over the lines that the doctor proposed with the reading."""

from aiogram import Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.access import requires
from handlers.pharmacist.draft import open_lines, send_draft, store_lines
from handlers.ui.callbacks.prescription import TakeProposal
from handlers.ui.texts import Texts
from workflow.actors import Actor
from workflow.errors import StaleAction
from workflow.formulary.load import Formulary
from workflow.prescriptions.proposing import proposed_lines
from workflow.scans import claims, queries
from workflow.transitions import Action, require_applicable
from workflow.unit_of_work import UnitOfWork


@requires(Action.PRESCRIBE)
async def take_over(
    query: CallbackQuery,
    message: Message,
    callback_data: TakeProposal,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
    formulary: Formulary,
) -> None:
    """Add the proposed lines to the open form. Raises StaleAction when none is left to add."""
    async with uow.begin() as session:
        scan = await queries.scan_for(session, callback_data.scan_id, actor, Action.PRESCRIBE)
        require_applicable(scan, Action.PRESCRIBE)
        await claims.take(session, actor, scan.id, uow.at)
        data = await state.get_data()
        written = data.get("lines", []) if data.get("scan_id") == scan.id else []
        added = [line for line in proposed_lines(scan) if line not in written]
        if not added:
            raise StaleAction
        await open_lines(scan, written, state, texts, uow.at, formulary)
        scan = await store_lines(added, actor, state, uow, formulary)
    await query.answer()
    await send_draft(message, scan, texts, uow.at, formulary)


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(take_over, TakeProposal.filter())
    return router
