"""Stories of people who come in: the language first, then the rest in it."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from models.tables.chats import ChatLanguage
from tests.support.account_steps import registers
from tests.support.jobs import settles
from tests.support.people import Clinic
from workflow.accounts import profile

OWN_SCRIPT = ["English", "हिन्दी", "தமிழ்"]


@pytest.mark.parametrize(("language", "welcome"), [("தமிழ்", "ஸ்கேன்"), ("हिन्दी", "स्कैन"), ("English", "Welcome")])
async def test_the_language_is_asked_first_and_kept_before_there_is_an_account(
    clinic: Clinic, language: str, welcome: str
) -> None:
    selvi = await clinic.telegram.person("Selvi")
    await selvi.starts()
    asked = await selvi.sees("Which language")
    assert asked.buttons == OWN_SCRIPT
    assert len(asked.text.splitlines()) == len(OWN_SCRIPT)
    await selvi.presses(language)
    await selvi.sees(welcome)
    await selvi.starts()
    greeting = await selvi.sees(welcome)
    assert not greeting.buttons


async def test_a_strangers_language_is_changed_and_the_registration_does_not_ask_again(clinic: Clinic) -> None:
    ravi = await clinic.telegram.person("Ravi")
    await ravi.starts()
    await ravi.presses("தமிழ்", on="Which language")
    await ravi.sends("/language")
    await ravi.presses("English")
    await ravi.sees("From now on I write in English")
    await registers(clinic, ravi, "ravi@example.org")
    await ravi.presses("Skip", on="date of birth")
    await ravi.presses("male", on="Which sex")
    await ravi.sees("Hello Ravi Kumar")
    async with clinic.app.services.sessions() as session:
        assert (await session.scalars(select(ChatLanguage))).all() == []


async def test_the_language_of_a_chat_that_never_registers_is_deleted_in_time(clinic: Clinic) -> None:
    ravi = await clinic.telegram.person("Ravi")
    await ravi.sends("/language")
    await ravi.presses("தமிழ்")
    await settles(clinic)
    now = datetime.now(UTC)
    async with clinic.app.services.sessions.begin() as session:
        await profile.delete_old_choices(session, now)
        assert await profile.chosen_language(session, ravi.chat_id) == "ta"
        await session.execute(update(ChatLanguage).values(chosen_at=now - profile.STRANGER_RETENTION - timedelta(1)))
        await profile.delete_old_choices(session, now)
        assert await profile.chosen_language(session, ravi.chat_id) is None
