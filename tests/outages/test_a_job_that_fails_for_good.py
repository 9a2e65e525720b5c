"""When patience ends: what waited for the job is free again, and those who can help hear of it, each time."""

from datetime import UTC, datetime

from sqlalchemy import update

from models.tables.jobs import Job
from models.tables.scans import Scan
from tests.support.jobs import comes_due, waits
from tests.support.people import House
from workflow.jobs import PATIENCE


async def test_an_analysis_that_fails_for_good_may_be_asked_for_again_and_is_told_again(house: House) -> None:
    """The file cannot be read for two days, twice; then the disk is back."""
    await house.uploads()
    async with house.app.clinic.sessions() as session:
        scan = await session.get_one(Scan, 1)
    [original] = house.app.clinic.vault.root.rglob(scan.original_file)
    away = original.rename(original.with_suffix(".away"))
    for _ in range(2):
        await house.rao.presses("Analyse")
        await waits(house, "analyse")
        await house.rao.looks_away()
        await house.joseph.looks_away()
        await _was_tried_for_two_days(house)
        await house.joseph.sees("failed for good (analyse)", timeout=30)
        await house.rao.sees("The analysis of scan #1 failed", timeout=30)
    away.rename(original)
    await house.analyses()


async def _was_tried_for_two_days(house: House) -> None:
    async with house.app.clinic.sessions.begin() as session:
        long_ago = datetime.now(UTC) - PATIENCE
        await session.execute(
            update(Job).where(Job.ended_at.is_(None), Job.tried_at.is_not(None)).values(tried_at=long_ago)
        )
    await comes_due(house)
