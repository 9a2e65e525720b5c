"""Stories of people who come in: the language first, then the rest in it."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from bot.dev.demo import PASSWORD
from models.tables.chats import ChatLanguage
from tests.support.account_steps import registers, signs_in, staff_signs_in
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
    await ravi.presses("Male", on="Which sex")
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


async def test_an_album_sent_before_the_registration_is_kept_and_taken_in_after_the_agreement(clinic: Clinic) -> None:
    """In Tamil; the form that is open meanwhile goes on."""
    selvi = await clinic.telegram.person("Selvi")
    await selvi.sends("/language")
    await selvi.presses("தமிழ்")
    await selvi.sends_album([clinic.picture, clinic.picture])
    await selvi.sees("உங்கள் படத்தை வைத்துக்கொள்கிறேன்")
    kept = [one for one in await selvi.messages() if "வைத்துக்கொள்கிறேன்" in one.text]
    assert len(kept) == 1
    await selvi.sends("/reset")
    await selvi.sees("ஈமெயில்")
    await selvi.sends_photo(clinic.picture)
    await selvi.sees("வைத்துக்கொள்கிறேன்")
    await selvi.sends("selvi@example.org")
    await selvi.sees("selvi@example.org")
    await clinic.rao.does_not_see("Scan #")


async def test_a_kept_picture_is_offered_after_signing_in_to_an_account(clinic: Clinic) -> None:
    tablet = await clinic.telegram.person("Amina's tablet")
    await tablet.sends_photo(clinic.picture, caption="cough for a week")
    await tablet.sees("I keep your picture")
    await signs_in(tablet, "amina@example.org", PASSWORD)
    await tablet.presses("I agree", on="Before your first picture")
    await tablet.sees("Since when")
    await clinic.rao.sees("Amina Yusuf")


@pytest.mark.slow
async def test_a_kept_picture_of_somebody_who_joins_the_staff_is_dropped(clinic: Clinic) -> None:
    guest = await clinic.telegram.person("Guest")
    await guest.sends_photo(clinic.picture)
    await guest.sees("I keep your picture")
    await staff_signs_in(clinic, guest, "meena@example.org")
    await guest.does_not_see("Before your first picture")
    await clinic.rao.does_not_see("Scan #")
