"""What every member of staff can do with a card: find it, open it, turn it, read it whole, see its draft."""

from aiogram import F, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from handlers.access import does
from handlers.shared.my_case import waiting_for
from handlers.ui import keyboards
from handlers.ui.keyboards import CardAction, OnCard
from handlers.ui.replies import Handler, known, private_chat
from handlers.ui.texts import Texts
from handlers.views.cards import has_heat_map, whole_story
from models.tables.scans import Status
from workflow.actors import Actor
from workflow.audit import chain
from workflow.errors import NotFound, StaleAction
from workflow.jobs import JobKind, enqueue
from workflow.permissions import Verb
from workflow.reporting import amendments
from workflow.reporting.builder import is_preliminary
from workflow.scans import cards, queries
from workflow.unit_of_work import Effects


@does(Verb.SEE_QUEUE)
async def queue(message: Message, actor: Actor | None, texts: Texts, effects: Effects) -> None:
    """/queue: what waits for this role, oldest first, each with a button that brings its card."""
    async with effects.look() as session:
        waiting = await queries.queue(session, known(actor).role)
        changes = await amendments.waiting(session, known(actor).role)
    text, opens = waiting_for(waiting, changes, texts)
    await message.answer(text, reply_markup=keyboards.rows(opens, width=4) if opens else None)


@does(Verb.SEE_SCAN)
async def open_card(query: CallbackQuery, callback_data: OnCard, actor: Actor | None, effects: Effects) -> None:
    async with effects.begin() as session:
        await queries.scan_for(session, callback_data.scan_id, known(actor))
        cards.show(session, callback_data.scan_id, private_chat(query), effects.at, fresh=True)
    await query.answer()


@does(Verb.SEE_STORY)
async def turn_card(query: CallbackQuery, callback_data: OnCard, actor: Actor | None, effects: Effects) -> None:
    """The heat map is a hint at what the model looked at; only staff see it before the report."""
    heat_map = callback_data.action is CardAction.HEAT_MAP
    async with effects.begin() as session:
        scan = await queries.scan_for(session, callback_data.scan_id, known(actor), Verb.SEE_STORY)
        if not has_heat_map(scan):
            raise NotFound
        await cards.turn_card(session, scan.id, private_chat(query), heat_map, effects.at)
        await chain.look(session, known(actor), scan, callback_data.action, effects.at)
    await query.answer()


@does(Verb.SEE_STORY)
async def read_all(
    query: CallbackQuery, callback_data: OnCard, actor: Actor | None, texts: Texts, effects: Effects
) -> None:
    async with effects.begin() as session:
        scan = await queries.scan_for(session, callback_data.scan_id, known(actor), Verb.SEE_STORY)
        await chain.look(session, known(actor), scan, "story", effects.at)
        pages = whole_story(scan, texts)
    await query.answer()
    if isinstance(query.message, Message):
        for page in pages:
            await query.message.answer(page, protect_content=True)


@does(Verb.SEE_DRAFT)
async def preview(
    query: CallbackQuery, callback_data: OnCard, actor: Actor | None, texts: Texts, effects: Effects
) -> None:
    """The PDF before it is released; drawing it takes a moment, so it comes as a job."""
    async with effects.begin() as session:
        scan = await queries.scan_for(session, callback_data.scan_id, known(actor), Verb.SEE_DRAFT)
        if scan.reading is None or scan.released_at is not None or scan.status is Status.REJECTED:
            raise StaleAction
        kind = "preliminary" if is_preliminary(scan) else "draft"
        enqueue(session, JobKind.SEND_DRAFT, effects.at, scan_id=scan.id, chat_id=private_chat(query))
        await chain.look(session, known(actor), scan, kind, effects.at)
    await query.answer(texts.plain(f"preview_asked.{kind}"))


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(queue, Command("queue"))
    deeds: dict[Handler, set[CardAction]] = {
        open_card: {CardAction.OPEN},
        turn_card: {CardAction.HEAT_MAP, CardAction.PICTURE},
        read_all: {CardAction.READ_ALL},
        preview: {CardAction.PREVIEW, CardAction.PRELIMINARY},
    }
    for handler, actions in deeds.items():
        router.callback_query.register(handler, OnCard.filter(F.action.in_(actions)))
    return router
