"""How each kind of job is done. A work may run twice: what it did the first time is found and not done again."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from bot import cards, deliveries
from bot.clinic import Clinic
from inference.classifier import Classifier, Reading
from inference.errors import Refused
from inference.gradcam import overlay
from inference.upload import open_picture
from models.people import Role
from models.scans import Finding, Scan, Status
from reports.canonical import content_hash
from workflow import analysis, paper, queries, release
from workflow.cards import show
from workflow.errors import StaleAction
from workflow.jobs import JobKind, enqueue
from workflow.transitions import WAITS_FOR

Work = Callable[..., Awaitable[None]]


async def show_cards(clinic: Clinic, scan_id: int) -> None:
    """Every chat that has the scan's card, its patient, and whoever is to act next."""
    async with clinic.sessions.begin() as session:
        scan = await session.get_one(Scan, scan_id)
        chats = {*await queries.card_chats(session, scan_id), *await queries.patient_chats(session, scan)}
        waits_for = WAITS_FOR.get(scan.status)
        if waits_for is not None and scan.released_at is None:
            chats.update(await queries.chats_of(session, waits_for))
        for chat_id in sorted(chats):
            show(session, scan_id, chat_id, _now())


async def analyse(clinic: Clinic, scan_id: int) -> None:
    async with clinic.sessions() as session:
        scan = await session.get_one(Scan, scan_id)
    if scan.status is not Status.PENDING_AI:
        return
    try:
        reading, heatmap = await asyncio.to_thread(_look, clinic, scan.original_file)
    except Refused:
        await _analysis_refused(clinic, scan)
        return
    name = await asyncio.to_thread(clinic.vault.put, heatmap)
    try:
        async with clinic.sessions.begin() as session:
            await analysis.record_analysis(session, _finding(scan_id, reading, name), _now())
    except StaleAction:  # rejected meanwhile, or this job's first run got this far
        clinic.vault.drop(name)


def _look(clinic: Clinic, original_file: str) -> tuple[Reading, bytes]:
    picture = open_picture(clinic.vault.get(original_file))
    classifier: Classifier = clinic.classifier
    reading = classifier.read(picture)
    return reading, overlay(picture, reading.heatmap, reading.crop)


def _finding(scan_id: int, reading: Reading, heatmap_file: str) -> Finding:
    facts = reading.facts()
    return Finding(
        scan_id=scan_id,
        model=reading.model.name,
        model_version=reading.model.version,
        model_sha256=reading.model.sha256,
        heatmap_file=heatmap_file,
        created_at=_now(),
        **{name: facts[name] for name in ("modality", "label", "confidence", "uncertain", "abnormal", "probabilities")},
    )


async def _analysis_refused(clinic: Clinic, scan: Scan) -> None:
    """What is no scan is never labelled, even when it got as far as this."""
    async with clinic.sessions.begin() as session:
        await analysis.forget_analysis(session, scan.id)
        enqueue(session, JobKind.SHOW_CARDS, _now(), scan_id=scan.id)
        doctors = await queries.chats_of(session, Role.DOCTOR)
    key = f"analysis-refused:{scan.id}:{scan.analysis_asked_at}"
    await deliveries.tell(clinic, doctors, key, "analysis.refused", scan=scan.id)


async def write_report(clinic: Clinic, scan_id: int) -> None:
    async with clinic.sessions() as session:
        scan = await session.get_one(Scan, scan_id)
    if scan.status is Status.REPORT_READY:
        return
    assert scan.finding is not None
    read = await asyncio.to_thread(
        lambda names: [clinic.vault.get(name) for name in names], (scan.picture_file, scan.finding.heatmap_file)
    )
    document = paper.document(scan, paper.Pictures(*read), clinic.letterhead, _now())
    pdf = await clinic.press.render(document)
    file = await asyncio.to_thread(clinic.vault.put, pdf)
    try:
        async with clinic.sessions.begin() as session:
            await release.record_report(session, scan_id, file, pdf, content_hash(document), _now())
    except StaleAction:
        clinic.vault.drop(file)


WORKS: Final[Mapping[JobKind, Work]] = {
    JobKind.SHOW_CARDS: show_cards,
    JobKind.SHOW_CARD: cards.show_card,
    JobKind.SHOW_MENU: cards.show_menu,
    JobKind.ANALYSE: analyse,
    JobKind.ASK_RETAKE: deliveries.ask_retake,
    JobKind.MAIL_CODE: deliveries.mail_code,
    JobKind.MAIL_ACCOUNT_EXISTS: deliveries.mail_account_exists,
    JobKind.WRITE_REPORT: write_report,
    JobKind.DELIVER: deliveries.deliver,
    JobKind.SEND_REPORT: deliveries.send_report,
    JobKind.MAIL_REPORT: deliveries.mail_report,
    JobKind.TELL_FAILURE: deliveries.tell_failure,
}


async def on_failure(clinic: Clinic, kind: str, payload: Mapping[str, Any]) -> None:
    """A job is over and failed: undo what waits for it and tell those who can help."""
    scan_id = payload.get("scan_id")
    async with clinic.sessions.begin() as session:
        if kind == JobKind.ANALYSE:
            await analysis.forget_analysis(session, payload["scan_id"])
            enqueue(session, JobKind.SHOW_CARDS, _now(), scan_id=scan_id)
        if kind != JobKind.TELL_FAILURE:
            enqueue(session, JobKind.TELL_FAILURE, _now(), kind=kind, scan_id=scan_id)


def _now() -> datetime:
    return datetime.now(UTC)
