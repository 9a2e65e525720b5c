"""The model under watch, as staff see it."""

from datetime import UTC, datetime, timedelta
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.app import Engines
from models.tables.people import Account, Role, Sex
from models.tables.quality import SilentFinding
from models.tables.scans import Finding, Reading, Scan, Status
from tests.support.people import House, eventually, open_house
from workflow.jobs import JobKind, enqueue
from workflow.model_watch.drift import LEAST, WINDOW

Kind = TypeVar("Kind")


async def test_a_switched_off_model_says_nothing_and_the_report_says_so(house: House) -> None:
    """Off: no label, no heat map, the doctor's own reading is required, and the report still goes out."""
    await house.joseph.sends("/model")
    await house.joseph.presses("Switch the model off")
    await house.joseph.sees("The model is off")

    await house.uploads()
    await house.rao.presses("Analyse")
    card = await house.rao.sees("Switched off")
    assert not any("Heat map" in label for label in card.buttons)
    await house.rao.presses("Verify")
    await house.rao.presses("Write findings")
    await house.rao.sees("own reading")
    for words in ("Normal chest.", "Clear lungs.", "No acute finding.", "None."):
        await house.rao.sends(words)
        await house.rao.sees("")
    await house.rao.presses("Verify", on="Written down")
    await house.dispenses()
    await house.releases()

    await house.amina.receives_document(timeout=30)
    async with house.app.clinic.sessions() as session:
        [finding] = await session.scalars(select(Finding))
    assert (finding.label, finding.heatmap_file, finding.probabilities) == (None, None, {})
    assert finding.uncertain
    assert finding.doubts == ["switched_off"]


async def test_only_an_administrator_turns_the_switch(house: House) -> None:
    """The doctor sees the card without the button; a forged press is refused and changes nothing."""
    await house.rao.sends("/model")
    card = await house.rao.sees("supports clinicians and replaces none")
    assert card.buttons == []
    answer = await house.rao.forges("model:0")
    assert answer.show_alert
    await house.joseph.sends("/model")
    await house.joseph.sees("The model is on")
    await house.amina.sends("/model")
    await house.amina.sees("Somebody else does this")


async def test_what_doctors_think_of_the_answer_is_counted(house: House) -> None:
    """One press signs and says that the AI was wrong; /model counts it."""
    await house.uploads()
    await house.analyses()
    await house.writes_findings()
    async with house.app.clinic.sessions() as session:
        [finding] = await session.scalars(select(Finding))
    opinion = "Verify" if finding.uncertain else "AI wrong"
    await house.rao.presses(opinion, on="Written down")
    await house.meena.sees("Verified by")

    await house.rao.sends("/model")
    await house.rao.sees(f"disagreed with {0 if finding.uncertain else 1}.")


async def test_a_silent_model_reads_along_and_is_shown_to_nobody(engines: Engines) -> None:
    async with open_house(engines._replace(silent=engines.classifier)) as house:
        await house.uploads()
        await house.analyses()
        sessions = house.app.clinic.sessions
        silent = await eventually(sessions, lambda session: _all(session, SilentFinding))
        [finding] = await eventually(sessions, lambda session: _all(session, Finding))
        assert [one.label for one in silent] == [finding.label]
        await house.rao.sends("/model")
        await house.rao.sees("read 1 scans and gave the same answer on 1")


async def test_administrators_hear_once_a_day_that_doctors_stopped_agreeing(house: House) -> None:
    """A past of agreement, then a window of disagreement, written to the database as it would have come about."""
    await _decide(house, [True] * (LEAST + 50) + [False] * WINDOW)
    for _ in range(2):
        async with house.app.clinic.sessions.begin() as session:
            enqueue(session, JobKind.CHECK_DRIFT, datetime.now(UTC))
    await house.joseph.sees("agree with the model less")
    await house.joseph.does_not_see("never such a sentence", within=0.3)
    told = [message for message in await house.joseph.messages() if "agree with the model less" in message.text]
    assert len(told) == 1


async def _all(session: AsyncSession, kind: type[Kind]) -> list[Kind]:
    return list(await session.scalars(select(kind)))


async def _decide(house: House, opinions: list[bool]) -> None:
    model, start = house.app.clinic.classifier.identity, datetime.now(UTC) - timedelta(days=30)
    async with house.app.clinic.sessions.begin() as session:
        doctor = await session.scalar(select(Account.id).where(Account.role == Role.DOCTOR))
        patient = await session.scalar(select(Account.id).where(Account.sex == Sex.FEMALE))
        for number, agrees in enumerate(opinions):
            at = start + timedelta(minutes=number)
            scan = Scan(
                patient_id=patient, status=Status.DOCTOR_VERIFIED, original_file="-", picture_file="-", modality="-",
                created_at=at, changed_at=at,
            )  # fmt: skip
            session.add(scan)
            await session.flush()
            said = {"modality": "chest_xray", "label": "Normal", "uncertain": False}
            names = {"model": model.name, "model_version": model.version, "model_sha256": model.sha256} | said
            session.add(Finding(scan_id=scan.id, **names, created_at=at))
            session.add(Reading(scan_id=scan.id, doctor_id=doctor, findings="-", agrees=agrees, signed_at=at))
