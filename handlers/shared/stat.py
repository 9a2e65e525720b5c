"""STAT: one press on the card asks for a scan to be read first, another takes it back."""

from aiogram import F, Router
from aiogram.types import CallbackQuery

from handlers.access import requires
from handlers.ui.callbacks import CardAction, OnCard
from handlers.ui.replies import show_toast
from handlers.ui.texts import Texts
from workflow.actors import Actor
from workflow.permissions import Permission
from workflow.queue import stat
from workflow.unit_of_work import UnitOfWork


@requires(Permission.SET_STAT)
async def set_stat(query: CallbackQuery, callback_data: OnCard, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    on = callback_data.action is CardAction.STAT
    async with uow.begin() as session:
        await stat.set_stat(session, actor, callback_data.scan_id, on, uow.at)
    await show_toast(query, texts.plain("stat.on" if on else "stat.off"))


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(set_stat, OnCard.filter(F.action.in_({CardAction.STAT, CardAction.NOT_STAT})))
    return router
