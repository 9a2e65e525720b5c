"""A scan that takes longer than promised: those on duty, the patient and later the administrators hear it once."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from bot.jobs.scans import delays
from bot.jobs.scans.delays import notify_delays
from bot.services import Services
from models.tables.scans import Scan
from models.vocabulary import ScanStatus
from tests.support.people import Clinic
from tests.support.steps import a_scan, scan_row


class Killed(BaseException):
    """Ends the job between two statements."""


def later(clinic: Clinic, hours: float) -> Services:
    now = datetime.now(UTC) + timedelta(hours=hours)
    return clinic.app.services._replace(now=lambda: now)


@pytest.mark.slow
async def test_a_late_scan_is_told_to_those_on_duty_and_the_patient_then_to_the_administrators(clinic: Clinic) -> None:
    scan = await a_scan(clinic, ScanStatus.AI_ANALYZED)
    await _is_stat(clinic, scan)
    await notify_delays(later(clinic, 0.9))
    assert (await scan_row(clinic, scan)).late_notified is None
    for _ in range(2):
        await notify_delays(later(clinic, 1.1))
    duty = await clinic.rao.sees(f"Scan #{scan} is late")
    assert "Amina" not in duty.text
    patient = await clinic.amina.sees(f"Your scan #{scan} takes longer")
    assert "not forgotten" in patient.text
    await clinic.joseph.does_not_see("still late")
    for _ in range(2):
        await notify_delays(later(clinic, 2.1))
    await clinic.joseph.sees(f"Scan #{scan} is still late")
    for person, words in ((clinic.rao, "is late"), (clinic.amina, "takes longer"), (clinic.joseph, "still late")):
        assert len([one for one in await person.messages() if words in one.text]) == 1


async def test_a_kill_between_the_notice_and_its_record_repeats_nothing(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    await _is_stat(clinic, scan)

    async def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(delays.promise, "record_notified", killed)
        with pytest.raises(Killed):
            await notify_delays(later(clinic, 1.1))
    await clinic.meena.sees("is late")
    await notify_delays(later(clinic, 1.1))
    assert (await scan_row(clinic, scan)).late_notified == 1
    for person, words in ((clinic.meena, "is late"), (clinic.amina, "takes longer")):
        assert len([one for one in await person.messages() if words in one.text]) == 1


async def _is_stat(clinic: Clinic, scan: int) -> None:
    async with clinic.app.services.sessions.begin() as session:
        await session.execute(update(Scan).where(Scan.id == scan).values(stat_at=datetime.now(UTC)))
