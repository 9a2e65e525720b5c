"""Voice notes: kept sealed with a complaint and in a conversation with the staff, played by one press, recorded."""

import pytest
from sqlalchemy import select

from bot.dev.sandbox import Person
from bot.jobs.data_requests import pack
from handlers.ui.callbacks.desk import PlayVoice
from models.crypto.vault import Content
from models.tables.accounts import VoiceNote, load_patient_key
from models.tables.audit import AuditRow
from tests.support.account_steps import asks_to_be_forgotten
from tests.support.jobs import settles
from tests.support.locked_zip import unlock
from tests.support.people import Clinic
from tests.support.steps import actor
from workflow.desk.voice_notes import MOST
from workflow.privacy import export
from workflow.scans import queries

SOUND = b"OggS".ljust(28, b"\0") + b"OpusHead" + b"a canary in the coal mine" * 40
CANNOT = "cannot hear voice messages"


async def _acts(clinic: Clinic) -> list[str]:
    async with clinic.app.services.sessions() as session:
        return list(await session.scalars(select(AuditRow.act).where(AuditRow.act.endswith("voice"))))


async def _uploads(clinic: Clinic) -> None:
    await clinic.amina.sends_photo(clinic.picture)
    await clinic.amina.sees("What troubles you")


async def _plays(who: Person, label: str, on: str) -> None:
    await who.presses(label, on=on)
    heard = await who.receives_voice()
    assert await heard.download() == SOUND
    assert heard.body["has_protected_content"]


async def test_a_complaint_is_spoken_and_the_doctor_listens(clinic: Clinic) -> None:
    await _uploads(clinic)
    await clinic.amina.presses("Cough")
    await clinic.amina.sends_voice(SOUND, 12)
    assert CANNOT in (await clinic.amina.sees("Kept for the doctor")).text
    await clinic.amina.sees("Since when")
    await clinic.amina.sends_voice(SOUND, 3)
    await clinic.amina.sees("Thank you")
    await _plays(clinic.rao, "Listen", "Scan #1")
    assert any("Complaint: Cough" in one.text for one in await clinic.rao.messages())
    assert await _acts(clinic) == ["describe:voice", "describe:voice", "look:voice"]
    stolen = b"".join(path.read_bytes() for path in clinic.app.services.vault.store.root.glob("*/*"))
    assert b"canary" not in stolen


async def test_the_staff_listen_in_a_conversation_that_they_have_claimed(clinic: Clinic) -> None:
    await clinic.amina.sends("/human")
    await clinic.amina.sees("called somebody")
    await clinic.amina.sends_voice(SOUND, 65)
    assert CANNOT in (await clinic.amina.sees("Passed on")).text
    await clinic.meena.presses("I take it", on="would like to talk to a person")
    await _plays(clinic.meena, "🎤 1:05", "#1 · since")
    assert "moved on" in ((await clinic.rao.forges(PlayVoice(note_id=1).pack())).text or "")
    await clinic.amina.sends_voice(SOUND, 7)
    await _plays(clinic.meena, "🎤 0:07", "🎤 0:07")
    assert await _acts(clinic) == ["look:voice", "look:voice"]


@pytest.mark.parametrize(("data", "seconds", "answer"), [(SOUND, 181, "at most 3 minutes"), (b"MZ", 3, CANNOT)])
async def test_what_is_too_long_or_no_sound_is_refused_and_the_form_stays(
    clinic: Clinic, data: bytes, seconds: int, answer: str
) -> None:
    await _uploads(clinic)
    await clinic.amina.sends_voice(data, seconds)
    await clinic.amina.sees(answer)
    await clinic.amina.sends("A cough.")
    await clinic.amina.sees("Since when")
    async with clinic.app.services.sessions() as session:
        assert (await session.scalars(select(VoiceNote))).all() == []


async def test_elsewhere_it_is_said_that_nobody_hears_it_and_ten_are_enough(clinic: Clinic) -> None:
    for who in (clinic.amina, await clinic.telegram.person("Nobody At All")):
        await who.sends_voice(SOUND)
        assert "112" in (await who.sees(CANNOT)).text
    await clinic.amina.sends("/human")
    await clinic.amina.sees("called somebody")
    for _ in range(MOST):
        await clinic.amina.sends_voice(SOUND)
        await clinic.amina.sees("Passed on")
    await clinic.amina.sends_voice(SOUND)
    await clinic.amina.sees("Enough voice messages")


async def test_they_are_exported_and_erased(clinic: Clinic) -> None:
    await _uploads(clinic)
    await clinic.amina.sends_voice(SOUND)
    await clinic.amina.sees("Since when")
    await clinic.amina.sends("/human")
    await clinic.amina.sees("called somebody")
    await clinic.amina.sends_voice(SOUND)
    await clinic.amina.sees("Passed on")
    services = clinic.app.services
    async with services.sessions() as session:
        amina = await actor(session, "amina@example.org")
        data = await export.gather(session, amina, services.now())
        key = await load_patient_key(session, amina.account_id)
        names = await queries.files_of(session, amina.account_id or 0)
    spoken = [file for file in data.files if file.content is Content.VOICE]
    assert [file.path for file in spoken] == ["scans/1/voice-1.ogg", "conversations/voice-2.ogg"]
    assert {file.name for file in spoken} <= names
    with unlock(pack(services.vault, key, spoken, None, "1234"), "1234") as archive:
        assert {archive.read(name) for name in archive.namelist()} == {SOUND}
    assert data.data["scans"][0]["voice_notes"][0]["seconds"] == 5
    assert data.data["conversations"][0]["words"][0]["voice"]["seconds"] == 5
    await clinic.rao.presses("Better image")
    await clinic.rao.presses("blurred", on="Why does scan #1")
    await clinic.amina.sees("needs a better picture")
    await asks_to_be_forgotten(clinic.amina)
    await clinic.amina.sees("You are forgotten")
    await settles(clinic)
    async with services.sessions() as session:
        left = (await session.scalars(select(VoiceNote))).all()
    assert [(one.words_id, one.seconds) for one in left] == [(None, 0)]
    assert not services.vault.has(left[0].file)
