"""Scan cards and command menus: sends, edits and replaces them in the chats."""

import logging
from contextlib import suppress

from aiogram.exceptions import AiogramError, TelegramBadRequest, TelegramForbiddenError, TelegramUnauthorizedError
from aiogram.types import (
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    BufferedInputFile,
    InputMediaPhoto,
)
from sqlalchemy.ext.asyncio import AsyncSession

from bot.channels.delivering import TELEGRAM_REFUSALS
from bot.jobs.notify import Translated, notify
from bot.patient_files import read_file
from bot.services import Services
from handlers.ui.keyboards import page_keyboard, stack
from handlers.ui.menus import COMPUTER, PAGE, WHATSAPP, menu_commands
from handlers.ui.replies import View
from handlers.ui.texts import LANGUAGES, Texts
from handlers.views.actions import has_heat_map
from handlers.views.cards import Reader, continuation, patient_card, staff_card
from models.crypto.vault import Content
from models.tables.chats import Card
from models.tables.scans import Scan
from models.vocabulary import Role
from workflow.accounts import profile, sessions
from workflow.accounts.browsers import notices
from workflow.actors import Actor
from workflow.audit import chain
from workflow.errors import NotAllowed, NotFound
from workflow.reporting import history
from workflow.scans import queries
from workflow.scans.cards import enqueue_card
from workflow.transitions import WAITS_FOR, signers

logger = logging.getLogger(__name__)


async def show_card(services: Services, scan_id: int, chat_id: int, fresh: bool = False, turn: bool = False) -> None:
    """Send, edit or replace one chat's card to show the scan's present state. Idempotent, except with `fresh`.

    `fresh` sends a new message and deletes the old one; `turn` replaces the picture as well."""
    async with services.sessions() as session:
        actor = await sessions.actor_for(session, chat_id, services.now() - services.idle_limit)
        card = await session.get(Card, (scan_id, chat_id))
        try:
            scan = actor and await queries.scan_for(session, scan_id, actor._replace(locked=False))
        except (NotFound, NotAllowed):  # out of scope, or suspended
            scan = None
    if actor is None or scan is None:
        return
    if actor.locked:
        await notify_locked_chat(services, scan, chat_id)
        return
    texts, reader = services.catalogues.of(actor.language), await _reader(services, scan, actor)
    view = _view(scan, reader, texts, card)
    with suppress(TelegramForbiddenError):  # the bot was blocked; /queue and /status show the card later
        if card is None or fresh:
            await _replace(services, scan, actor, view, Card(scan_id=scan_id, chat_id=chat_id), card)
        else:
            await _edit(services, scan, actor, view, card, turn)


async def show_cards(services: Services, scan_id: int) -> None:
    """Enqueue the cards of all chats concerned: those that have one, the patient's, and those who act next.

    Also notifies people who could act next but have switched to another role, and computers. Idempotent."""
    inactive: set[int] = set()
    async with services.sessions.begin() as session:
        scan = await session.get_one(Scan, scan_id)
        chats = {*await queries.card_chats(session, scan_id), *await queries.patient_chats(session, scan)}
        waits_for = WAITS_FOR.get(scan.status)
        if waits_for is not None and scan.released_at is None:
            acting = await queries.chats_acting_as(session, waits_for)
            inactive = (
                {*await queries.chats_of_role(session, waits_for)} - {*acting} - await _signer_chats(session, scan)
            )
            chats.update(acting)
            began = await notices.waits_since(session, scan, waits_for)
            await notices.enqueue_new_work(session, scan, waits_for, began, services.now())
        for chat_id in sorted(chats):
            enqueue_card(session, scan_id, chat_id, services.now())
    if waits_for is not None:
        key, role = f"elsewhere:{scan_id}:{scan.status}", Translated(f"role.{waits_for}")
        await notify(services, sorted(inactive), key, "acting.waits", scan=scan_id, role=role)


async def _signer_chats(session: AsyncSession, scan: Scan) -> set[int]:
    """The chats of everybody who has signed the scan already."""
    accounts = [account_id for _, account_id in await signers(session, scan)]
    return {chat_id for account_id in accounts for chat_id in await queries.chats_of_account(session, account_id)}


async def notify_locked_chat(services: Services, scan: Scan, chat_id: int) -> None:
    """Tell a locked chat that a scan has news, without content."""
    await notify(services, [chat_id], f"asleep:{scan.id}:{scan.version}", "asleep.card", scan=scan.id)


async def show_menu(services: Services, chat_id: int) -> None:
    """Set the command menu of a chat by its account's role and its language. Idempotent."""
    async with services.sessions() as session:
        actor = await sessions.actor_for(session, chat_id)
        language = actor.language if actor else await profile.chosen_language(session, chat_id)
    texts = services.catalogues.of(language)
    there = ((WHATSAPP, services.whatsapp), (COMPUTER, services.base_url), (PAGE, services.base_url))
    optional = {name for name, has in there if has}
    if actor is not None and len(actor.roles) > 1:
        optional.add("role")
    menu = menu_commands(texts, actor.role if actor else None, optional)
    with suppress(*TELEGRAM_REFUSALS):
        await services.bot.set_my_commands(menu, scope=BotCommandScopeChat(chat_id=chat_id))


async def show_common_menu(services: Services) -> None:
    """Set the command menu of chats without an account, in every language.

    Raises TelegramUnauthorizedError for a wrong bot token; other errors are logged and ignored."""
    try:
        await _show_common_menu(services)
    except TelegramUnauthorizedError:
        raise
    except AiogramError as error:
        logger.warning("the command menu could not be shown", extra={"error": type(error).__name__})


async def _show_common_menu(services: Services) -> None:
    scope = BotCommandScopeAllPrivateChats()
    await services.bot.set_my_commands(menu_commands(services.catalogues.of(None), None), scope=scope)
    for language in LANGUAGES:
        await services.bot.set_my_commands(
            menu_commands(services.catalogues.of(language), None), scope=scope, language_code=language
        )


async def _reader(services: Services, scan: Scan, actor: Actor) -> Reader:
    if actor.role is not Role.DOCTOR:
        return Reader(actor.role, actor.account_id, web_app=services.base_url)
    async with services.sessions() as session:
        earlier = await history.earlier_scans(session, actor, scan, actor.language)
    return Reader(actor.role, actor.account_id, earlier, web_app=services.base_url)


def _view(scan: Scan, reader: Reader, texts: Texts, card: Card | None) -> View:
    if reader.role is Role.PATIENT:
        view = patient_card(scan, texts, reader.account_id)
        if reader.web_app is None:
            return view
        keyboards = [one for one in (view.keyboard, page_keyboard(texts, reader.web_app, scan.id)) if one]
        return view._replace(keyboard=stack(*keyboards))
    return staff_card(scan, reader, texts, bool(card and card.heat_map))


async def _replace(services: Services, scan: Scan, actor: Actor, view: View, card: Card, old: Card | None) -> None:
    """Send a new card, text only for patients, and what does not fit below its picture; delete the old message."""
    if actor.role is Role.PATIENT:
        sent = await services.bot.send_message(
            card.chat_id, view.text, reply_markup=view.keyboard, protect_content=True
        )
    else:
        card.heat_map = bool(old and old.heat_map and has_heat_map(scan))
        photo = await _picture(services, scan, card.heat_map)
        sent = await services.bot.send_photo(
            card.chat_id, photo, caption=view.text, reply_markup=view.keyboard, protect_content=True
        )
    reader = await _reader(services, scan, actor)
    for text in continuation(scan, reader, services.catalogues.of(actor.language)):
        await services.bot.send_message(card.chat_id, text, protect_content=True)
    card.message_id = sent.message_id
    async with services.sessions.begin() as session:
        if stored := await session.get(Card, (card.scan_id, card.chat_id)):
            stored.message_id = sent.message_id  # nothing else: the picture may have been switched since
        else:
            session.add(card)
        await chain.record_read(session, actor, scan, "card", services.now())
    if old is not None:
        with suppress(TelegramBadRequest):
            await services.bot.delete_message(old.chat_id, old.message_id)


async def _edit(services: Services, scan: Scan, actor: Actor, view: View, card: Card, turn: bool) -> None:
    try:
        await _edit_in_place(services, scan, actor, view, card, turn)
    except TelegramBadRequest as refused:
        if "not modified" not in refused.message:
            await _replace(services, scan, actor, view, Card(scan_id=card.scan_id, chat_id=card.chat_id), card)
            return
    async with services.sessions.begin() as session:  # also if nothing changed: a crash may have lost the earlier row
        await chain.record_read(session, actor, scan, "card", services.now())


async def _edit_in_place(services: Services, scan: Scan, actor: Actor, view: View, card: Card, turn: bool) -> None:
    bot, (chat, message, keyboard) = services.bot, (card.chat_id, card.message_id, view.keyboard)
    if actor.role is Role.PATIENT:
        await bot.edit_message_text(view.text, chat_id=chat, message_id=message, reply_markup=keyboard)
    elif turn:
        media = InputMediaPhoto(media=await _picture(services, scan, card.heat_map), caption=view.text)
        await bot.edit_message_media(media, chat_id=chat, message_id=message, reply_markup=keyboard)
    else:
        await bot.edit_message_caption(chat_id=chat, message_id=message, caption=view.text, reply_markup=keyboard)


async def _picture(services: Services, scan: Scan, heat_map: bool) -> BufferedInputFile:
    heatmap = scan.finding.heatmap_file if heat_map and scan.finding else None
    name, content = (heatmap, Content.HEAT_MAP) if heatmap else (scan.picture_file, Content.PICTURE)
    return BufferedInputFile(await read_file(services, scan.patient_id, name, content), "scan.jpg")
