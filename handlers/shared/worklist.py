"""The worklist of a role: all scans that wait, most urgent first, in pages and with filters."""

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from handlers.access import requires
from handlers.ui.callbacks.worklist import ShowQueue
from handlers.ui.replies import edit_message
from handlers.ui.texts import Texts
from handlers.views.paging import PAGE_SIZE
from handlers.views.worklist import QueuePage, QueueView, queue_view
from workflow.actors import Actor
from workflow.audit import chain
from workflow.model_watch import quality
from workflow.permissions import Permission
from workflow.queue import worklist
from workflow.queue.worklist import QueueFilter
from workflow.reporting import amendments
from workflow.unit_of_work import UnitOfWork


@requires(Permission.SEE_QUEUE)
async def queue(message: Message, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    """/queue: the first page of what waits for this role."""
    view = await own_queue(uow, actor, texts)
    await message.answer(view.text, reply_markup=view.keyboard, protect_content=True)


@requires(Permission.SEE_QUEUE)
async def turn_page(
    query: CallbackQuery, callback_data: ShowQueue, actor: Actor, texts: Texts, uow: UnitOfWork
) -> None:
    view = await own_queue(uow, actor, texts, callback_data.part, callback_data.page)
    await edit_message(query, view.text, view.keyboard)


async def own_queue(
    uow: UnitOfWork, actor: Actor, texts: Texts, part: QueueFilter = QueueFilter.ALL, page: int = 0
) -> QueueView:
    """A page of the queue of the actor's role; the last one where there are fewer. Who saw which scans is recorded."""
    async with uow.read() as session:
        every = await worklist.queue(session, actor, uow.at, await quality.is_model_enabled(session))
        changes = await amendments.amendments_waiting_for(session, actor.role)
    filtered = [place for place in every if part.matches(place, actor.account_id)]
    page = min(page, max(len(filtered) - 1, 0) // PAGE_SIZE)
    places = filtered[page * PAGE_SIZE :][:PAGE_SIZE]
    async with uow.begin() as session:
        scans = await worklist.page_of(session, actor, places)
        for scan in scans:
            await chain.record_read(session, actor, scan, "queue", uow.at)
    first = part is QueueFilter.ALL and not page
    shown = QueuePage(every, part, filtered, page, places, scans, changes if first else ())
    return queue_view(shown, actor.account_id, uow.at, texts)


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(queue, Command("queue", ignore_case=True))
    router.callback_query.register(turn_page, ShowQueue.filter())
    return router
