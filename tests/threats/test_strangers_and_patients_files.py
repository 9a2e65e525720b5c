"""Threat: strangers use up claim slips, room for voice notes, or registrations, and a patient is refused.

They run at full rate, for an hour where a clock is moved, and then the patient passes."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from bot.engines import Engines
from models.base import Sessions
from models.tables.accounts import Account, ChatLink, VoiceNote
from models.tables.codes import Code, Purpose
from models.vocabulary import Role
from tests.support.account_steps import is_proved
from tests.support.code_steps import CHAT
from tests.support.file_steps import gets_slip, registers_walk_in
from tests.support.people import Clinic, open_clinic
from tests.support.rows import NOW, a_person, a_scan, a_staff
from tests.support.strangers import HOUR, STRANGERS, each_minute
from workflow.accounts import registration
from workflow.accounts.codes import TOTAL_PER_WINDOW
from workflow.accounts.files import slips
from workflow.accounts.files.slips import Claimant, Claimed, SlipInvalid
from workflow.accounts.registration import Person
from workflow.actors import Actor
from workflow.desk import tickets, voice_notes
from workflow.desk.hours import DeskHours
from workflow.desk.voice_notes import Recording, TooManyVoiceNotes
from workflow.errors import CodesUsedUp

OWN, OTHER = "+919840012345", "+919840099999"
BORN = date(1981, 4, 12)
SOUND = b"OggS".ljust(28, b"\0") + b"OpusHead" + b"sound" * 40


@pytest.fixture
async def strict(engines: Engines) -> AsyncIterator[Clinic]:
    """The production limits, which the people of the stories would exceed."""
    async with open_clinic(engines, messages_per_minute=120) as opened:
        yield opened


async def _a_slip(db: Sessions, phone: str | None) -> str:
    """A file that the desk opened, with a slip; returns its token."""
    async with db.begin() as session:
        patient = await a_person(session, Role.PATIENT, email=None, phone=phone, date_of_birth=BORN)
        code = Code(purpose=Purpose.CLAIM_FILE, chat_id=1, email="", account_id=patient.account_id)
        code.created_at, code.expires_at = NOW, NOW + slips.LIFETIME
        token = slips.make_token(code)
        session.add(code)
        return token


async def _claim(db: Sessions, token: str, claimant: Claimant, at: datetime) -> Claimed:
    async with db.begin() as session:
        return await slips.claim(session, token, claimant, at)


async def test_a_slip_that_strangers_saw_still_opens_by_the_telephone_and_guesses_touch_no_other(
    sessions: Sessions,
) -> None:
    """A used up slip takes no birth date any more, not even the right one; the telephone is nobody else's."""
    seen, unseen = await _a_slip(sessions, OWN), await _a_slip(sessions, None)
    results = set[Claimed]()
    for chat_id, at in each_minute():
        async with sessions.begin() as session:
            with pytest.raises(SlipInvalid):
                await slips.find(session, secrets.token_urlsafe(16), at, by_phone=True)
        results.add(await _claim(sessions, seen, Claimant(chat_id, None, "", OTHER, date(1950, 1, 1)), at))
    assert results == {Claimed.WRONG, Claimed.VOID}
    assert await _claim(sessions, seen, Claimant(STRANGERS[0], None, "", OTHER, BORN), NOW + HOUR) is Claimed.VOID
    async with sessions.begin() as session:
        with pytest.raises(SlipInvalid):
            await slips.find(session, seen, NOW + HOUR, by_phone=False)
        assert (await slips.find(session, seen, NOW + HOUR, by_phone=True)).phone == OWN
    assert await _claim(sessions, seen, Claimant(CHAT, None, "", OWN), NOW + HOUR) is Claimed.OPENED
    assert await _claim(sessions, unseen, Claimant(CHAT + 1, None, "", OTHER, BORN), NOW + HOUR) is Claimed.OPENED


@pytest.mark.slow
async def test_a_walk_in_opens_the_file_after_a_thief_used_up_the_birth_dates(clinic: Clinic) -> None:
    await registers_walk_in(clinic)
    await clinic.joseph.sends("/cancel")
    await clinic.joseph.sends("/walkin P000005")
    await is_proved(clinic)
    slip = await gets_slip(clinic)
    thief, kumar = await clinic.telegram.person("Thief"), await clinic.telegram.person("Kumar")
    await thief.starts(slip)
    await thief.sends_contact(OTHER)
    for day in range(1, slips.MAX_TRIES + 1):
        await thief.sees(
            "only the telephone number that the hospital wrote" if day > 1 else "What is your date of birth"
        )
        await thief.sends(f"{day}.1.1950")
    await thief.sees("had too many wrong answers")
    await kumar.starts(slip)
    await kumar.sends_contact(OWN)
    await kumar.sees("Your file is open in this chat")


async def test_voice_notes_of_an_hour_leave_a_patients_room_for_voice_notes(sessions: Sessions) -> None:
    """Each of the strangers has registered by telephone, has a scan and talks to the staff."""
    refused, hours = 0, DeskHours.parse("00:00-24:00", "mon tue wed thu fri sat sun", UTC)
    async with sessions.begin() as session:
        staff = await a_staff(session)
        talking = dict[int, tuple[Actor, int]]()
        for chat_id in (CHAT, *STRANGERS):
            actor = await registration.register(session, chat_id, Person("A Person", phone=f"+{chat_id:010}"), NOW)
            scan = await a_scan(session, staff._replace(patient=actor), "PENDING_AI")
            await tickets.request_staff(session, chat_id, actor, "en", hours, NOW)
            talking[chat_id] = actor, scan.id
    for chat_id, at in [*each_minute(), *each_minute(), *each_minute()]:
        refused += await _speaks(sessions, chat_id, *talking[chat_id], at)
    assert refused == len(STRANGERS) * 2 * (12 - voice_notes.MOST)
    assert [await _speaks(sessions, CHAT, *talking[CHAT], NOW + HOUR) for _ in range(voice_notes.MOST)] == [
        0
    ] * voice_notes.MOST


async def _speaks(db: Sessions, chat_id: int, actor: Actor, scan_id: int, at: datetime) -> int:
    """Keep a voice note with the scan and one in the conversation; returns how many were refused."""
    refused, spoken = 0, Recording("file", 5)
    for scan in (scan_id, None):
        async with db.begin() as session:
            try:
                await voice_notes.check_room(session, actor, at, scan)
            except TooManyVoiceNotes:
                refused += 1
                continue
            if scan is None:
                await voice_notes.add_to_conversation(session, actor, chat_id, spoken, at)
            else:
                await voice_notes.add_to_scan(session, actor, scan, spoken, at)
    return refused


@pytest.mark.slow
async def test_voice_notes_of_strangers_are_not_kept_and_a_patients_is_passed_on(strict: Clinic) -> None:
    await strict.amina.sends("/human")
    await strict.amina.sees("called somebody")
    strangers = [await strict.telegram.person(f"Stranger {number}") for number in range(8)]
    async with asyncio.TaskGroup() as group:
        for stranger in strangers:
            for _ in range(25):
                group.create_task(stranger.sends_voice(SOUND))
        await strict.amina.sends_voice(SOUND)
        await strict.amina.sees("Passed on")
    for stranger in strangers:
        await stranger.sees("", timeout=60)
    async with strict.app.services.sessions() as session:
        assert (await session.scalars(select(VoiceNote.patient_id))).all() == [
            (await session.get_one(ChatLink, strict.amina.chat_id)).account_id
        ]


async def test_registrations_of_an_hour_leave_a_patients_registration_by_telephone(sessions: Sessions) -> None:
    """Strangers use up the codes by mail, share numbers and register; the owner's own number is shared by them too."""
    mails = 0
    for number in range(TOTAL_PER_WINDOW):
        try:
            async with sessions.begin() as session:
                await registration.request_email_code(session, 20_000 + number, f"{number}@example.org", "en", NOW)
                mails += 1
        except CodesUsedUp:
            continue
    assert mails == TOTAL_PER_WINDOW / 2
    for number, (_, at) in enumerate(each_minute()):
        async with sessions.begin() as session:
            await registration.register(session, 30_000 + number, Person("A Stranger", phone=OWN), at)
    async with sessions.begin() as session:
        actor = await registration.register(session, CHAT, Person("Kavin Selvan", phone=OWN), NOW + HOUR)
        assert (actor.role, actor.by_phone) == (Role.PATIENT, True)


@pytest.mark.slow
async def test_a_patient_registers_by_contact_while_strangers_share_numbers_and_use_up_the_codes(
    strict: Clinic,
) -> None:
    now = datetime.now(UTC)
    async with strict.app.services.sessions.begin() as session:
        for number in range(TOTAL_PER_WINDOW // 2):
            code = Code(purpose=Purpose.CONFIRM_EMAIL, chat_id=number, email=f"{number}@example.org", language="en")
            code.created_at, code.expires_at = now, now + timedelta(minutes=10)
            session.add(code)
    kavin, *strangers = [await strict.telegram.person(name) for name in ("Kavin", "One", "Two")]
    for stranger in strangers:
        await stranger.sends("/register")
        await stranger.sees("share your telephone number")
    async with asyncio.TaskGroup() as group:
        for stranger in strangers:
            for _ in range(30):
                group.create_task(stranger.sends_contact(OWN, user_id=kavin.chat_id))
        await kavin.sends("/register")
        await kavin.sees("share your telephone number", timeout=60)
        await kavin.sends_contact(OWN)
        await kavin.sees("full name", timeout=60)
        await kavin.sends("Kavin Selvan")
        await kavin.sees("date of birth")
        await kavin.sends("24.12.1985")
        await kavin.presses("Male", on="Which sex")
        await kavin.presses("English", on="Which language")
        await kavin.sees("Your report will come to this chat")
    async with strict.app.services.sessions() as session:
        owners = select(func.count()).select_from(Account).where(Account.phone_hash.is_not(None))
        assert await session.scalar(owners) == 1
