"""Every state in which a handler takes typed text, and a chat of somebody who may type there."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from aiogram import Router
from aiogram.dispatcher.event.handler import HandlerObject
from aiogram.filters import Command, StateFilter
from aiogram.fsm.state import State

from handlers.access import PERMISSION_FLAG
from handlers.routes import routes
from models.tables.chats import Form
from models.vocabulary import ScanStatus
from tests.support.people import Clinic
from tests.support.steps import a_scan
from tests.support.wire import text_update
from workflow.permissions import GRANTS, UNLINKED

STRANGER: Final = 4_000_000_777
STAGES: Final = {"Prescribing": ScanStatus.DOCTOR_VERIFIED, "Releasing": ScanStatus.PHARMACIST_COMPLETED}
PERSON: Final[dict[str, object]] = {"name": "Asha", "email": "asha@example.org", "language": "en", "sex": "female"}
READING: Final = {"findings": "Clear lungs.", "impression": "Normal.", "recommendations": "None."}
FORMS: Final[dict[str, dict[str, object]]] = {  # what a form holds besides FORM_DATA
    "Registering": PERSON,
    "WalkingIn": PERSON | {"date_of_birth": "1980-01-01", "birth_estimated": False, "patient": 1},
    "Claiming": {"slip": "x" * 22, "phone": None},
    "Reading": READING | {"modality": "chest_xray"},
    "Amending": READING | {"identity": "Asha, #1", "reason": "A slip.", "modality": "chest_xray"},
    "Clarifying": {"number": 1},
    "Prescribing": {"shown": [0, "0" * 12], "index": 0},
    "Managing": {"account_id": 2, "change": "doctor", "number": None},
    "Serving": {"ticket_id": 1},
    "Teaching": {"title": "Parking", "answer": "Behind the house.", "language": "en"},
    "GivingFacts": {"topic": "allergies", "left": []},
}
FORM_DATA: Final[dict[str, object]] = {"lines": [], "alerts": [], "drafts": [], "question": "?", "miss_id": 1}


def _handlers(router: Router) -> Iterator[HandlerObject]:
    yield from router.message.handlers
    for inner in router.sub_routers:
        yield from _handlers(inner)


def text_states() -> dict[State, HandlerObject]:
    """Every state in which a handler takes typed text, and the last of its handlers."""
    return {
        state: handler
        for handler in _handlers(routes())
        for condition in handler.filters or ()
        if isinstance(condition.callback, StateFilter)
        for state in condition.callback.states
        if isinstance(state, State)
    }


def commands() -> dict[str, HandlerObject]:
    """Every command of the chat."""
    return {
        str(name): handler
        for handler in _handlers(routes())
        for condition in handler.filters or ()
        if isinstance(condition.callback, Command)
        for name in condition.callback.commands
    }


def sender(handler: HandlerObject, clinic: Clinic, stranger: int = STRANGER) -> int:
    """The chat of somebody who may use the handler."""
    grants = GRANTS[handler.flags[PERMISSION_FLAG]]
    people = {"patient": clinic.amina, "doctor": clinic.rao, "pharmacist": clinic.meena, "admin": clinic.joseph}
    if UNLINKED in grants:
        return stranger
    return next(person.chat_id for role, person in people.items() if any(role in str(grant) for grant in grants))


async def scans_for_forms(clinic: Clinic) -> dict[ScanStatus, int]:
    """A scan for each stage in which a form is open."""
    return {status: await a_scan(clinic, status) for status in (ScanStatus.AI_ANALYZED, *STAGES.values())}


def data_of(state: State, scans: dict[ScanStatus, int]) -> dict[str, object]:
    """The data of the form of this state."""
    group = (state.state or "").partition(":")[0]
    if group == "Registering":
        return dict(PERSON)
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    scan_id = scans[STAGES.get(group, ScanStatus.AI_ANALYZED)]
    return {**PERSON, **FORM_DATA, **FORMS.get(group, {}), "scan_id": scan_id, "until": until}


async def types(clinic: Clinic, chat: int, text: str, state: State | None = None, data: Any = None) -> None:
    """Feed one text from this chat into a form."""
    key = f"{clinic.app.services.bot.id}:{chat}:{chat}"
    async with clinic.app.services.sessions.begin() as session:
        await session.merge(Form(key=key, state=state.state if state else None, data=data or {}))
    await clinic.app.dispatcher.feed_update(clinic.app.services.bot, text_update(text, chat, chat))


def send_without_limits(clinic: Clinic) -> None:
    """Send as fast as it goes from now on: Telegram's limits are not kept."""
    sending = clinic.app.services.bot.session.middleware
    for middleware in list(sending):
        sending.unregister(middleware)
