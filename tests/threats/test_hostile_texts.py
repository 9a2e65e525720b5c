"""Threat: a few messages that are made to cost much time hold up everybody else."""

from datetime import UTC, datetime
from typing import Any

import pytest
from aiogram.fsm.state import State

from bot.app import Engines
from faq.deidentify import deidentify
from faq.words import MAX_CHARACTERS, normalise
from models.tables.accounts import Account
from tests.support.hostile import OTHERS, WORST, measured_hold
from tests.support.pace import slowness
from tests.support.people import Clinic
from tests.support.text_forms import STRANGER, data_of, scans_for_forms, sender, text_states, types
from tests.support.walks import part
from workflow.accounts.passwords import NEW_PASSWORDS, PasswordHasher
from workflow.consistency import typed
from workflow.errors import LoginLocked, WeakPassword
from workflow.faq import unanswered
from workflow.faq.unanswered import UnansweredQuestion
from workflow.formulary.load import load
from workflow.formulary.reading import read_line
from workflow.requester import Requester
from workflow.text_thread import MAX_INLINE

LIMIT = 0.1 * slowness()  # seconds of the loop's CPU time
NOW = datetime(2026, 11, 29, 9, tzinfo=UTC)


async def _held(clinic: Clinic, state: State | None, chat: int, data: dict[str, object], text: str) -> float:
    """Seconds that one text held the loop; the best of three, since the first may load something."""
    best = LIMIT * 10
    for _ in range(3):
        with measured_hold() as lag:
            await types(clinic, chat, text, state, data)
        best = min(best, lag.longest)
        if best < LIMIT:
            break
    return best


async def _walk(clinic: Clinic, texts: dict[str, str], config: pytest.Config | None = None) -> dict[Any, float]:
    """`config`: each text in a third of the forms only, unless it asks for more."""
    states, slow = text_states(), {}
    assert len(states) > 40
    scans = await scans_for_forms(clinic)
    for place, (state, handler) in enumerate(states.items()):
        for name, text in part([*texts.items()], place, config) if config else texts.items():
            held = await _held(clinic, state, sender(handler, clinic), data_of(state, scans), text)
            if held >= LIMIT:
                slow[state.state or "", name] = held
    for name, text in texts.items():
        for chat, typed_text in ((STRANGER, text), (clinic.amina.chat_id, text), (STRANGER, f"/verify {text}"[:4096])):
            if (held := await _held(clinic, None, chat, {}, typed_text)) >= LIMIT:
                slow["", name] = held
    return slow


@pytest.mark.slow
@pytest.mark.timeout(1200)
async def test_no_text_in_any_form_holds_the_loop(unlimited: Clinic) -> None:
    assert await _walk(unlimited, WORST) == {}


@pytest.mark.slow
@pytest.mark.timeout(1200)
async def test_no_other_text_of_the_corpus_holds_the_loop(unlimited: Clinic, pytestconfig: pytest.Config) -> None:
    assert await _walk(unlimited, OTHERS, pytestconfig) == {}


async def test_no_question_of_a_stranger_holds_the_loop(unlimited: Clinic) -> None:
    slow = {name: await _held(unlimited, None, STRANGER, {}, text) for name, text in WORST.items()}
    assert {name: held for name, held in slow.items() if held >= LIMIT} == {}


@pytest.mark.parametrize("text", (WORST | OTHERS).values(), ids=(WORST | OTHERS).keys())
async def test_what_a_text_is_read_into_is_bounded(text: str, engines: Engines) -> None:
    assert len(normalise(text)) <= MAX_CHARACTERS
    assert len(deidentify(text, (), engines.faq.kept_words) or "") <= MAX_CHARACTERS
    assert len(typed.sentences(text)) <= typed.MAX_SENTENCES + 1
    assert read_line(text, load()).checked is False


async def test_names_are_found_whatever_the_number_of_words(clinic: Clinic, engines: Engines) -> None:
    async with clinic.app.services.sessions.begin() as session:
        session.add(
            Account(name="Zubaida Quraishi", email="z@example.org", password_hash="x", role="patient", created_at=NOW)
        )
        await session.flush()
        question = "where is the scan of zubaida " + " ".join(f"wq{number:03}" for number in range(5))
        await unanswered.record_question(session, UnansweredQuestion(question, "en", ()), engines.faq.kept_words, NOW)
        [miss] = await session.scalars(unanswered.select(unanswered.MissedQuestion))
        assert "zubaida" not in miss.text


async def test_short_texts_are_read_at_once_so_that_a_cry_waits_for_nobody() -> None:
    cry = "My father fell down, he does not answer and his lips are blue, please help, we are at gate two"
    assert len(cry) <= MAX_INLINE


async def test_new_passwords_are_metered_on_few_characters_and_counted_for_each_chat() -> None:
    clock = [0.0]
    hasher = PasswordHasher(4, lambda: clock[0])
    for _ in range(NEW_PASSWORDS):
        with pytest.raises(WeakPassword):
            await hasher.hash("password", [], 1, Requester.STRANGER)
    with pytest.raises(LoginLocked):
        await hasher.hash("a much better passphrase", [], 1, Requester.STRANGER)
    assert await hasher.hash("a much better passphrase", [], 2, Requester.STRANGER)
    clock[0] += 3600 / NEW_PASSWORDS
    assert await hasher.hash("a much better passphrase", [], 1, Requester.STRANGER)
