"""Put the live cards and the command menus in front of people."""

import logging
from collections.abc import Set
from contextlib import suppress
from datetime import UTC, datetime

from aiogram.exceptions import AiogramError, TelegramBadRequest, TelegramForbiddenError, TelegramUnauthorizedError
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    BufferedInputFile,
    InputMediaPhoto,
)

from bot.jobs import notify
from bot.jobs.files import fetch
from bot.services import Clinic
from handlers.ui.texts import LANGUAGES, Texts
from handlers.views.cards import View, has_heat_map, patient_card, staff_card
from models.crypto.vault import Content
from models.tables.chats import Card
from models.tables.people import Role
from models.tables.scans import Scan
from workflow.accounts import registration
from workflow.actors import Actor
from workflow.audit import chain
from workflow.errors import NotAllowed, NotFound
from workflow.scans import queries

logger = logging.getLogger(__name__)
OWN = ("help", "me", "sessions", "password", "language", "cancel", "unlink")
WHATSAPP = "whatsapp"
MENUS = {
    None: ("start", "register", "link", "reset", "human", "help"),
    Role.PATIENT: ("scans", "status", "report", WHATSAPP, "human", "privacy", "export", "forget", *OWN),
    Role.DOCTOR: ("queue", "desk", "model", *OWN),
    Role.PHARMACIST: ("queue", "desk", "model", *OWN),
    Role.ADMINISTRATOR: (
        *("queue", "desk", "undelivered", "invite", "users", "faqmisses", "faqtaught"),
        *("model", "audit", "authenticator", *OWN),
    ),
}


async def show_card(clinic: Clinic, scan_id: int, chat_id: int, fresh: bool = False, turn: bool = False) -> None:
    """Send, edit or replace one chat's card so that it says what the database says now."""
    async with clinic.sessions() as session:
        actor = await registration.actor_for(session, chat_id, datetime.now(UTC) - clinic.idle)
        card = await session.get(Card, (scan_id, chat_id))
        try:
            scan = actor and await queries.scan_for(session, scan_id, actor._replace(asleep=False))
        except (NotFound, NotAllowed):  # out of reach, or suspended
            scan = None
    if actor is None or scan is None:
        return
    if actor.asleep:
        await _knock(clinic, scan, chat_id)
        return
    texts = clinic.catalogues.of(actor.language)
    view = _view(scan, actor, texts, card)
    with suppress(TelegramForbiddenError):  # who blocked the bot finds the card with /queue or /status
        if card is None or fresh:
            await _replace(clinic, scan, actor, view, Card(scan_id=scan_id, chat_id=chat_id), card)
        else:
            await _edit(clinic, scan, actor, view, card, turn)


async def _knock(clinic: Clinic, scan: Scan, chat_id: int) -> None:
    """A chat that is asleep hears that there is something, not what."""
    await notify.tell(clinic, [chat_id], f"asleep:{scan.id}:{scan.version}", "asleep.card", scan=scan.id)


async def show_menu(clinic: Clinic, chat_id: int) -> None:
    """The commands that this chat's person can use, in their language."""
    async with clinic.sessions() as session:
        actor = await registration.actor_for(session, chat_id)
    texts = clinic.catalogues.of(actor.language if actor else None)
    also = {WHATSAPP} if clinic.whatsapp else set()
    if actor is not None and len(actor.roles) > 1:
        also.add("role")
    menu = _commands(texts, actor.role if actor else None, also)
    with suppress(TelegramForbiddenError, TelegramBadRequest):
        await clinic.bot.set_my_commands(menu, scope=BotCommandScopeChat(chat_id=chat_id))


async def show_common_menu(clinic: Clinic) -> None:
    """What a stranger finds under the menu button, in each language that Telegram may ask for.

    A menu is a convenience: a server that cannot take it does not stop the start, only a token that it does not
    know does."""
    try:
        await _show_common_menu(clinic)
    except TelegramUnauthorizedError:
        raise
    except AiogramError as error:
        logger.warning("the command menu could not be shown", extra={"error": type(error).__name__})


async def _show_common_menu(clinic: Clinic) -> None:
    scope = BotCommandScopeAllPrivateChats()
    await clinic.bot.set_my_commands(_commands(clinic.catalogues.of(None), None), scope=scope)
    for language in LANGUAGES:
        await clinic.bot.set_my_commands(
            _commands(clinic.catalogues.of(language), None), scope=scope, language_code=language
        )


def _commands(texts: Texts, role: Role | None, also: Set[str] = frozenset()) -> list[BotCommand]:
    """`also`: what not every clinic, or not everybody in this role, has a use for."""
    names = [name for name in (*MENUS[role], "role") if name in also or name not in {WHATSAPP, "role"}]
    return [BotCommand(command=name, description=texts.plain(f"menu.{name}")) for name in names]


def _view(scan: Scan, actor: Actor, texts: Texts, card: Card | None) -> View:
    if actor.role is Role.PATIENT:
        return patient_card(scan, texts)
    return staff_card(scan, actor.role, texts, bool(card and card.heat_map))


async def _replace(clinic: Clinic, scan: Scan, actor: Actor, view: View, card: Card, old: Card | None) -> None:
    """A patient's card is words; a member of the staff sees the picture."""
    if actor.role is Role.PATIENT:
        sent = await clinic.bot.send_message(card.chat_id, view.text, reply_markup=view.keyboard, protect_content=True)
    else:
        card.heat_map = bool(old and old.heat_map and has_heat_map(scan))
        photo = await _picture(clinic, scan, card.heat_map)
        sent = await clinic.bot.send_photo(
            card.chat_id, photo, caption=view.text, reply_markup=view.keyboard, protect_content=True
        )
    card.message_id = sent.message_id
    async with clinic.sessions.begin() as session:
        if stored := await session.get(Card, (card.scan_id, card.chat_id)):
            stored.message_id = sent.message_id  # no more: it may have been turned since it was sent
        else:
            session.add(card)
        await chain.look(session, actor, scan, "card", datetime.now(UTC))
    if old is not None:
        with suppress(TelegramBadRequest):
            await clinic.bot.delete_message(old.chat_id, old.message_id)


async def _edit(clinic: Clinic, scan: Scan, actor: Actor, view: View, card: Card, turn: bool) -> None:
    try:
        await _edit_in_place(clinic, scan, actor, view, card, turn)
    except TelegramBadRequest as refused:
        if "not modified" not in refused.message:
            await _replace(clinic, scan, actor, view, Card(scan_id=card.scan_id, chat_id=card.chat_id), card)
            return
    async with clinic.sessions.begin() as session:  # what stood there already, too: a crash may have taken its row
        await chain.look(session, actor, scan, "card", datetime.now(UTC))


async def _edit_in_place(clinic: Clinic, scan: Scan, actor: Actor, view: View, card: Card, turn: bool) -> None:
    bot, (chat, message, keyboard) = clinic.bot, (card.chat_id, card.message_id, view.keyboard)
    if actor.role is Role.PATIENT:
        await bot.edit_message_text(view.text, chat_id=chat, message_id=message, reply_markup=keyboard)
    elif turn:
        media = InputMediaPhoto(media=await _picture(clinic, scan, card.heat_map), caption=view.text)
        await bot.edit_message_media(media, chat_id=chat, message_id=message, reply_markup=keyboard)
    else:
        await bot.edit_message_caption(chat_id=chat, message_id=message, caption=view.text, reply_markup=keyboard)


async def _picture(clinic: Clinic, scan: Scan, heat_map: bool) -> BufferedInputFile:
    heatmap = scan.finding.heatmap_file if heat_map and scan.finding else None
    name, content = (heatmap, Content.HEAT_MAP) if heatmap else (scan.picture_file, Content.PICTURE)
    return BufferedInputFile(await fetch(clinic, scan.patient_id, name, content), "scan.jpg")
