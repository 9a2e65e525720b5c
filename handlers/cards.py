"""What every member of staff can do with a card: find it, open it, turn it, read it whole, fetch its report."""

from aiogram import F, Router
from aiogram.filters import Command
from aiogram.types import BufferedInputFile, CallbackQuery, InlineKeyboardMarkup, Message

from handlers import keyboards
from handlers.answers import Handler, known, private_chat
from handlers.keyboards import CardAction, OnCard
from handlers.messages import has_heat_map, whole_story
from handlers.texts import Html, Texts
from models.people import Role
from models.vault import Vault
from workflow import audit, cards, queries
from workflow.actors import Actor
from workflow.errors import NotAllowed, NotFound
from workflow.updates import Effects


async def queue(message: Message, actor: Actor | None, texts: Texts, effects: Effects) -> None:
    """/queue: what waits for this role, oldest first, each with a button that brings its card."""
    if known(actor).role is Role.PATIENT:
        raise NotAllowed
    async with effects.look() as session:
        waiting = await queries.queue(session, known(actor).role)
    if not waiting:
        await message.answer(texts("queue.empty"))
        return
    lines = [
        texts("queue.line", scan=scan.id, time=texts.time(scan.changed_at), stage=texts(f"stage.{scan.status}"))
        for scan in waiting
    ]
    opens = [(f"#{scan.id}", OnCard(action=CardAction.OPEN, scan_id=scan.id)) for scan in waiting]
    keyboard: InlineKeyboardMarkup = keyboards.rows(opens, width=4)
    await message.answer(Html("\n".join([texts("queue.head"), *lines])), reply_markup=keyboard)


async def open_card(query: CallbackQuery, callback_data: OnCard, actor: Actor | None, effects: Effects) -> None:
    async with effects.begin() as session:
        await queries.scan_for(session, callback_data.scan_id, known(actor))
        cards.show(session, callback_data.scan_id, private_chat(query), effects.at, fresh=True)
    await query.answer()


async def turn_card(query: CallbackQuery, callback_data: OnCard, actor: Actor | None, effects: Effects) -> None:
    """The heat map is a hint at what the model looked at; only staff see it before the report."""
    if known(actor).role is Role.PATIENT:
        raise NotAllowed
    heat_map = callback_data.action is CardAction.HEAT_MAP
    async with effects.begin() as session:
        scan = await queries.scan_for(session, callback_data.scan_id, known(actor))
        if not has_heat_map(scan):
            raise NotFound
        await cards.turn_card(session, scan.id, private_chat(query), heat_map, effects.at)
        await audit.look(session, known(actor), scan, callback_data.action, effects.at)
    await query.answer()


async def read_all(
    query: CallbackQuery, callback_data: OnCard, actor: Actor | None, texts: Texts, effects: Effects
) -> None:
    if known(actor).role is Role.PATIENT:
        raise NotAllowed
    async with effects.begin() as session:
        scan = await queries.scan_for(session, callback_data.scan_id, known(actor))
        await audit.look(session, known(actor), scan, "story", effects.at)
        pages = whole_story(scan, texts)
    await query.answer()
    if isinstance(query.message, Message):
        for page in pages:
            await query.message.answer(page, protect_content=True)


async def fetch_report(
    query: CallbackQuery, callback_data: OnCard, actor: Actor | None, effects: Effects, vault: Vault
) -> None:
    if isinstance(query.message, Message):
        await _send_report(query.message, callback_data.scan_id, known(actor), effects, vault)
    await query.answer()


async def report(message: Message, actor: Actor | None, texts: Texts, effects: Effects, vault: Vault) -> None:
    """/report: a patient's newest report, again."""
    async with effects.look() as session:
        scans = await queries.own_scans(session, known(actor), limit=50)
        ready = [scan.id for scan in scans if await queries.latest_report(session, scan)]
    if ready:
        await _send_report(message, ready[0], known(actor), effects, vault)
    else:
        await message.answer(texts("report.none"))


async def _send_report(message: Message, scan_id: int, actor: Actor, effects: Effects, vault: Vault) -> None:
    async with effects.begin() as session:
        scan = await queries.scan_for(session, scan_id, actor)
        written = await queries.latest_report(session, scan)
        if written is None:
            raise NotFound
        await audit.look(session, actor, scan, "report", effects.at)
    document = BufferedInputFile(vault.get(written.file), f"{written.number}.pdf")
    await message.answer_document(document, protect_content=True)


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(queue, Command("queue"))
    router.message.register(report, Command("report"))
    deeds: dict[Handler, set[CardAction]] = {
        open_card: {CardAction.OPEN},
        turn_card: {CardAction.HEAT_MAP, CardAction.PICTURE},
        read_all: {CardAction.READ_ALL},
        fetch_report: {CardAction.REPORT},
    }
    for handler, actions in deeds.items():
        router.callback_query.register(handler, OnCard.filter(F.action.in_(actions)))
    return router
