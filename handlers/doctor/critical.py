"""Critical results: the doctor marks one, the patient or an administrator acknowledges it."""

from aiogram import F, Router
from aiogram.types import CallbackQuery

from handlers.access import requires
from handlers.ui.callbacks import CardAction, OnCard
from handlers.ui.replies import show_alert
from handlers.ui.texts import Texts
from workflow.actors import Actor
from workflow.permissions import Permission
from workflow.scans import critical
from workflow.unit_of_work import UnitOfWork


@requires(Permission.MARK_CRITICAL)
async def mark(query: CallbackQuery, callback_data: OnCard, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    async with uow.begin() as session:
        await critical.mark(session, actor, callback_data.scan_id, uow.at)
    await show_alert(query, texts("critical.marked"))


@requires(Permission.ACKNOWLEDGE)
async def acknowledge(query: CallbackQuery, callback_data: OnCard, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    async with uow.begin() as session:
        await critical.acknowledge(session, actor, callback_data.scan_id, uow.at)
    await show_alert(query, texts("critical.thanks"))


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(mark, OnCard.filter(F.action == CardAction.CRITICAL))
    router.callback_query.register(
        acknowledge, OnCard.filter(F.action.in_({CardAction.ACKNOWLEDGE, CardAction.PATIENT_REACHED}))
    )
    return router
