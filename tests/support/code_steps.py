"""Steps for one-time codes."""

from datetime import datetime

from models.base import Sessions
from tests.support.rows import KEY, NOW, Staff, a_scan, a_staff
from workflow.accounts.codes import (
    Verdict,
    generate_digits,
)
from workflow.reporting import release

CHAT, OTHER_CHAT = 1001, 2002


def another(digits: str) -> str:
    """Six digits other than these."""
    return f"{(int(digits) + 1) % 10**6:06}"


async def a_completed_scan(sessions: Sessions) -> tuple[Staff, int]:
    async with sessions.begin() as session:
        staff = await a_staff(session)
        return staff, (await a_scan(session, staff, "PHARMACIST_COMPLETED")).id


async def several_completed_scans(sessions: Sessions, count: int) -> tuple[Staff, list[int]]:
    async with sessions.begin() as session:
        staff = await a_staff(session)
        return staff, [(await a_scan(session, staff, "PHARMACIST_COMPLETED")).id for _ in range(count)]


async def approve(sessions: Sessions, staff: Staff, scan_id: int, at: datetime = NOW) -> str:
    async with sessions.begin() as session:
        code = await release.request_code(session, staff.administrator, scan_id, CHAT, at)
        digits = generate_digits(code, KEY, at)
        assert digits is not None
        return digits


async def confirm(sessions: Sessions, staff: Staff, scan_id: int, typed: str, at: datetime = NOW) -> Verdict:
    async with sessions.begin() as session:
        return await release.release(session, staff.administrator, scan_id, typed, KEY, at)
