"""A job gives up: its scan is free again, and the staff are notified each time."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from models.tables.jobs import Job
from models.tables.scans import Scan
from tests.support.jobs import comes_due, waits
from tests.support.people import Clinic
from workflow.jobs import RETRY_PERIOD

pytestmark = pytest.mark.slow  # real back-off


async def test_an_analysis_that_fails_for_good_may_be_asked_for_again_and_is_told_again(clinic: Clinic) -> None:
    """The file cannot be read for two days, twice; then the disk is back."""
    await clinic.uploads()
    async with clinic.app.services.sessions() as session:
        scan = await session.get_one(Scan, 1)
    [original] = clinic.app.services.vault.store.root.rglob(scan.original_file)
    away = original.rename(original.with_suffix(".away"))
    for _ in range(2):
        await clinic.rao.presses("Analyse")
        await waits(clinic, "analyse")
        await clinic.rao.looks_away()
        await clinic.joseph.looks_away()
        await _was_tried_for_two_days(clinic)
        await clinic.joseph.sees("failed for good (analyse)", timeout=30)
        await clinic.rao.sees("The analysis of scan #1 failed", timeout=30)
    away.rename(original)
    await clinic.analyses()


async def _was_tried_for_two_days(clinic: Clinic) -> None:
    async with clinic.app.services.sessions.begin() as session:
        long_ago = datetime.now(UTC) - RETRY_PERIOD
        await session.execute(
            update(Job).where(Job.ended_at.is_(None), Job.tried_at.is_not(None)).values(tried_at=long_ago)
        )
    await comes_due(clinic)
