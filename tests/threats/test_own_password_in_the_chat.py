"""Threat: somebody types their own password where none is asked for, and it stays in the chat or goes further."""

import pytest
from sqlalchemy import select, update

from bot.app import Engines
from bot.dev.demo import PASSWORD
from handlers.account.secrets.own_password import may_be_passwords
from models.tables.accounts import Account
from models.tables.desk import TicketMessage
from models.tables.scans import Scan
from models.vocabulary import Role
from tests.support.jobs import settles
from tests.support.people import Clinic
from workflow.accounts.passwords import TYPED_WORDS, TYPED_WORDS_PERIOD, PasswordHasher, hash_password
from workflow.requester import Requester

REMOVED = "That was your password"
PHRASE = "correct horse battery staple"


@pytest.mark.parametrize(
    ("typed", "compared"),
    [
        (PASSWORD, [PASSWORD]),
        ("கடல்நீலம்77", ["கடல்நீலம்77"]),
        ("Qx7!vvLm", ["Qx7!vvLm"]),
        ("short7!", []),
        ("12345678", []),
        ("/unlink12", []),
        ("radiograph", []),
        ("pneumonia", ["pneumonia"]),
        ("x" * 65, []),
        ("correct horse battery staple", ["correct horse battery staple"]),
        ("நீல மலை 77 yaanai", ["நீல மலை 77 yaanai"]),
        ("my password is Qx7!vvLm.", ["Qx7!vvLm"]),
        ("when will my report come", []),
        ("என் அறிக்கை எப்போது வரும்", []),
        ("मेरी रिपोर्ट कब आएगी", []),
        ("born 12/05/1979, my cough will be back", []),
        ("Aa1-bbbb Bb2-cccc Cc3-dddd is my", ["Aa1-bbbb", "Bb2-cccc", "Aa1-bbbb Bb2-cccc Cc3-dddd is my"]),
        ("one two three four five six seven eight nine ten eleven twelve Qx7!vvLm", []),
    ],
)
def test_what_may_be_a_password_is_compared(engines: Engines, typed: str, compared: list[str]) -> None:
    assert may_be_passwords(typed, engines.faq) == compared


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


@pytest.mark.parametrize("typed", [f"my password is {PASSWORD}.", PHRASE])
async def test_in_a_sentence_or_of_several_words_it_is_removed_too(clinic: Clinic, typed: str) -> None:
    if typed == PHRASE:
        async with clinic.app.services.sessions.begin() as session:
            hashed = hash_password(PHRASE, cost=4)
            await session.execute(update(Account).where(Account.role == Role.PATIENT).values(password_hash=hashed))
    await clinic.amina.sends(typed)
    await clinic.amina.sees(REMOVED)
    assert typed not in [one.text for one in await clinic.amina.messages() if not one.deleted]


async def test_words_typed_in_passing_are_no_better_guesses_than_at_the_sign_in() -> None:
    now = 0.0
    hasher, hashed = PasswordHasher(4, lambda: now), hash_password(PASSWORD, cost=4)

    async def guess(word: str, chat_id: int = 1, is_alone: bool = True) -> bool:
        return await hasher.is_own(word, hashed, chat_id, Requester.PATIENT, is_alone=is_alone)

    assert not any([await guess(f"Guess-{number}") for number in range(TYPED_WORDS)])
    assert not await guess(PASSWORD), "the budget of this chat is spent"
    assert await guess(PASSWORD, 2)
    assert await guess(PASSWORD, is_alone=False), "sentences are counted apart"
    now += TYPED_WORDS_PERIOD.total_seconds() / TYPED_WORDS
    assert await guess(PASSWORD)
    assert not await guess(PASSWORD)
