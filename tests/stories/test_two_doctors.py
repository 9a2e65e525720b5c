"""Two doctors and one scan: the second sees who reads it, cannot write, and takes over after being asked."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.jobs.worklist import end_claims
from handlers.ui.callbacks import CardAction
from handlers.ui.callbacks.reading import StartFrom
from models.tables.claims import Claim
from models.vocabulary import Role, ScanStatus
from tests.support.ownership import _moves_in
from tests.support.people import Clinic
from tests.support.steps import a_scan, button, scan_row

WRITING = ("Write findings", "Verify", "Better image")


@pytest.mark.slow
async def test_a_second_doctor_sees_who_reads_and_takes_over_after_being_asked(clinic: Clinic) -> None:
    iyer = await _moves_in(clinic, "Dr Iyer", "iyer@example.org", Role.DOCTOR)
    scan = await a_scan(clinic, ScanStatus.AI_ANALYZED)
    await clinic.rao.presses("Write findings")
    await clinic.rao.presses("Pneumonia, right")
    await clinic.rao.sees("Written down")
    card = await iyer.sees("reads it, since")
    assert "Rao" in card.text
    assert [label for label in WRITING if card.key(label)] == []
    refused = await iyer.forges(await button(clinic, CardAction.WRITE_FINDINGS, scan))
    assert "reads this scan" in (refused.text or "")
    await iyer.presses("Take over", on="reads it, since")
    await iyer.presses("Yes, take over")
    await iyer.sees("is yours now")
    await clinic.rao.sees("Dr Iyer has taken over scan")
    refused = await clinic.rao.forges(await button(clinic, CardAction.VERIFY, scan))
    assert "reads this scan" in (refused.text or "")
    reading = (await scan_row(clinic, scan)).reading
    assert reading is not None
    assert reading.doctor.name != "Dr Iyer"
    assert reading.regions
    await iyer.presses("Give back")
    await clinic.rao.presses("Verify", on="Written down")
    await clinic.meena.sees(f"Scan #{scan}")


async def test_a_claim_warns_before_it_ends_and_then_the_scan_is_free(clinic: Clinic) -> None:
    scan = await a_scan(clinic, ScanStatus.AI_ANALYZED)
    await clinic.rao.presses("Write findings")
    card = await clinic.rao.sees("Checked by the computer")
    assert card.key("Give back")
    assert "reads it" not in card.text
    await _ends_in(clinic, scan, timedelta(minutes=2))
    await end_claims(clinic.app.services)
    await clinic.rao.sees("is free for others again in 2 min")
    await _ends_in(clinic, scan, timedelta(0))
    await end_claims(clinic.app.services)
    async with clinic.app.services.sessions() as session:
        assert await session.get(Claim, scan) is None


async def _ends_in(clinic: Clinic, scan_id: int, left: timedelta) -> None:
    async with clinic.app.services.sessions.begin() as session:
        (await session.get_one(Claim, scan_id)).until = datetime.now(UTC) + left


@pytest.mark.slow
async def test_the_first_doctors_draft_is_kept_and_the_second_may_start_from_it(clinic: Clinic) -> None:
    """The second writes, sees that the first's draft is kept, starts from it; the first gets theirs back."""
    iyer = await _moves_in(clinic, "Dr Iyer", "iyer@example.org", Role.DOCTOR)
    scan = await a_scan(clinic, ScanStatus.AI_ANALYZED)
    await clinic.rao.presses("Write findings")
    await clinic.rao.presses("Tuberculosis?")
    await clinic.rao.sees("Written down")
    await iyer.presses("Take over", on="reads it, since")
    await iyer.presses("Yes, take over")
    shown = await iyer.sees("Written down")
    assert "uberculosis" in shown.text
    await iyer.presses("Write findings", on="Written down")
    await iyer.presses("Normal chest")
    mine = await iyer.sees("Written down")
    assert "uberculosis" not in mine.text
    assert mine.key("Use Dr Rao's draft")
    await iyer.presses("Use Dr Rao's draft")
    again = await iyer.sees("uberculosis")
    assert again.key("Use Dr Rao's draft") is None
    await iyer.presses("Write findings", on="Written down")
    await iyer.presses("Heart failure")
    await iyer.sees("Written down")
    await clinic.rao.presses("Take over", on="reads it, since")
    await clinic.rao.presses("Yes, take over")
    back = await clinic.rao.sees("Written down")
    assert "uberculosis" in back.text
    assert back.key("Use Dr Iyer's draft")
    refused = await clinic.meena.forges(StartFrom(scan_id=scan, number=1).pack())
    assert "Somebody else does this step" in (refused.text or "")
    await clinic.rao.presses("Verify", on="Written down")
    refused = await clinic.rao.forges(StartFrom(scan_id=scan, number=1).pack())
    assert "things have moved on" in (refused.text or "")
    assert len((await scan_row(clinic, scan)).versions) >= 2
