"""Claims: take a scan over from another member of staff, or give one's own back."""

from aiogram import F, Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery

from handlers.access import requires
from handlers.ui import keyboards
from handlers.ui.callbacks import CardAction, OnCard
from handlers.ui.callbacks.claim import TakeOver
from handlers.ui.replies import edit_message, message_of, reply, send_view, show_toast
from handlers.ui.texts import Texts
from handlers.views.reading.draft import draft_view
from models.vocabulary import Role
from workflow.actors import Actor
from workflow.permissions import Permission
from workflow.scans import claims
from workflow.unit_of_work import UnitOfWork


@requires(Permission.CLAIM)
async def ask_take_over(
    query: CallbackQuery, callback_data: OnCard, actor: Actor, texts: Texts, uow: UnitOfWork
) -> None:
    """Name the holder and ask once."""
    scan_id = callback_data.scan_id
    async with uow.begin() as session:
        claim = await claims.holder_of(session, actor, scan_id)
    question = texts("claim.ask", scan=scan_id, name=claim.holder.name, time=texts.time(claim.since))
    await reply(query, question, keyboards.take_over(texts, scan_id, claim.account_id))


@requires(Permission.CLAIM)
async def take_over(query: CallbackQuery, callback_data: TakeOver, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    async with uow.begin() as session:
        scan = await claims.take_over(session, actor, callback_data.scan_id, callback_data.holder, uow.at)
    await edit_message(query, texts("claim.yours", scan=scan.id))
    if actor.role is Role.DOCTOR and scan.reading is not None:
        await send_view(message_of(query), draft_view(scan, texts))


@requires(Permission.CLAIM)
async def give_back(
    query: CallbackQuery, callback_data: OnCard, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    """End one's own claim and close an open form about this scan; the draft stays."""
    async with uow.begin() as session:
        await claims.give_back(session, actor, callback_data.scan_id, uow.at)
        if (await state.get_data()).get("scan_id") == callback_data.scan_id:
            await state.clear()
    await show_toast(query, texts.plain("claim.given_back"))


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(ask_take_over, OnCard.filter(F.action == CardAction.TAKE_OVER))
    router.callback_query.register(give_back, OnCard.filter(F.action == CardAction.GIVE_BACK))
    router.callback_query.register(take_over, TakeOver.filter())
    return router
