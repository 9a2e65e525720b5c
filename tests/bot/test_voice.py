"""The first page read aloud: off unless the clinic wants it, and never anywhere but in the patient's own chat."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.app import Engines
from bot.channels.voice import Speechless, missing, script, speak
from bot.dev.sandbox.api.media import is_opus
from bot.settings import Settings
from models.tables.audit import AuditRow
from models.tables.jobs import Delivery
from reports.content.document import Language
from reports.content.sample import full_sample
from tests.support.jobs import settles
from tests.support.people import House, eventually, open_house

speaking = pytest.mark.skipif(bool(missing()), reason="nothing here can speak: apt-get install espeak-ng opus-tools")


@pytest.fixture
async def loud(engines: Engines) -> AsyncIterator[House]:
    async with open_house(engines, voice=True) as opened:
        yield opened


@speaking
async def test_the_report_is_followed_by_its_first_page_as_a_guarded_voice_message(loud: House) -> None:
    await loud.until("released")
    report = await loud.amina.receives_document(timeout=30)
    heard = await loud.amina.receives_voice(timeout=30)
    assert report.name.removesuffix(".pdf") in heard.text
    assert is_opus(await heard.download())
    assert heard.body["voice"]["duration"] > 5
    assert heard.body["has_protected_content"]
    for other in (loud.rao, loud.meena, loud.joseph):
        assert not [message for message in await other.messages() if message.voice]


@speaking
async def test_a_patient_who_takes_no_voice_messages_has_the_report_and_nobody_is_bothered(loud: House) -> None:
    await loud.clinic.fault("403", "sendVoice")
    await loud.until("released")
    await loud.amina.receives_document(timeout=30)

    async def refused(session: AsyncSession) -> bool:
        return await session.scalar(select(Delivery.state).where(Delivery.key.startswith("voice:"))) == "cancelled"

    assert await eventually(loud.app.clinic.sessions, refused, within=30)
    assert len(await loud.clinic.calls("sendVoice")) == 1
    await loud.joseph.does_not_see("could not")


@speaking
async def test_where_telegram_stumbles_it_is_said_again(loud: House) -> None:
    await loud.clinic.fault("500", "sendVoice")
    await loud.until("released")
    await loud.amina.receives_voice(timeout=30)
    await settles(loud)
    assert len(await loud.clinic.calls("sendVoice")) == 2
    assert len([message for message in await loud.amina.messages() if message.voice]) == 1
    async with loud.app.clinic.sessions() as session:
        rows = (await session.scalars(select(AuditRow).where(AuditRow.act == "deliver:voice"))).all()
    assert len(rows) == 1, "what was read to somebody stands in the record"


async def test_by_default_nothing_is_read_aloud(house: House) -> None:
    await house.until("released")
    await house.amina.receives_document(timeout=30)
    assert not await house.clinic.calls("sendVoice")


@pytest.mark.parametrize("language", Language)
def test_the_words_are_those_of_the_page_and_of_no_machine(language: Language) -> None:
    document = full_sample(datetime.now(UTC), language)
    assert document.summary
    said = script(document, document.summary)
    assert document.summary.text in said
    for step in document.summary.steps:
        assert step in said
    for word in (document.assistance.label, "82", "MobileNetV2"):
        assert word not in said


@speaking
@pytest.mark.parametrize("language", Language)
async def test_every_language_has_a_voice(language: Language) -> None:
    document = full_sample(datetime.now(UTC), language)
    assert document.summary
    spoken = await speak(script(document, document.summary), language)
    assert is_opus(spoken.data)
    assert spoken.seconds > 10


async def test_without_its_programs_the_start_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ValidationError, match="CSSS_VOICE needs espeak-ng and opusenc: apt-get install"):
        Settings(_env_file=None, bot_token="1:x", voice=True)


async def test_a_program_that_fails_is_named_and_none_of_the_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "espeak-ng"
    broken.write_text("#!/bin/sh\ncat >/dev/null; exit 3\n")
    broken.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(Speechless) as failed:
        await speak("A secret about Amina.", Language.ENGLISH)
    assert str(failed.value) == "espeak-ng"
