"""A result that cannot wait: the doctor marks it, the patient or an administrator says that it was heard."""

from aiogram import F, Router
from aiogram.types import CallbackQuery

from handlers.access import does
from handlers.ui.keyboards import CardAction, OnCard
from handlers.ui.replies import known
from handlers.ui.texts import Texts
from workflow.actors import Actor
from workflow.permissions import Verb
from workflow.scans import critical
from workflow.unit_of_work import Effects


@does(Verb.MARK_CRITICAL)
async def mark(
    query: CallbackQuery, callback_data: OnCard, actor: Actor | None, texts: Texts, effects: Effects
) -> None:
    async with effects.begin() as session:
        await critical.mark(session, known(actor), callback_data.scan_id, effects.at)
    await query.answer(texts.plain("critical.marked"), show_alert=True)


@does(Verb.ACKNOWLEDGE)
async def acknowledge(
    query: CallbackQuery, callback_data: OnCard, actor: Actor | None, texts: Texts, effects: Effects
) -> None:
    async with effects.begin() as session:
        await critical.acknowledge(session, known(actor), callback_data.scan_id, effects.at)
    await query.answer(texts.plain("critical.thanks"), show_alert=True)


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(mark, OnCard.filter(F.action == CardAction.CRITICAL))
    router.callback_query.register(acknowledge, OnCard.filter(F.action.in_({CardAction.HEARD, CardAction.REACHED})))
    return router
