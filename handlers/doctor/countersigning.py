"""The doctor countersigns a completed prescription: the law lets only a doctor prescribe its medicines."""

from aiogram import F, Router
from aiogram.types import CallbackQuery

from handlers.access import requires
from handlers.ui.callbacks import CardAction, SignText
from handlers.ui.replies import show_toast
from handlers.ui.texts import Texts
from workflow.actors import Actor
from workflow.prescriptions import prescription
from workflow.transitions import Action
from workflow.unit_of_work import UnitOfWork


@requires(Action.COUNTERSIGN)
async def countersign(
    query: CallbackQuery, callback_data: SignText, actor: Actor, texts: Texts, uow: UnitOfWork
) -> None:
    async with uow.begin() as session:
        await prescription.countersign(session, actor, callback_data.scan_id, callback_data.draft_hash, uow.at)
    await show_toast(query, texts.plain("countersign.done"))


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(countersign, SignText.filter(F.action == CardAction.COUNTERSIGN))
    return router
