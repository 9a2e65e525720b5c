"""STAT: one press on the card heads the order, tells those on duty once, and is in the record."""

import pytest
from sqlalchemy import select

from models.tables.audit import AuditRow
from models.vocabulary import Role, ScanStatus
from tests.support.jobs import settles
from tests.support.ownership import _moves_in
from tests.support.people import Clinic
from tests.support.steps import a_scan, scan_row


@pytest.mark.slow
async def test_one_press_heads_the_order_and_tells_the_doctors_on_duty_once(clinic: Clinic) -> None:
    iyer = await _moves_in(clinic, "Dr Iyer", "iyer@example.org", Role.DOCTOR)
    for _ in range(2):
        await a_scan(clinic, ScanStatus.PENDING_AI)
    rao = clinic.rao
    await rao.sees("Scan #2")
    await rao.presses("⚡ STAT", on="Scan #2")
    await rao.sees("STAT: to be read first")
    notice = await iyer.sees("scan #2 is asked to be read first")
    assert "Amina" not in notice.text
    await rao.sends("/queue")
    queue = await rao.sees("Waiting for you")
    assert queue.buttons[:3] == ["⚡ #2", "▫️ #1", "🔴 Urgent (1)"]
    for _ in range(2):
        await rao.presses("⚡ Not STAT", on="Scan #2")
        await rao.presses("⚡ STAT", on="Scan #2")
    await settles(clinic)
    notices = [one for one in await iyer.messages() if "asked to be read first" in one.text]
    assert len(notices) == 1
    assert not [one for one in await rao.messages() if "asked to be read first" in one.text]
    async with clinic.app.services.sessions() as session:
        acts = (
            await session.scalars(
                select(AuditRow.act).where(AuditRow.act.startswith("set_stat")).order_by(AuditRow.seq)
            )
        ).all()
    assert acts == ["set_stat:on", *(["set_stat:off", "set_stat:on"] * 2)]


async def test_a_pharmacist_and_a_patient_may_not(clinic: Clinic) -> None:
    scan_id = await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    for person in (clinic.meena, clinic.amina):
        await person.sends("/help")
        await person.sees("")
        assert (await person.forges(f"c:stat:{scan_id}")).text
    assert (await scan_row(clinic, scan_id)).stat_at is None
