"""Command menus: the commands behind Telegram's menu button, for each role."""

from collections.abc import Set

from aiogram.types import BotCommand

from handlers.ui.texts import Texts
from models.vocabulary import Role

OWN = ("help", "me", "sessions", "password", "language", "cancel", "unlink")
WHATSAPP = "whatsapp"
COMPUTER, PAGE = "computer", "page"  # where the web app has a public address
OPTIONAL = {WHATSAPP, COMPUTER, PAGE, "role"}
MENUS = {
    None: ("start", "register", "link", "reset", "human", "help"),
    Role.PATIENT: (
        *(PAGE, "scans", "status", "report", "family", WHATSAPP, "human", "privacy", "export", "forget"),
        *(COMPUTER, *OWN),
    ),
    Role.DOCTOR: ("queue", "mine", "patient", "desk", "model", COMPUTER, *OWN),
    Role.PHARMACIST: ("queue", "patient", "desk", "model", COMPUTER, *OWN),
    Role.ADMINISTRATOR: (
        *("queue", "walkin", "patient", "desk", "undelivered", "invite", "users", "faqmisses", "faqtaught"),
        *("hours", "model", "audit", COMPUTER, "authenticator", *OWN),
    ),
}


def menu_commands(texts: Texts, role: Role | None, also: Set[str] = frozenset()) -> list[BotCommand]:
    """The commands of a role, None for a chat without an account; `also` names optional ones that apply here."""
    names = [name for name in (*MENUS[role], "role") if name in also or name not in OPTIONAL]
    own = {COMPUTER: "menu.computer_page"} if role is Role.PATIENT else {}  # the desk is the staff's
    return [BotCommand(command=name, description=texts.plain(own.get(name, f"menu.{name}"))) for name in names]
