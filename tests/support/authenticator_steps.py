"""Steps for the administrator's authenticator app."""

from datetime import datetime, timedelta

import pyotp

from models.base import Sessions
from tests.support.rows import KEY, NOW, Staff
from workflow.accounts import authenticators
from workflow.reporting import release

STEP = timedelta(seconds=30)


async def an_app(sessions: Sessions, staff: Staff) -> tuple[pyotp.TOTP, list[str]]:
    """The administrator's phone, enrolled a while ago, and the recovery codes."""
    past = NOW - timedelta(hours=1)
    async with sessions.begin() as session:
        address = await authenticators.enrol(session, staff.administrator, "Demo", KEY, past)
        app = pyotp.parse_uri(address)
        assert isinstance(app, pyotp.TOTP)
        spare = await authenticators.confirm(session, staff.administrator, app.at(past), KEY, past)
    assert spare is not None
    return app, spare


async def requests_code(sessions: Sessions, staff: Staff, scan_id: int, at: datetime = NOW) -> None:
    async with sessions.begin() as session:
        await release.request_code(session, staff.administrator, scan_id, 1001, at)
