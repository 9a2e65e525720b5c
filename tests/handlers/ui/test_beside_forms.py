"""A form asks again and swallows nothing: a question, an emoji, a command or words for the staff do not answer it."""

from datetime import UTC, datetime
from typing import Any, Final

import pytest
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import StatesGroup
from aiogram.fsm.storage.base import StorageKey
from aiogram.fsm.storage.memory import MemoryStorage
from aiogram.types import Chat, Message, User
from sqlalchemy import select

from faq.answer import load
from handlers.shared import beside_form
from models.tables.desk import TicketMessage
from models.tables.scans import Scan
from models.vocabulary import Role
from tests.support.account_steps import asks_for_the_name
from tests.support.jobs import settles
from tests.support.people import Clinic
from workflow.actors import Actor

FAQ: Final = load()
FORMS: Final = sorted({name for group in StatesGroup.__subclasses__() for name in group.__all_states_names__ if name})
PASSWORDS: Final = {
    *("Correcting:password", "Correcting:new_password", "Registering:password", "Linking:password"),
    *("Unlocking:password", "Changing:current", "Changing:new", "Exporting:password", "Forgetting:password"),
    *("Resetting:new", "Enrolling:password"),
}
TAKE_QUESTIONS: Final = ("Clarifying:", "Teaching:", "Serving:", "FindingPatient:", "Prescribing:")
QUESTIONS: Final = ("How long does the report take?", "ரிப்போர்ட் எப்போது வரும்?", "रिपोर्ट कब आएगी", "report kab milegi")
ANSWERS: Final = (
    *("Amina Yusuf", "amina@example.org", "12.5.1979", "123456", "cough and fever for three days", "72 kg", "2 weeks"),
    *("penicillin", "இருமல், காய்ச்சல்", "मुझे खाँसी है", "Normal chest.", "pneumonia of the right lung", "no"),
)
LONG: Final = "How long does the report take?"


def message(text: str) -> Message:
    user = User(id=7, is_bot=False, first_name="Somebody")
    return Message(message_id=1, date=datetime.now(UTC), chat=Chat(id=7, type="private"), from_user=user, text=text)


def a_state() -> FSMContext:
    return FSMContext(MemoryStorage(), StorageKey(bot_id=1, chat_id=7, user_id=7))


async def is_question(text: str, form: str | None, role: Role = Role.PATIENT) -> bool:
    return await beside_form.is_question_beside(message(text), Actor(7, role), a_state(), FAQ, form)


@pytest.mark.parametrize("text", QUESTIONS)
async def test_in_every_form_but_those_that_take_questions_a_question_is_a_question(text: str) -> None:
    found = {form for form in FORMS if await is_question(text, form)}
    assert found == {form for form in FORMS if form not in PASSWORDS and not form.startswith(TAKE_QUESTIONS)}


@pytest.mark.parametrize("text", ANSWERS)
@pytest.mark.parametrize("role", [Role.PATIENT, Role.DOCTOR])
async def test_no_answer_is_taken_for_a_question(text: str, role: Role) -> None:
    assert [form for form in FORMS if await is_question(text, form, role)] == []


async def test_without_a_form_nothing_stands_beside_it() -> None:
    assert not await is_question(LONG, None)
    assert not beside_form.is_only_signs(message("👍"), None)


@pytest.mark.parametrize("text", ["👍", "🙏🙏", "❤️", "😷 🤒", "👍🏽!"])
def test_an_emoji_alone_answers_no_form_but_may_be_a_password(text: str) -> None:
    assert {form for form in FORMS if beside_form.is_only_signs(message(text), form)} == {*FORMS} - PASSWORDS


@pytest.mark.parametrize("text", ["-", "…", "1", "a 👍", "/help", "இ 👍"])
def test_other_signs_are_answers(text: str) -> None:
    assert [form for form in FORMS if beside_form.is_only_signs(message(text), form)] == []


async def complaints(clinic: Clinic) -> list[str | None]:
    await settles(clinic)
    async with clinic.app.services.sessions() as session:
        return [scan.complaint for scan in await session.scalars(select(Scan).order_by(Scan.id))]


async def test_a_question_an_emoji_and_a_command_in_the_complaint_keep_the_form(clinic: Clinic) -> None:
    amina = clinic.amina
    await amina.sends_photo(clinic.picture)
    await amina.sees("What troubles you")
    await amina.sends(LONG)
    assert "/status" in (await amina.sees("send it once more")).text
    await amina.sends("👍")
    await amina.sees("Please answer in words")
    await amina.sees("What troubles you")
    await amina.sends("/scans")
    await amina.presses("Back to the form", on="Your form is still open")
    await amina.sees("What troubles you")
    await amina.sends("Cough")
    await amina.sees("Since when")
    assert await complaints(clinic) == ["Cough"]


async def test_a_question_that_is_the_answer_is_sent_once_more(clinic: Clinic) -> None:
    await clinic.amina.sends_photo(clinic.picture)
    await clinic.amina.sees("What troubles you")
    for seen in ("send it once more", "Since when"):
        await clinic.amina.sends(LONG)
        await clinic.amina.sees(seen)
    assert await complaints(clinic) == [LONG]


async def test_a_strangers_question_is_no_name(clinic: Clinic) -> None:
    stranger = await clinic.telegram.person("Nobody At All")
    await asks_for_the_name(stranger)
    await stranger.sends("how much does it cost")
    await stranger.presses("Back to the form")
    await stranger.sees("What is your full name")


async def words(clinic: Clinic) -> list[Any]:
    await settles(clinic)
    async with clinic.app.services.sessions() as session:
        return [one.text for one in await session.scalars(select(TicketMessage).order_by(TicketMessage.id))]


@pytest.mark.slow
async def test_a_conversation_with_the_staff_pauses_the_form_until_the_person_goes_back(clinic: Clinic) -> None:
    amina = clinic.amina
    await amina.sends_photo(clinic.picture)
    await amina.sees("What troubles you")
    await amina.sends("/human")
    await amina.sees("Your form waits meanwhile")
    await amina.sends("Can my daughter come along?")
    await amina.sees("Passed on")
    await amina.presses("Back to the form", on="Passed on")
    await amina.sees("What troubles you")
    await amina.sends("Cough")
    await amina.sees("Since when")
    await clinic.meena.presses("I take it", on="would like to talk to a person")
    await clinic.meena.sees("Just write")
    await clinic.meena.presses("Close", on="my daughter")
    await amina.presses("Back to the form", on="has ended the conversation")
    await amina.sees("Since when")
    assert await complaints(clinic) == ["Cough"]
    assert await words(clinic) == ["Can my daughter come along?"]


async def test_a_password_is_not_passed_on_to_the_staff(clinic: Clinic) -> None:
    stranger = await clinic.telegram.person("Nobody At All")
    await stranger.sends("/link")
    await stranger.sees("Which email")
    await stranger.sends("amina@example.org")
    await stranger.sees("And the password?")
    await stranger.sends("/human")
    await stranger.sees("Your form waits meanwhile")
    typed = await stranger.sends("my old password 123")
    await stranger.sees("passed it on to nobody")
    assert typed.id not in {one.id for one in await stranger.messages()}
    await stranger.presses("Back to the form", on="passed it on to nobody")
    await stranger.sees("And the password?")
    assert await words(clinic) == []
