"""Threat: a cry for help is lost because of the kind of message, the open form or the person who writes."""

from datetime import UTC, datetime
from typing import Any, Final

import pytest
from aiogram.fsm.state import StatesGroup
from aiogram.types import Chat, Message, User
from sqlalchemy import select

from faq.answer import load
from handlers.routes import routes
from handlers.shared import emergency
from handlers.ui.forms import SECRET_STATES
from handlers.ui.texts import Catalogues, HospitalInfo
from models.tables.desk import TicketMessage
from models.vocabulary import Role
from tests.support.account_steps import asks_for_the_name
from tests.support.jobs import settles
from tests.support.people import Clinic
from workflow.actors import Actor

CRY: Final = "I cannot breathe, my lips are blue"
FAQ: Final = load()
FILE: Final = {"file_id": "x", "file_unique_id": "x"}
SIZE: Final = {"width": 1, "height": 1}
CLIP: Final = FILE | SIZE | {"duration": 1}
CAPTIONED: Final[dict[str, Any]] = {
    "photo": [FILE | SIZE],
    "document": FILE,
    "video": CLIP,
    "animation": CLIP,
    "voice": FILE | {"duration": 1},
    "audio": FILE | {"duration": 1},
}
KINDS: Final[dict[str, dict[str, Any]]] = {
    "text": {"text": CRY},
    "command": {"text": f"/register {CRY}"},
    "edited text": {"text": CRY, "edit_date": 1},
    **{kind: {kind: content, "caption": CRY} for kind, content in CAPTIONED.items()},
    **{f"edited {kind}": {kind: content, "caption": CRY, "edit_date": 1} for kind, content in CAPTIONED.items()},
    "picture of an album": {"photo": [FILE | SIZE], "caption": CRY, "media_group_id": "7"},
}
FORMS: Final = sorted({name for group in StatesGroup.__subclasses__() for name in group.__all_states_names__ if name})
SECRETS: Final = {state.state for state in SECRET_STATES}
PATIENT: Final = Actor(7, Role.PATIENT)


@pytest.fixture(scope="module")
def catalogues() -> Catalogues:
    return Catalogues(HospitalInfo("CSSS", "112", UTC))


def message(**content: Any) -> Message:
    user = User(id=7, is_bot=False, first_name="Somebody")
    return Message(message_id=1, date=datetime.now(UTC), chat=Chat(id=7, type="private"), from_user=user, **content)


async def heard(
    catalogues: Catalogues, content: dict[str, Any], actor: Actor | None, form: str | None
) -> emergency.Emergency | None:
    found = await emergency.detect_emergency(message(**content), actor, catalogues.of("en"), catalogues, FAQ, form)
    return found["emergency"] if isinstance(found, dict) else None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("actor", [None, PATIENT], ids=["stranger", "patient"])
async def test_in_every_form_and_without_one_every_kind_is_heard(
    catalogues: Catalogues, kind: str, actor: Actor | None
) -> None:
    for form in (None, *FORMS):
        found = await heard(catalogues, KINDS[kind], actor, form)
        assert found is not None, form
        assert found.certain, form
        assert found.text == ("…" if form in SECRETS else KINDS[kind].get("text", CRY)), form


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("role", [Role.DOCTOR, Role.PHARMACIST, Role.ADMINISTRATOR])
async def test_staff_type_symptoms_all_day(catalogues: Catalogues, kind: str, role: Role) -> None:
    for form in (None, *FORMS):
        assert await heard(catalogues, KINDS[kind], Actor(8, role), form) is None, form


@pytest.mark.parametrize("password", ["chest pain when coughing", "breathless2024", "Xk7 tulip river"])
async def test_words_that_may_mean_either_ring_nobody_where_a_password_is_asked_for(
    catalogues: Catalogues, password: str
) -> None:
    assert await heard(catalogues, {"text": password}, None, "Registering:password") is None


def test_nothing_is_registered_before_the_listener() -> None:
    """Neither a text nor an edit reaches another handler first."""
    for kind in ("message", "edited_message"):
        routers = [
            one for one in routes().sub_routers if any(getattr(inner, kind).handlers for inner in one.chain_tail)
        ]
        first = getattr(routers[0], kind).handlers[0]
        assert (routers[0].name, first.callback) == (emergency.__name__, emergency.hear), kind


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not kind.startswith("edited")])
async def test_a_strangers_cry_reaches_the_staff_and_is_answered_first(clinic: Clinic, kind: str) -> None:
    stranger = await clinic.telegram.person("Nobody At All")
    person = clinic.sandbox.engine.store.people[stranger.chat_id]
    clinic.sandbox.engine.add_person_message(person, KINDS[kind])
    await stranger.sees("112")
    assert "lips are blue" in (await clinic.rao.sees("🆘")).text


async def test_an_edited_message_is_heard_and_the_form_waits(clinic: Clinic) -> None:
    stranger = await clinic.telegram.person("Nobody At All")
    await asks_for_the_name(stranger)
    typed = await stranger.sends("/help")
    await stranger.edits(typed, CRY)
    await stranger.sees("112")
    await stranger.sees("What is your full name")
    assert CRY in (await clinic.rao.sees("🆘")).text


async def test_a_cry_typed_for_a_password_is_told_without_its_words(clinic: Clinic) -> None:
    stranger = await clinic.telegram.person("Nobody At All")
    await stranger.sends("/link")
    await stranger.sees("Which email")
    await stranger.sends("amina@example.org")
    await stranger.sees("And the password?")
    await stranger.sends(CRY)
    await stranger.sees("112")
    await stranger.sees("And the password?")
    assert "blue" not in (await clinic.rao.sees("🆘")).text
    await settles(clinic)
    async with clinic.app.services.sessions() as session:
        [stored] = await session.scalars(select(TicketMessage))
    assert stored.text == "…"
