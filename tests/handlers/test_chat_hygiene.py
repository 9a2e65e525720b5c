"""Health data in chats cannot be forwarded or saved, and is deleted in time."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.app import Engines
from bot.dev.sandbox.client.transcript import Message
from bot.jobs.cleanup import remove_message
from bot.settings import Settings
from models.tables.jobs import Job
from models.vocabulary import ScanStatus
from tests.support.jobs import comes_due, open_jobs
from tests.support.people import FINDINGS, Clinic, eventually, open_clinic
from tests.support.steps import a_scan

HOURS = 40


@pytest.fixture
async def tidy(engines: Engines) -> AsyncIterator[Clinic]:
    async with open_clinic(engines, remove_after_hours=HOURS) as opened:
        yield opened


async def _removals(clinic: Clinic) -> list[Job]:
    return [job for job in await open_jobs(clinic.app.services.sessions) if job.kind == "remove_message"]


@pytest.mark.slow
async def test_what_says_something_about_health_is_protected_and_removed_in_time_and_can_be_fetched_again(
    tidy: Clinic,
) -> None:
    """The whole story; then forty hours pass; then Amina requests her report once more."""
    await tidy.plays("completed")
    await tidy.releases()
    await tidy.amina.receives_document(timeout=60)

    health = (*FINDINGS, "Paracetamol", "%", "COVID", "opacit")
    guarded = 0
    for person in (tidy.amina, tidy.rao, tidy.meena, tidy.joseph):
        for message in await person.messages():
            if message.outgoing:
                continue
            if message.photo or message.document or any(word in message.text for word in health):
                assert message.body.get("has_protected_content"), message.text
                guarded += 1
    removals = await _removals(tidy)
    assert len(removals) >= guarded > 4
    ahead = [job.run_at - datetime.now(UTC) for job in removals]
    assert all(timedelta(hours=HOURS - 1) < one <= timedelta(hours=HOURS) for one in ahead)

    there = {place for place, message in await _shown(tidy) if message.photo or message.document}
    assert len(there) >= 2

    async def deletions_pending(session: AsyncSession) -> bool:
        jobs = await session.scalars(select(Job).where(Job.kind == "remove_message"))
        return {number for _, number in there} <= {job.payload["message_id"] for job in jobs}

    await eventually(tidy.app.services.sessions, deletions_pending)
    await comes_due(tidy)
    await eventually(tidy.app.services.sessions, _nothing_left_to_remove, within=40)
    assert not there & {place for place, _ in await _shown(tidy)}
    await tidy.amina.sends("/report")
    await tidy.amina.receives_document(timeout=60)
    await tidy.amina.sends("/status")
    await tidy.amina.sees("#1")


async def _shown(clinic: Clinic) -> list[tuple[tuple[str, int], Message]]:
    """The bot's messages in the patient's and the doctor's chats, by chat and number."""
    people = (clinic.amina, clinic.rao)
    return [
        ((one.name, message.id), message) for one in people for message in await one.messages() if not message.outgoing
    ]


async def _nothing_left_to_remove(session: AsyncSession) -> bool:
    waiting = select(Job.id).where(
        Job.kind == "remove_message", Job.ended_at.is_(None), Job.run_at <= datetime.now(UTC)
    )
    return await session.scalar(waiting.limit(1)) is None


@pytest.mark.parametrize("way", ["diagnosis", "why"])
async def test_a_draft_made_by_buttons_in_place_of_a_question_is_removed_too(tidy: Clinic, way: str) -> None:
    await a_scan(tidy, ScanStatus.AI_ANALYZED)
    await tidy.rao.presses("Write findings")
    await tidy.rao.presses("Viral pattern", on="Findings")
    if way == "why":
        await tidy.rao.presses("AI: why")
        await tidy.rao.presses("It missed a finding", on="Why is the model")
    draft = await tidy.rao.sees("Written down")
    assert draft.body.get("has_protected_content")
    assert draft.id in {job.payload["message_id"] for job in await _removals(tidy)}


async def test_nothing_is_removed_where_the_clinic_does_not_ask_for_it(clinic: Clinic) -> None:
    await clinic.uploads()
    assert await _removals(clinic) == []


async def test_a_message_that_is_gone_already_is_as_good_as_removed(clinic: Clinic) -> None:
    await remove_message(clinic.app.services, clinic.amina.chat_id, 10**6)
    await clinic.amina.blocks()
    await remove_message(clinic.app.services, clinic.amina.chat_id, 1)
    assert [call["status"] for call in await clinic.telegram.calls("deleteMessage")] == [400, 400]


@pytest.mark.parametrize("hours", [0, 48])
def test_telegram_lets_a_bot_delete_for_48_hours(hours: int) -> None:
    with pytest.raises(ValidationError, match="remove_after_hours"):
        Settings(_env_file=None, bot_token="42:token", remove_after_hours=hours)
