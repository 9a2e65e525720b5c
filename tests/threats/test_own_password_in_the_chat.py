"""Threat: somebody types their own password where none is asked for, and it stays in the chat or goes further."""

import pytest
from sqlalchemy import select

from bot.app import Engines
from bot.dev.demo import PASSWORD
from handlers.account.secrets.own_password import may_be_password
from models.tables.desk import TicketMessage
from models.tables.scans import Scan
from tests.support.jobs import settles
from tests.support.people import Clinic
from workflow.accounts.passwords import TYPED_WORDS, TYPED_WORDS_PERIOD, PasswordHasher, hash_password
from workflow.requester import Requester

REMOVED = "That was your password"


@pytest.mark.parametrize(
    ("typed", "may_be"),
    [
        (PASSWORD, True),
        ("கடல்நீலம்77", True),
        ("Qx7!vvLm", True),
        ("short7!", False),
        ("two words", False),
        ("12345678", False),
        ("/unlink12", False),
        ("radiograph", False),
        ("pneumonia", True),
        ("x" * 65, False),
    ],
)
def test_only_one_uncommon_word_of_a_passwords_length_is_compared(engines: Engines, typed: str, may_be: bool) -> None:
    assert may_be_password(typed, engines.faq) is may_be


@pytest.mark.slow
async def test_it_leaves_every_chat_form_and_conversation_and_is_passed_on_to_nobody(clinic: Clinic) -> None:
    await clinic.amina.sends(PASSWORD)
    await clinic.amina.sees(REMOVED)
    await clinic.amina.sends("/human")
    await clinic.amina.sees("called somebody")
    await clinic.amina.sends(PASSWORD)
    await clinic.amina.sees(REMOVED)
    async with clinic.app.services.sessions() as session:
        assert (await session.scalars(select(TicketMessage))).all() == []
    await clinic.amina.presses("End the conversation")
    await clinic.amina.sends("/me")
    await clinic.amina.presses("Name")
    await clinic.amina.sees("name")
    await clinic.amina.sends(PASSWORD)
    await clinic.amina.sees(REMOVED)
    own = [one.text for one in await clinic.amina.messages() if one.outgoing]
    assert PASSWORD not in own
    await clinic.meena.sends(PASSWORD)
    await clinic.meena.sees(REMOVED)
    stranger = await clinic.telegram.person("Nobody At All")
    await stranger.sends(PASSWORD)
    await stranger.sees("")
    assert [one.text for one in await stranger.messages() if one.outgoing] == [PASSWORD], "nobody's own"


async def test_below_a_picture_it_goes_with_the_picture_which_is_not_taken_in(clinic: Clinic) -> None:
    await clinic.amina.sends_photo(clinic.picture, PASSWORD)
    await clinic.amina.sees("The words below it were your password")
    await settles(clinic)
    assert [one for one in await clinic.amina.messages() if one.outgoing] == []
    async with clinic.app.services.sessions() as session:
        assert (await session.scalars(select(Scan))).all() == []
    await clinic.amina.sends_photo(clinic.picture, "cough")
    await clinic.rao.sees("Scan #1")


async def test_words_typed_in_passing_are_no_better_guesses_than_at_the_sign_in() -> None:
    now = 0.0
    hasher, hashed = PasswordHasher(4, lambda: now), hash_password(PASSWORD, cost=4)

    async def guess(word: str, chat_id: int = 1) -> bool:
        return await hasher.is_own(word, hashed, chat_id, Requester.PATIENT)

    assert not any([await guess(f"Guess-{number}") for number in range(TYPED_WORDS)])
    assert not await guess(PASSWORD), "the budget of this chat is spent"
    assert await guess(PASSWORD, 2)
    now += TYPED_WORDS_PERIOD.total_seconds() / TYPED_WORDS
    assert await guess(PASSWORD)
    assert not await guess(PASSWORD)
