"""The doctor corrects a signed reading until the release."""

from aiogram import F, Router
from aiogram.types import CallbackQuery

from handlers.access import requires
from handlers.ui.callbacks import CardAction, OnCard
from handlers.ui.replies import message_of, send_view, show_toast
from handlers.ui.texts import Texts
from handlers.views.reading.draft import draft_view
from workflow.actors import Actor
from workflow.reporting import corrections
from workflow.transitions import Action
from workflow.unit_of_work import UnitOfWork


@requires(Action.CORRECT)
async def correct(query: CallbackQuery, callback_data: OnCard, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    """Open the signed reading as a draft, with all the buttons that change and sign it."""
    async with uow.begin() as session:
        scan = await corrections.correct(session, actor, callback_data.scan_id, uow.at)
    await show_toast(query, texts.plain("correction.open"))
    await send_view(message_of(query), draft_view(scan, texts))


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(correct, OnCard.filter(F.action == CardAction.CORRECT))
    return router
