"""Threat: what comes beside a text holds the loop: captions, edits, names of files, contacts and senders; web forms."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from aiogram.types import Chat, Contact, Document, Message, PhotoSize, Update, User, Video, Voice

from bot.app import Engines
from tests.support.browser import ORIGIN, Browser, browsing
from tests.support.hostile import OTHERS, WORST, measured_hold
from tests.support.pace import slowness
from tests.support.people import Clinic, open_clinic
from tests.support.wire import NUMBERS

LIMIT = 0.1 * slowness()  # seconds of the loop's CPU time
MAX_CAPTION: Final = 1024  # characters, by the Bot API
TEXTS: Final = WORST | {
    name: OTHERS[name] for name in ("many marks", "joined pictures", "Hindi conjuncts", "medicines")
}
FILE: Final = {"file_id": "x", "file_unique_id": "x"}
PHOTO: Final = [PhotoSize(**FILE, width=500, height=500)]
MESSAGES: Final[dict[str, Callable[[str], dict[str, Any]]]] = {
    "caption": lambda text: {"photo": PHOTO, "caption": text[:MAX_CAPTION]},
    "caption in an album": lambda text: {"photo": PHOTO, "caption": text[:MAX_CAPTION], "media_group_id": "g"},
    "name of a file": lambda text: {"document": Document(**FILE, file_name=text, mime_type=text[:100])},
    "caption of a voice": lambda text: {"voice": Voice(**FILE, duration=3), "caption": text[:MAX_CAPTION]},
    "name of a film": lambda text: {"video": Video(**FILE, duration=3, width=1, height=1, file_name=text)},
    "contact": lambda text: {"contact": Contact(phone_number=text[:200], first_name=text, last_name=text, user_id=1)},
    "text": lambda text: {"text": text},
    "short text": lambda text: {"text": text[:200]},
}


def _update(chat: int, kind: str, fields: dict[str, Any], name: str = "Somebody") -> Update:
    sender = User(id=chat, is_bot=False, first_name=name, last_name=name)
    edited = {"edit_date": 1} if kind == "edited_message" else {}
    place = Chat(id=chat, type="private")
    message = Message(message_id=1, date=datetime.now(UTC), chat=place, from_user=sender, **fields, **edited)
    return Update(update_id=next(NUMBERS), **{kind: message})


async def _held(work: Callable[[], Any]) -> float:
    """Seconds that the work held the loop; the best of three, since the first may load something."""
    best = LIMIT * 10
    for _ in range(3):
        with measured_hold() as lag:
            await work()
        best = min(best, lag.longest)
        if best < LIMIT:
            break
    return best


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["message", "edited_message"])
async def test_no_caption_name_contact_or_edit_holds_the_loop(kind: str, unlimited: Clinic) -> None:
    nobody = await unlimited.telegram.person("Nobody At All")
    slow = {}
    for (form, fields), (name, text) in ((one, two) for one in MESSAGES.items() for two in TEXTS.items()):
        for chat in (nobody.chat_id, unlimited.amina.chat_id, unlimited.rao.chat_id):
            for sender in ("Somebody", text):
                update = _update(chat, kind, fields(text), sender)
                feed = unlimited.app.dispatcher.feed_update
                held = await _held(lambda feed=feed, update=update: feed(unlimited.app.services.bot, update))  # type: ignore[misc]
                if held >= LIMIT:
                    slow[form, name, chat] = held
    assert slow == {}


async def test_no_text_in_a_form_of_the_web_app_holds_the_loop(engines: Engines) -> None:
    async with open_clinic(engines, public_url=ORIGIN) as clinic, browsing(clinic) as browser:
        await browser.signs_in(clinic, "joseph@example.org")
        await browser.get("/desk/account")
        slow = {}
        for name, text in TEXTS.items():
            guest = Browser(browser.web)
            forms: dict[str, Callable[[], Any]] = {
                "search": lambda text=text: browser.post("/desk/patients", {"typed": text}),  # type: ignore[misc]
                "sign-in": lambda text=text, guest=guest: guest.types_password(text[:254], text[:1024]),  # type: ignore[misc]
                "code": lambda text=text: browser.post("/desk/proof", {"code": text}),  # type: ignore[misc]
                "viewer": lambda text=text: browser.web.post("/viewer/session", json={"init_data": text}),  # type: ignore[misc]
            }
            for form, send in forms.items():
                if (held := await _held(send)) >= LIMIT:
                    slow[form, name] = held
        assert slow == {}
