"""More cards than Telegram's limits let through: nothing urgent waits behind them."""

from collections.abc import AsyncIterator

import pytest

from bot.app import Engines
from models.vocabulary import ScanStatus
from tests.support.jobs import open_jobs, settles
from tests.support.people import Clinic, open_clinic
from tests.support.steps import a_scan
from workflow.jobs import JobKind

SCANS = 45  # more than the 20 messages that a chat may get at once and those of a slow machine's next seconds


@pytest.fixture
async def clinic(engines: Engines) -> AsyncIterator[Clinic]:
    async with open_clinic(engines, paced=True) as opened:
        yield opened


@pytest.mark.slow
async def test_an_emergency_reaches_the_staff_while_a_backlog_of_cards_waits(clinic: Clinic) -> None:
    for _ in range(SCANS):
        await a_scan(clinic, ScanStatus.PENDING_AI)
    await clinic.amina.sends("I cannot breathe")
    await clinic.rao.sees("words of an emergency", timeout=30)
    waiting = [job for job in await open_jobs(clinic.app.services.sessions) if job.kind == JobKind.SHOW_CARD]
    assert waiting, "the limits hold nothing up: the test needs more scans"
    await settles(clinic, within=150)
    cards = [message for message in await clinic.rao.messages() if message.photo]
    assert len(cards) == SCANS
