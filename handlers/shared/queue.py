"""The worklist, and the buttons of a card that every staff role has: open, heat map, full text, draft PDF."""

from aiogram import F, Router
from aiogram.types import CallbackQuery, Message

from handlers.access import requires
from handlers.shared import claims, clarifications, comparison, patients, stat, worklist
from handlers.ui.callbacks import CardAction, OnCard
from handlers.ui.replies import Handler, private_chat_id, show_toast
from handlers.ui.texts import Texts
from handlers.views.actions import has_heat_map
from handlers.views.cards import Reader, full_text
from models.vocabulary import ScanStatus
from workflow.actors import Actor
from workflow.audit import chain
from workflow.errors import NotFound, StaleAction
from workflow.jobs import JobKind, enqueue
from workflow.permissions import Permission
from workflow.reporting.builder import is_preliminary
from workflow.scans import cards, queries
from workflow.unit_of_work import UnitOfWork


@requires(Permission.SEE_SCAN)
async def open_card(query: CallbackQuery, callback_data: OnCard, actor: Actor, uow: UnitOfWork) -> None:
    async with uow.begin() as session:
        await queries.scan_for(session, callback_data.scan_id, actor)
        cards.enqueue_card(session, callback_data.scan_id, private_chat_id(query), uow.at, fresh=True)
    await query.answer()


@requires(Permission.SEE_HISTORY)
async def show_picture(query: CallbackQuery, callback_data: OnCard, actor: Actor, uow: UnitOfWork) -> None:
    """Show the heat map instead of the picture, or the picture again; staff only, before the report."""
    heat_map = callback_data.action is CardAction.HEAT_MAP
    async with uow.begin() as session:
        scan = await queries.scan_for(session, callback_data.scan_id, actor, Permission.SEE_HISTORY)
        if not has_heat_map(scan):
            raise NotFound
        await cards.set_heat_map(session, scan.id, private_chat_id(query), heat_map, uow.at)
        await chain.record_read(session, actor, scan, callback_data.action, uow.at)
    await query.answer()


@requires(Permission.SEE_HISTORY)
async def read_all(
    query: CallbackQuery, message: Message, callback_data: OnCard, actor: Actor, texts: Texts, uow: UnitOfWork
) -> None:
    async with uow.begin() as session:
        scan = await queries.scan_for(session, callback_data.scan_id, actor, Permission.SEE_HISTORY)
        await chain.record_read(session, actor, scan, "story", uow.at)
        pages = full_text(scan, Reader(actor.role, actor.account_id), texts)
    await query.answer()
    for page in pages:
        await message.answer(page, protect_content=True)


@requires(Permission.SEE_DRAFT)
async def preview(query: CallbackQuery, callback_data: OnCard, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    """Enqueue the rendering of the draft PDF, or of the preliminary report."""
    async with uow.begin() as session:
        scan = await queries.scan_for(session, callback_data.scan_id, actor, Permission.SEE_DRAFT)
        if scan.reading is None or scan.released_at is not None or scan.status is ScanStatus.REJECTED:
            raise StaleAction
        kind = "preliminary" if is_preliminary(scan) else "draft"
        enqueue(session, JobKind.SEND_DRAFT, uow.at, scan_id=scan.id, chat_id=private_chat_id(query))
        await chain.record_read(session, actor, scan, kind, uow.at)
    await show_toast(query, texts.plain(f"preview_asked.{kind}"))


def routes() -> Router:
    router = Router(name=__name__)
    handlers: dict[Handler, set[CardAction]] = {
        open_card: {CardAction.OPEN},
        show_picture: {CardAction.HEAT_MAP, CardAction.PICTURE},
        read_all: {CardAction.READ_ALL},
        preview: {CardAction.PREVIEW, CardAction.PRELIMINARY},
    }
    for handler, actions in handlers.items():
        router.callback_query.register(handler, OnCard.filter(F.action.in_(actions)))
    rooms = (worklist, claims, clarifications, comparison, patients, stat)
    router.include_routers(*(room.routes() for room in rooms))
    return router
