"""The report before its release: a draft, then preliminary after the doctor's signature; never marked final."""

import json
from datetime import UTC, datetime
from io import BytesIO

import pytest
from pypdf import PdfReader
from sqlalchemy import select

from bot.jobs.issue_report import send_draft
from handlers.ui.callbacks import CardAction, OnCard
from models.tables.audit import AuditRow
from models.vocabulary import ScanStatus
from tests.support.pdf import pages
from tests.support.people import Clinic
from tests.support.steps import a_scan, actor, sentence_for, until
from workflow.prescriptions.prescription import prescribe

NOW = datetime.now(UTC)
MARK = "For the clinic's staff only"


async def test_a_doctor_sees_what_is_written_so_far_as_a_draft(clinic: Clinic) -> None:
    await a_scan(clinic, ScanStatus.AI_ANALYZED, threshold=0.93)
    await clinic.rao.presses("Write findings")
    await clinic.rao.presses("Normal chest")
    await clinic.rao.presses("See the PDF", on="Written down")
    draft = pages((await clinic.rao.receives_document(timeout=30)).data)
    assert all("DRAFT" in page for page in draft)
    assert any("No active disease" in page for page in draft)
    assert any("93%" in page for page in draft), "what this class needs, which may be more than 75 %"


@pytest.mark.slow
async def test_once_the_doctor_has_signed_staff_get_a_preliminary_report(clinic: Clinic) -> None:
    """Marked on every page and in its record, without the parts not completed; each view is recorded."""
    scan = await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    async with clinic.app.services.sessions.begin() as session:
        await prescribe(session, await actor(session, "meena@example.org"), scan, ["Ibuprofen 400 mg"], NOW)
    for who in (clinic.rao, clinic.meena):
        await who.sends("/start")
        await who.forges(OnCard(action=CardAction.OPEN, scan_id=scan).pack())
        await who.presses("Preliminary report", on=f"#{scan}")
        sent = await who.receives_document(timeout=30)
        sheets = pages(sent.data)
        assert sent.name == f"preliminary-{scan}.pdf"
        assert all("Version 1 · Preliminary" in page for page in sheets)
        assert any(MARK in page and "Opacities." in page and "Dr Rao" in page for page in sheets)
        assert not any("Ibuprofen" in page or "Signed electronically" in page for page in sheets)
        assert _record(sent.data)["status"] == "preliminary"
        assert _record(sent.data).keys().isdisjoint({"prescription", "pharmacist", "administrator"})
        await who.sees("not for the patient")

    second = await a_scan(clinic, ScanStatus.PHARMACIST_COMPLETED)
    await clinic.joseph.presses("Preliminary report", on=f"#{second}")
    whole = pages((await clinic.joseph.receives_document(timeout=30)).data)
    assert any("Paracetamol 500 mg" in page and "Meena Pillai" in page for page in whole)
    assert any("Not yet signed" in page for page in whole)
    async with clinic.app.services.sessions() as session:
        looks = list(await session.scalars(select(AuditRow.role).where(AuditRow.act == "look:preliminary")))
    assert looks == ["doctor", "pharmacist", "administrator"]
    assert not [one for one in await clinic.amina.messages() if one.document]


async def test_the_final_report_takes_its_place(clinic: Clinic) -> None:
    """After the release nobody gets a preliminary one, even if requested a moment before."""
    await until(clinic, "released")
    final = await clinic.amina.receives_document(timeout=30)
    assert _record(final.data)["status"] == "final"
    assert not any("Preliminary" in page for page in pages(final.data))
    stale = await clinic.rao.forges(OnCard(action=CardAction.PRELIMINARY, scan_id=1).pack())
    assert stale.text == sentence_for(clinic, "error.stale")
    await send_draft(clinic.app.services, 1, clinic.rao.chat_id)
    assert not [one for one in await clinic.rao.messages() if one.document]


async def test_who_may_not_see_one_gets_none(clinic: Clinic) -> None:
    """Never the patient, nor others before the doctor has signed; no job sends it to a chat without permission."""
    early, signed = await a_scan(clinic, ScanStatus.AI_ANALYZED), await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    refused = [(clinic.amina, signed, "error.not_allowed"), (clinic.meena, early, "error.not_found")]
    for who, scan, key in [*refused, (clinic.joseph, signed, "error.not_found")]:
        await who.sends("/start")
        for action in (CardAction.PREVIEW, CardAction.PRELIMINARY):
            assert (await who.forges(OnCard(action=action, scan_id=scan).pack())).text == sentence_for(clinic, key)
        await send_draft(clinic.app.services, scan, who.chat_id)
        assert not [one for one in await who.messages() if one.document]


def _record(pdf: bytes) -> dict[str, object]:
    """The canonical content embedded in the PDF."""
    found: dict[str, object] = json.loads(PdfReader(BytesIO(pdf)).attachments["report.json"][0])
    return found
