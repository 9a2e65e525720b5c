"""The complaint by buttons: no writing is needed, and words for the doctor come of it."""

import pytest
from aiogram.types import Chat, Message
from sqlalchemy import select

from handlers.ui.parsing import typed_sex
from models.tables.desk import UrgencyQuestion
from models.tables.scans import Scan
from models.vocabulary import Sex
from tests.support.jobs import settles
from tests.support.people import Clinic


async def described(clinic: Clinic) -> list[tuple[str | None, str | None]]:
    await settles(clinic)
    async with clinic.app.services.sessions() as session:
        return [(scan.complaint, scan.since) for scan in await session.scalars(select(Scan).order_by(Scan.id))]


@pytest.mark.slow
async def test_several_complaints_are_pressed_and_words_may_be_added(clinic: Clinic) -> None:
    amina = clinic.amina
    await amina.sends_photo(clinic.picture)
    await amina.presses("Cough", on="What troubles you")
    await amina.presses("Fever", on="What troubles you")
    await amina.presses("✅ Cough", on="What troubles you")
    await amina.presses("Done", on="What troubles you")
    await amina.presses("For weeks", on="Since when")
    await amina.sees("Thank you")
    await amina.sends_photo(clinic.picture)
    await amina.presses("New scan", on="")
    await amina.presses("Cough", on="What troubles you")
    assert (await amina.presses("Something else", on="What troubles you")).text.startswith("Please type it")
    await amina.sends("since the flood")
    await amina.presses("Today", on="Since when")
    await amina.sees("Thank you")
    assert await described(clinic) == [("Fever", "For weeks"), ("Cough, since the flood", "Today")]


async def test_pressed_in_tamil_the_doctor_reads_it_in_english_too(clinic: Clinic) -> None:
    amina = clinic.amina
    await amina.sends("/language")
    await amina.presses("தமிழ்")
    await amina.sends_photo(clinic.picture)
    await amina.presses("இருமல்")
    await amina.presses("முடிந்தது")
    await amina.presses("சில நாட்களாக")
    await amina.sees("நன்றி")
    assert await described(clinic) == [("இருமல் (Cough)", "சில நாட்களாக (For days)")]


async def test_chest_pain_pressed_is_asked_about_like_chest_pain_typed(clinic: Clinic) -> None:
    amina = clinic.amina
    await amina.sends_photo(clinic.picture)
    await amina.presses("Chest pain", on="What troubles you")
    await amina.presses("Done", on="What troubles you")
    await amina.sees("112")
    await amina.presses("No, for days", on="Is it bad right now?")
    await amina.presses("For days", on="Since when")
    await settles(clinic)
    async with clinic.app.services.sessions() as session:
        [question] = await session.scalars(select(UrgencyQuestion))
    assert (question.text, question.bad_now, question.scan_id) == ("Chest pain", False, 1)


@pytest.mark.parametrize(
    ("typed", "sex"),
    [
        *(("male", Sex.MALE), ("Female.", Sex.FEMALE), (" M ", Sex.MALE), ("ஆண்", Sex.MALE), ("பெண்", Sex.FEMALE)),
        *(("पुरुष", Sex.MALE), ("aurat", Sex.FEMALE), ("transgender", Sex.OTHER), ("the doctor", None), ("", None)),
    ],
)
def test_a_typed_sex_is_read(typed: str, sex: Sex | None) -> None:
    assert typed_sex(Message(message_id=1, date=0, chat=Chat(id=7, type="private"), text=typed)) == (
        {"sex": sex} if sex else False
    )


async def test_male_typed_at_the_buttons_of_the_registration_counts(clinic: Clinic) -> None:
    stranger = await clinic.telegram.person("Ravi Kumar")
    await stranger.sends("/register")
    await stranger.sends_contact("+919876500001")
    await stranger.sees("What is your full name")
    await stranger.sends("Ravi Kumar")
    await stranger.sees("What is your date of birth")
    await stranger.sends("12.5.1979")
    await stranger.sees("12 May 1979")
    await stranger.sends("male")
    await stranger.presses("English")
    await stranger.sees("Hello Ravi")
