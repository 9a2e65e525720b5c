"""Every promise is kept under kills, outages, a full disk and wrong clocks; and broken promises are seen."""

import json

import pytest
from rich.console import Console

from bot.dev.chaos.checks import Received, deliveries
from bot.dev.chaos.conduct import run
from bot.dev.chaos.table import as_data, show
from models.tables.deliveries import Channel
from tests.support.databases import POSTGRES

ONE, TWO = "amina@example.org", "ravi@example.org"
ONCE = Received(documents=1, mails=1, message_ids=1)


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("server", ["", POSTGRES], ids=["sqlite", "postgresql"])
async def test_four_scans_reach_their_patients_whatever_happens(server: str) -> None:
    lines: list[str] = []
    result = await run(4, 7, server, lines.append)
    assert [finding for finding in result.findings if not finding.kept] == [], "\n".join(lines)
    assert json.loads(json.dumps(as_data(result)))["kept"]
    console = Console(record=True, width=160)
    show(result, console)
    assert "every report arrives once by mail" in console.export_text()


@pytest.mark.parametrize(
    ("arrived", "marked", "kept"),
    [
        (ONCE, {}, True),
        (ONCE._replace(documents=0), {}, False),
        (ONCE._replace(mails=0), {}, False),
        (ONCE._replace(documents=2), {}, False),
        (ONCE._replace(documents=2), {(ONE, Channel.EMAIL): 1}, False),
        (ONCE._replace(documents=2), {(ONE, Channel.CHAT): 1}, True),
        (ONCE._replace(documents=3), {(ONE, Channel.CHAT): 1}, False),
        (ONCE._replace(mails=2), {(ONE, Channel.EMAIL): 1}, True),
        (ONCE._replace(mails=2, message_ids=2), {(ONE, Channel.EMAIL): 1}, False),
    ],
)
def test_a_report_that_is_lost_or_doubled_is_seen(
    arrived: Received, marked: dict[tuple[str, Channel], int], kept: bool
) -> None:
    """Twice is right only where a failure hid whether it had arrived."""
    findings = deliveries({ONE: arrived, TWO: ONCE}, marked)
    assert all(finding.kept for finding in findings) is kept
