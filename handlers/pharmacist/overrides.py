"""The pharmacist goes on against alerts of a prescription: the alerts are named again, and a typed reason is kept."""

from typing import Final

from aiogram import Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.access import requires
from handlers.pharmacist.draft import open_lines, send_draft
from handlers.ui.callbacks.prescription import OverrideAlerts
from handlers.ui.forms import Prescribing
from handlers.ui.parsing import TYPED_TEXT, typed_text
from handlers.ui.replies import View, send_view
from handlers.ui.texts import Texts
from handlers.views.identity import identity_line
from handlers.views.paging import split_messages
from handlers.views.prescription import alert_lines
from workflow.actors import Actor
from workflow.errors import StaleAction
from workflow.formulary.load import Formulary
from workflow.prescriptions import prescribing
from workflow.scans import queries
from workflow.transitions import Action, require_applicable
from workflow.unit_of_work import UnitOfWork

SHORTEST: Final = 5  # characters of a reason
LONGEST: Final = 300


@requires(Action.PRESCRIBE)
async def start_override(
    query: CallbackQuery,
    message: Message,
    callback_data: OverrideAlerts,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
    formulary: Formulary,
) -> None:
    """Name the alerts that the reason will be about, and ask for it. Raises StaleAction when none is open."""
    async with uow.begin() as session:
        scan = await queries.scan_for(session, callback_data.scan_id, actor, Action.PRESCRIBE)
        require_applicable(scan, Action.PRESCRIBE)
        alerts = prescribing.open_alerts(scan, uow.at, formulary)
        if not alerts:
            raise StaleAction
        shown = [alert.as_dict() for alert in alerts]
        await state.set_data({"scan_id": scan.id, "alerts": shown, "identity": identity_line(scan, texts)})
        await state.set_state(Prescribing.reason)
    await query.answer()
    alerted = alert_lines(scan, texts, uow.at, formulary)
    for text in split_messages(*alerted, identity_line(scan, texts), texts("alert.ask_reason")):
        await send_view(message, View(text))


@requires(Action.PRESCRIBE)
async def take_reason(
    message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork, formulary: Formulary
) -> None:
    """Keep the reason with the prescription, and show the draft; more lines may follow."""
    reason = typed_text(message, LONGEST)
    if len(reason) < SHORTEST:
        await message.answer(texts("alert.reason_missing"))
        return
    async with uow.begin() as session:
        data = await state.get_data()
        against = prescribing.Override(data["alerts"], reason)
        scan = await prescribing.override(session, actor, data["scan_id"], against, uow.at, formulary)
        assert scan.prescription is not None
        await open_lines(scan, scan.prescription.lines, state, texts, uow.at, formulary)
    await send_draft(message, scan, texts, uow.at, formulary)


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(start_override, OverrideAlerts.filter())
    router.message.register(take_reason, StateFilter(Prescribing.reason), TYPED_TEXT)
    return router
