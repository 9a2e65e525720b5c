"""Earlier scans on the doctor's card, and an earlier film beside the present one."""

from datetime import UTC, datetime

import cv2
import numpy as np
import pytest
from sqlalchemy import select

from handlers.ui.callbacks import CardAction, OnCard
from handlers.ui.callbacks.history import CompareWith
from models.tables.amendments import Amendment, AmendmentState
from models.tables.audit import AuditRow
from models.tables.scans import Scan
from models.vocabulary import Role, ScanStatus
from tests.support.ownership import _moves_in
from tests.support.people import Clinic
from tests.support.steps import a_scan, actor, sentence_for
from workflow.reporting import history

SIGNED = ScanStatus.DOCTOR_VERIFIED


@pytest.mark.slow
async def test_the_doctors_card_lists_earlier_scans_and_one_press_puts_the_earlier_film_beside(clinic: Clinic) -> None:
    await _moves_in(clinic, "Bela Stranger", "bela@example.org", Role.PATIENT)
    foreign = await a_scan(clinic, SIGNED, patient="bela@example.org")
    earlier = [await a_scan(clinic, SIGNED) for _ in range(5)]
    scan = await a_scan(clinic, ScanStatus.AI_ANALYZED)
    card = await clinic.rao.sees("Earlier scans")
    assert "Infection." in card.text
    assert f"#{earlier[-1]} ·" in card.text
    assert f"#{earlier[0]} ·" not in card.text
    assert f"#{foreign} ·" not in card.text
    assert "… and 2 more" in card.text

    await clinic.rao.presses("Earlier film", on=f"Scan #{scan}")
    shown = await clinic.rao.sees(f"Left: scan #{earlier[-1]}")
    assert f"Right: scan #{scan}" in shown.text
    assert "Infection." in shown.text
    film = cv2.imdecode(np.frombuffer(await shown.download(), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert film is not None
    assert film.shape[1] > film.shape[0]
    await clinic.rao.presses(f"Beside #{earlier[0]}")
    await clinic.rao.sees(f"Left: scan #{earlier[0]}")
    async with clinic.app.services.sessions() as session:
        opened = set(await session.scalars(select(AuditRow.object_id).where(AuditRow.act == "look:compare")))
    assert opened == {str(scan), str(earlier[0]), str(earlier[-1])}


async def test_only_films_of_the_same_patient_and_earlier_ones_are_put_beside(clinic: Clinic) -> None:
    await _moves_in(clinic, "Bela Stranger", "bela@example.org", Role.PATIENT)
    foreign = await a_scan(clinic, SIGNED, patient="bela@example.org")
    scan = await a_scan(clinic, ScanStatus.AI_ANALYZED)
    later = await a_scan(clinic, ScanStatus.AI_ANALYZED)
    await clinic.rao.sees(f"Scan #{scan}")
    for other in (foreign, later, scan, 10**6):
        answer = await clinic.rao.forges(CompareWith(scan_id=scan, earlier_id=other).pack())
        assert answer.text == sentence_for(clinic, "error.stale"), other
    alone = await clinic.rao.forges(OnCard(action=CardAction.COMPARE, scan_id=foreign).pack())
    assert alone.text == sentence_for(clinic, "error.stale")
    await clinic.rao.does_not_see("Left: scan", within=0.2)


async def test_an_amended_impression_is_the_conclusion(clinic: Clinic) -> None:
    scan_id = await a_scan(clinic, SIGNED)
    async with clinic.app.services.sessions.begin() as session:
        doctor = await actor(session, "rao@example.org")
        facts = {"number": 1, "version": 2, "addendum": False, "reason": "Seen again.", "created_at": datetime.now(UTC)}
        words = {"findings": "Clear.", "impression": "Normal chest after all.", "state": AmendmentState.ISSUED}
        session.add(Amendment(scan_id=scan_id, doctor_id=doctor.account_id, **facts, **words))
    async with clinic.app.services.sessions() as session:
        scan = await session.get_one(Scan, scan_id)
        assert await history.conclusion_of(session, scan, "en") == "Normal chest after all."
