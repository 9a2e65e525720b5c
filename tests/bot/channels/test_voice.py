"""The first page as a voice message: off by default, and only in the patient's own chat."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.app import Engines
from bot.channels.voice import SpeechFailed, script, synthesize
from bot.dev.sandbox.api.media import is_opus
from bot.preflight import PreflightFailed, check
from bot.settings import Settings
from models.tables.audit import AuditRow
from models.tables.deliveries import Delivery
from models.vocabulary import Language
from reports.content.sample import full_sample
from tests.support.jobs import settles
from tests.support.people import Clinic, eventually, open_clinic
from tests.support.steps import until

needs_voice_tools = pytest.mark.needs("espeak-ng", "opusenc")


@pytest.fixture
async def loud(engines: Engines) -> AsyncIterator[Clinic]:
    async with open_clinic(engines, voice=True) as opened:
        yield opened


@pytest.mark.slow
@needs_voice_tools
async def test_the_report_is_followed_by_its_first_page_as_a_guarded_voice_message(loud: Clinic) -> None:
    await until(loud, "released")
    report = await loud.amina.receives_document(timeout=30)
    recording = await loud.amina.receives_voice(timeout=30)
    assert report.name.removesuffix(".pdf") in recording.text
    assert is_opus(await recording.download())
    assert recording.body["voice"]["duration"] > 5
    assert recording.body["has_protected_content"]
    for other in (loud.rao, loud.meena, loud.joseph):
        assert not [message for message in await other.messages() if message.voice]


@pytest.mark.slow
@needs_voice_tools
async def test_a_patient_who_takes_no_voice_messages_has_the_report_and_nobody_is_bothered(loud: Clinic) -> None:
    await loud.telegram.fault("403", "sendVoice")
    await until(loud, "released")
    await loud.amina.receives_document(timeout=30)

    async def refused(session: AsyncSession) -> bool:
        return await session.scalar(select(Delivery.state).where(Delivery.key.startswith("voice:"))) == "cancelled"

    assert await eventually(loud.app.services.sessions, refused, within=30)
    assert len(await loud.telegram.calls("sendVoice")) == 1
    await loud.joseph.does_not_see("could not")


@pytest.mark.slow
@needs_voice_tools
async def test_where_telegram_stumbles_it_is_said_again(loud: Clinic) -> None:
    await loud.telegram.fault("500", "sendVoice")
    await until(loud, "released")
    await loud.amina.receives_voice(timeout=30)
    await settles(loud)
    assert len(await loud.telegram.calls("sendVoice")) == 2
    assert len([message for message in await loud.amina.messages() if message.voice]) == 1
    async with loud.app.services.sessions() as session:
        rows = (await session.scalars(select(AuditRow).where(AuditRow.act == "deliver:voice"))).all()
    assert len(rows) == 1, "what was read to somebody stands in the record"


@pytest.mark.slow
async def test_by_default_nothing_is_read_aloud(clinic: Clinic) -> None:
    await until(clinic, "released")
    await clinic.amina.receives_document(timeout=30)
    assert not await clinic.telegram.calls("sendVoice")


@pytest.mark.parametrize("language", Language)
def test_the_words_are_those_of_the_page_and_of_no_machine(language: Language) -> None:
    document = full_sample(datetime.now(UTC), language)
    assert document.summary
    script_lines = script(document, document.summary)
    assert document.summary.text in script_lines
    for step in document.summary.steps:
        assert step in script_lines
    for word in (document.assistance.label, "82", "MobileNetV2"):
        assert word not in script_lines


@pytest.mark.slow
@needs_voice_tools
@pytest.mark.parametrize("language", Language)
async def test_every_language_has_a_voice(language: Language) -> None:
    document = full_sample(datetime.now(UTC), language)
    assert document.summary
    spoken = await synthesize(script(document, document.summary), language)
    assert is_opus(spoken.data)
    assert spoken.seconds > 10


async def test_without_its_programs_the_start_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PreflightFailed, match="CSSS_VOICE needs espeak-ng and opusenc: apt-get install"):
        check(Settings(_env_file=None, bot_token="1:x", voice=True))


async def test_a_program_that_fails_is_named_and_none_of_the_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "espeak-ng"
    broken.write_text("#!/bin/sh\ncat >/dev/null; exit 3\n")
    broken.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(SpeechFailed) as failed:
        await synthesize("A secret about Amina.", Language.ENGLISH)
    assert str(failed.value) == "espeak-ng"
