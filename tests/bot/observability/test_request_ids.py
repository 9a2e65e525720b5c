"""One id leads from a log line to the rows of the record: an update's, a job's or a web request's."""

import json
import re
from typing import Any

from sqlalchemy import select

from bot.engines import Engines
from models.tables.audit import AuditRow
from models.tables.jobs import Job
from tests.support.browser import ORIGIN, browsing
from tests.support.jobs import settles
from tests.support.people import Clinic, open_clinic
from tests.support.process_log import written_output


async def test_updates_jobs_and_web_requests_are_told_apart_in_log_and_record(engines: Engines) -> None:
    with written_output() as output:
        async with open_clinic(engines, public_url=ORIGIN) as clinic:
            ids, jobs = await _ids_of_a_story_with_a_fault(clinic)
    assert re.fullmatch(r"\d+", ids["upload"])
    assert ids["record_analysis"] in jobs
    assert re.fullmatch(r"web-[0-9a-f]{16}", ids["sign_in"])
    lines: list[dict[str, Any]] = [json.loads(one) for one in output.getvalue().splitlines() if one.startswith("{")]
    faults = [one for one in lines if one["event"] in {"Telegram cannot be reached", "job failed"}]
    assert faults
    assert all(one["request"] in jobs or one["request"].isdecimal() for one in faults)


async def _ids_of_a_story_with_a_fault(clinic: Clinic) -> tuple[dict[str, str], set[str]]:
    """The id in the record's last row of each act, and the ids of all jobs."""
    await clinic.telegram.fault("500", "sendMessage", times=1)
    await clinic.plays("analysed")
    await settles(clinic)
    async with browsing(clinic) as browser:
        await browser.signs_in(clinic, "rao@example.org")
    async with clinic.app.services.sessions() as session:
        rows = (await session.execute(select(AuditRow.act, AuditRow.request_id).order_by(AuditRow.seq))).tuples().all()
        jobs = {f"job-{number}" for number in await session.scalars(select(Job.id))}
    return {act: number or "" for act, number in rows}, jobs
