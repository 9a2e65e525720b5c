"""Threat: another person holds the phone on which somebody is signed in."""

from datetime import UTC, datetime

import pytest

from bot.dev.demo import PASSWORD
from handlers.ui.callbacks import CardAction, EndSession, OnCard
from models.tables.accounts import ChatLink
from models.vocabulary import Role, ScanStatus
from tests.support.account_steps import GOOD, rests, signs_in
from tests.support.jobs import settles
from tests.support.people import Clinic
from tests.support.steps import a_scan, sentence_for
from workflow.accounts.sessions import SEEN_PRECISION
from workflow.actors import Actor
from workflow.errors import SessionLocked
from workflow.permissions import ALLOWED_WHEN_LOCKED, GRANTS, Permission, authorize

HEALTH = ["/report", "/scans", "/status", "/me", "/sessions", "/password"]


def asks_again(role: Role, permission: Permission) -> bool:
    """Whether a locked chat of this role has to unlock before this permission."""
    try:
        authorize(Actor(1, role, locked=True), permission)
    except SessionLocked:
        return True
    return False


def test_every_permission_that_shows_anything_asks_again_in_a_locked_chat() -> None:
    """All but a few permissions listed as showing nothing: a new permission requires the password by default."""
    granted = [(role, one) for one, roles in GRANTS.items() for role in roles if role not in {None, Role.SYSTEM}]
    assert len(granted) > 50
    wrong = [(role, one) for role, one in granted if asks_again(role, one) is (one in ALLOWED_WHEN_LOCKED)]
    assert wrong == []


@pytest.mark.slow
async def test_after_a_long_pause_the_password_is_asked_before_anything_is_shown(clinic: Clinic) -> None:
    await clinic.plays("released")
    await clinic.amina.receives_document(timeout=30)
    await settles(clinic)
    await rests(clinic)
    for words in HEALTH:
        await clinic.amina.sends(words)
        await clinic.amina.sees("This chat was unused for long")
    answer = await clinic.amina.forges(OnCard(action=CardAction.REPORT, scan_id=1).pack())
    assert answer.text == sentence_for(clinic, "error.chat_asleep")
    assert len([one for one in await clinic.amina.messages() if one.document]) == 1
    await clinic.amina.sends("a guess at it")
    await clinic.amina.sees("That is not the password")
    await clinic.amina.sends(PASSWORD)
    await clinic.amina.sees("Thank you")
    await clinic.amina.sends("/report")
    await clinic.amina.receives_document()
    texts = [one.text for one in await clinic.amina.messages()]
    assert PASSWORD not in texts
    assert "a guess at it" not in texts


async def test_a_password_typed_into_a_form_whose_chat_was_locked_leaves_the_chat_too(clinic: Clinic) -> None:
    await clinic.amina.sends("/export")
    await clinic.amina.sees("password")
    await rests(clinic)
    await clinic.amina.sends(PASSWORD)
    await clinic.amina.sees("This chat was unused for long")
    assert PASSWORD not in [one.text for one in await clinic.amina.messages()]


async def test_a_form_that_was_open_goes_on_after_the_password(clinic: Clinic) -> None:
    await a_scan(clinic, ScanStatus.AI_ANALYZED)
    await clinic.rao.presses("Write findings")
    await clinic.rao.sees("Findings")
    await rests(clinic)
    await clinic.rao.sends("Opacities")
    await clinic.rao.sees("This chat was unused for long")
    await clinic.rao.sends(PASSWORD)
    await clinic.rao.sees("what do you see")
    await clinic.rao.sends("Opacities")
    await clinic.rao.sees("what does it mean")


@pytest.mark.slow
async def test_nothing_is_pushed_into_a_locked_chat_but_a_notice(clinic: Clinic) -> None:
    """A locked phone of a doctor shows no picture of a patient; a patient's gets no report."""
    await clinic.plays("completed")
    await settles(clinic)
    await rests(clinic)
    shown = len([one for one in await clinic.rao.messages() if one.photo])
    bela = await clinic.telegram.person("Bela")
    await clinic.joseph.sends("/unlock")
    await clinic.joseph.sends(PASSWORD)
    await clinic.joseph.sees("Thank you")
    await clinic.releases()
    await clinic.amina.sees("Your report R", timeout=30)
    await a_scan(clinic, ScanStatus.PENDING_AI)
    await clinic.rao.sees("There is news of scan #2", timeout=30)
    await settles(clinic)
    assert len([one for one in await clinic.rao.messages() if one.photo]) == shown
    assert [one for one in await clinic.amina.messages() if one.document] == []
    assert await bela.messages() == []


async def test_use_keeps_a_chat_unlocked_and_is_recorded_every_few_minutes_only(clinic: Clinic) -> None:
    async def seen() -> datetime:
        async with clinic.app.services.sessions() as session:
            return (await session.get_one(ChatLink, clinic.amina.chat_id)).seen_at

    await rests(clinic, hours=11)
    await clinic.amina.sends("/help")
    await clinic.amina.sees("How it works")
    first = await seen()
    assert datetime.now(UTC) - first < SEEN_PRECISION
    await clinic.amina.sends("/scans")
    await clinic.amina.sees("no scan of yours")
    assert await seen() == first


@pytest.mark.slow
async def test_a_chat_is_signed_out_from_another_and_gets_nothing_any_more(clinic: Clinic) -> None:
    phone = await clinic.telegram.person("Amina's lost phone")
    await signs_in(phone, "amina@example.org", PASSWORD)
    await clinic.amina.sends("/sessions")
    await clinic.amina.presses("Sign out Amina's lost phone")
    await settles(clinic)
    for words in ("/scans", "/report", "/sessions"):
        await phone.sends(words)
        await phone.sees("I do not know you yet")
    answer = await phone.forges(OnCard(action=CardAction.REPORT, scan_id=1).pack())
    assert answer.text == sentence_for(clinic, "error.not_linked")
    before = len(await phone.messages())
    await clinic.plays("released")
    await clinic.amina.receives_document(timeout=30)
    await settles(clinic)
    assert len(await phone.messages()) == before


async def test_somebody_elses_chat_cannot_be_signed_out(clinic: Clinic) -> None:
    await clinic.amina.sends("/help")
    await clinic.amina.sees("How it works")
    answer = await clinic.amina.forges(EndSession(chat_id=clinic.rao.chat_id).pack())
    assert answer.text == sentence_for(clinic, "error.not_found")
    await clinic.rao.sends("/queue")
    await clinic.rao.sees("Nothing waits for you")


async def test_all_other_chats_are_signed_out_at_once(clinic: Clinic) -> None:
    phones = [await clinic.telegram.person(f"Phone {number}") for number in (1, 2)]
    for phone in phones:
        await signs_in(phone, "amina@example.org", PASSWORD)
    await clinic.amina.sends("/sessions")
    await clinic.amina.presses("Sign out all others")
    for phone in phones:
        await phone.sends("/scans")
        await phone.sees("I do not know you yet")
    await clinic.amina.sends("/scans")
    await clinic.amina.sees("no scan of yours")


async def test_the_thief_cannot_keep_a_chat_by_changing_the_password(clinic: Clinic) -> None:
    """The change requires the old password, also in an unlocked chat."""
    await clinic.amina.sends("/password")
    await clinic.amina.sees("present password")
    await clinic.amina.sends(GOOD)
    await clinic.amina.sees("That is not the password")
    await clinic.amina.sends(GOOD)
    await clinic.amina.sees("That is not the password")
