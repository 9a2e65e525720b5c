"""The doctor closes a scan whose picture is that of an earlier scan, after being asked."""

from aiogram import F, Router
from aiogram.types import CallbackQuery

from handlers.access import requires
from handlers.ui import keyboards
from handlers.ui.callbacks import CardAction, OnCard
from handlers.ui.callbacks.history import CloseAsSame
from handlers.ui.replies import edit_message, reply
from handlers.ui.texts import Texts
from handlers.views.identity import identity_line
from handlers.views.paging import join_blocks
from workflow.actors import Actor
from workflow.errors import StaleAction
from workflow.scans import claims, intake, queries
from workflow.transitions import Action
from workflow.unit_of_work import UnitOfWork


@requires(Action.REJECT)
async def ask_whether_same(
    query: CallbackQuery, callback_data: OnCard, actor: Actor, texts: Texts, uow: UnitOfWork
) -> None:
    async with uow.begin() as session:
        scan = await queries.scan_for(session, callback_data.scan_id, actor, Action.REJECT)
        if not intake.may_be_duplicate(scan) or scan.same_as is None:
            raise StaleAction
        await claims.take(session, actor, scan.id, uow.at)
    question = texts("duplicate.ask", scan=scan.id, earlier=scan.same_as["scan"])
    yes: keyboards.Buttons = [(texts.plain("button.close_as_same"), CloseAsSame(scan_id=scan.id))]
    await reply(query, join_blocks(identity_line(scan, texts), question), keyboards.rows(yes), protected=True)


@requires(Action.REJECT)
async def close_as_same(
    query: CallbackQuery, callback_data: CloseAsSame, actor: Actor, texts: Texts, uow: UnitOfWork
) -> None:
    async with uow.begin() as session:
        earlier = await intake.close_as_same(session, actor, callback_data.scan_id, uow.at)
    await edit_message(query, texts("duplicate.closed", scan=callback_data.scan_id, earlier=earlier))


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(ask_whether_same, OnCard.filter(F.action == CardAction.SAME_SCAN))
    router.callback_query.register(close_as_same, CloseAsSame.filter())
    return router
