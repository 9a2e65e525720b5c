"""Monitoring of the model, seen by the staff."""

from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.app import Engines
from models.tables.accounts import Account
from models.tables.model_watch import ShadowFinding
from models.tables.scans import AiFinding, Reading, Scan
from models.vocabulary import Role, ScanStatus, Sex
from tests.support.account_steps import is_proved
from tests.support.people import Clinic, eventually, open_clinic
from workflow.jobs import JobKind, enqueue
from workflow.model_watch.drift import MIN_HISTORY, WINDOW

Kind = TypeVar("Kind")


@pytest.mark.slow
async def test_a_switched_off_model_says_nothing_and_the_report_says_so(clinic: Clinic) -> None:
    """Off: no label, no heat map, the doctor's own reading is required, and the report is still released."""
    await is_proved(clinic)
    await clinic.joseph.sends("/model")
    await clinic.joseph.presses("Switch the model off")
    await clinic.joseph.sees("The model is off")

    await clinic.uploads()
    await clinic.rao.presses("Analyse")
    card = await clinic.rao.sees("Switched off")
    assert not any("Heat map" in label for label in card.buttons)
    await clinic.rao.presses("Verify")
    await clinic.rao.presses("Write findings")
    await clinic.rao.sees("own reading")
    for words in ("Normal chest.", "Clear lungs.", "No acute finding.", "None."):
        await clinic.rao.sends(words)
        await clinic.rao.sees("")
    await clinic.rao.presses("Verify", on="Written down")
    await clinic.dispenses()
    await clinic.releases()

    await clinic.amina.receives_document(timeout=30)
    async with clinic.app.services.sessions() as session:
        [finding] = await session.scalars(select(AiFinding))
    assert (finding.label, finding.heatmap_file, finding.probabilities) == (None, None, {})
    assert finding.uncertain
    assert finding.doubts == ["switched_off"]


async def test_only_an_administrator_turns_the_switch(clinic: Clinic) -> None:
    """The doctor sees the card without the button; a forged press is refused and changes nothing."""
    await clinic.rao.sends("/model")
    card = await clinic.rao.sees("supports clinicians and replaces none")
    assert card.buttons == []
    answer = await clinic.rao.forges("model:0")
    assert answer.show_alert
    await clinic.joseph.sends("/model")
    await clinic.joseph.sees("The model is on")
    await clinic.amina.sends("/model")
    await clinic.amina.sees("Somebody else does this")


@pytest.mark.slow
async def test_what_doctors_think_of_the_answer_is_counted(clinic: Clinic) -> None:
    """One press signs and marks the AI as wrong; /model counts it."""
    await clinic.uploads()
    await clinic.analyses()
    await clinic.writes_findings()
    async with clinic.app.services.sessions() as session:
        [finding] = await session.scalars(select(AiFinding))
    opinion = "Verify" if finding.uncertain else "AI wrong"
    await clinic.rao.presses(opinion, on="Written down")
    await clinic.meena.sees("Verified by")

    await clinic.rao.sends("/model")
    await clinic.rao.sees(f"disagreed with {0 if finding.uncertain else 1}.")


@pytest.mark.slow
async def test_a_shadow_model_reads_along_and_is_shown_to_nobody(engines: Engines) -> None:
    async with open_clinic(engines._replace(shadow=engines.classifier)) as clinic:
        await clinic.uploads()
        await clinic.analyses()
        sessions = clinic.app.services.sessions
        shadow_row = await eventually(sessions, lambda session: _all(session, ShadowFinding))
        [finding] = await eventually(sessions, lambda session: _all(session, AiFinding))
        assert [one.label for one in shadow_row] == [finding.label]
        await clinic.rao.sends("/model")
        await clinic.rao.sees("read 1 scans and gave the same answer on 1")


async def test_administrators_hear_once_a_day_that_doctors_stopped_agreeing(clinic: Clinic) -> None:
    """A baseline of agreement, then a window of disagreement, written as rows."""
    await _decide(clinic, [True] * (MIN_HISTORY + 50) + [False] * WINDOW)
    for _ in range(2):
        async with clinic.app.services.sessions.begin() as session:
            enqueue(session, JobKind.CHECK_DRIFT, datetime.now(UTC))
    await clinic.joseph.sees("agree with the model less")
    await clinic.joseph.does_not_see("never such a sentence", within=0.3)
    alerts = [message for message in await clinic.joseph.messages() if "agree with the model less" in message.text]
    assert len(alerts) == 1


async def _all(session: AsyncSession, kind: type[Kind]) -> list[Kind]:
    return list(await session.scalars(select(kind)))


async def _decide(clinic: Clinic, opinions: list[bool]) -> None:
    model, start = clinic.app.services.classifier.identity, datetime.now(UTC) - timedelta(days=30)
    async with clinic.app.services.sessions.begin() as session:
        doctor = await session.scalar(select(Account.id).where(Account.role == Role.DOCTOR))
        patient = await session.scalar(select(Account.id).where(Account.sex == Sex.FEMALE))
        for number, agrees in enumerate(opinions):
            at = start + timedelta(minutes=number)
            scan = Scan(
                patient_id=patient, status=ScanStatus.DOCTOR_VERIFIED,
                original_file="-", picture_file="-", modality="-",
                created_at=at, changed_at=at,
            )  # fmt: skip
            session.add(scan)
            await session.flush()
            prediction = {"modality": "chest_xray", "label": "Normal", "uncertain": False}
            names = {"model": model.name, "model_version": model.version, "model_sha256": model.sha256} | prediction
            session.add(AiFinding(scan_id=scan.id, **names, created_at=at))
            session.add(Reading(scan_id=scan.id, doctor_id=doctor, findings="-", agrees=agrees, signed_at=at))
