"""How each kind of job is done. A work may run twice: what it did the first time is found and not done again."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from bot import cards, deliveries
from bot.clinic import Clinic
from inference.bundle import ModelIdentity
from inference.classifier import Reading, pool
from inference.errors import Refused
from inference.gradcam import overlay
from inference.upload import open_picture
from models.people import Role
from models.quality import SilentFinding
from models.scans import Finding, Scan, Status
from reports.canonical import content_hash
from workflow import analysis, paper, quality, queries, release
from workflow.cards import show
from workflow.drift import agreement_fell, pictures_changed
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
        on = await quality.is_on(session)
    if scan.status is not Status.PENDING_AI:
        return
    original = await asyncio.to_thread(clinic.vault.get, scan.original_file)
    try:
        finding = await _read(clinic, scan, original) if on else _switched_off(clinic, scan)
    except Refused:
        await _analysis_refused(clinic, scan)
        return
    try:
        async with clinic.sessions.begin() as session:
            await analysis.record_analysis(session, finding, _now())
            if clinic.silent is not None:
                enqueue(session, JobKind.TRY_SILENTLY, _now(), scan_id=scan_id)
    except StaleAction:  # rejected meanwhile, or this job's first run got this far
        if finding.heatmap_file:
            clinic.vault.drop(finding.heatmap_file)


async def _read(clinic: Clinic, scan: Scan, original: bytes) -> Finding:
    async with clinic.sessions() as session:
        others = await queries.other_slices(session, scan)
    reading, heatmap = await asyncio.to_thread(_look, clinic, original, [other.original_file for other in others])
    return Finding(
        scan_id=scan.id,
        **_identity(reading.model),
        **reading.facts(),
        distance=reading.distance,
        slices=1 + len(others),
        heatmap_file=await asyncio.to_thread(clinic.vault.put, heatmap),
        created_at=_now(),
    )


def _look(clinic: Clinic, original: bytes, other_files: Sequence[str]) -> tuple[Reading, bytes]:
    """Read a picture, pooled with the other slices of the same heart; the heat map is this picture's own."""
    picture = open_picture(original)
    own = clinic.classifier.read(picture)
    heatmap = overlay(picture, own.heatmap, own.crop)
    if not other_files:
        return own, heatmap
    others = [clinic.classifier.read(open_picture(clinic.vault.get(name))) for name in other_files]
    return pool([own, *others], clinic.classifier.bundle.thresholds), heatmap


def _switched_off(clinic: Clinic, scan: Scan) -> Finding:
    """The model says nothing at all; the doctor's own reading is required, as with every uncertain answer."""
    said = {"uncertain": True, "doubts": ["switched_off"], "modality": scan.modality}
    return Finding(scan_id=scan.id, **_identity(clinic.classifier.identity), **said, created_at=_now())


async def try_silently(clinic: Clinic, scan_id: int) -> None:
    """Have the bundle on trial read the same picture; what it says is kept and shown to nobody."""
    if clinic.silent is None:
        return
    async with clinic.sessions() as session:
        scan = await session.get_one(Scan, scan_id)
    original = await asyncio.to_thread(clinic.vault.get, scan.original_file)
    said: dict[str, Any] = {"label": None, "confidence": 0.0, "uncertain": True, "probabilities": {}}
    try:
        reading = await asyncio.to_thread(lambda silent: silent.read(open_picture(original)), clinic.silent)
        said = {name: reading.facts()[name] for name in said}
    except Refused:
        pass
    finding = SilentFinding(scan_id=scan_id, **_identity(clinic.silent.identity), **said, created_at=_now())
    async with clinic.sessions.begin() as session:
        await quality.record_silent(session, finding)


async def check_drift(clinic: Clinic) -> None:
    """Tell the administrators, once a day at most, when the model in use leaves its control limits."""
    sha256 = clinic.classifier.identity.sha256
    async with clinic.sessions() as session:
        signs = {
            "agreement": agreement_fell(await quality.decisions(session, sha256)),
            "pictures": pictures_changed(await quality.distances(session, sha256)),
        }
        administrators = await queries.chats_of(session, Role.ADMINISTRATOR)
    for sign in (name for name, seen in signs.items() if seen):
        await deliveries.tell(clinic, administrators, f"drift:{sign}:{sha256[:16]}:{_now():%Y%m%d}", f"drift.{sign}")


def _identity(model: ModelIdentity) -> dict[str, str]:
    return {"model": model.name, "model_version": model.version, "model_sha256": model.sha256}


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
    pictures = await asyncio.to_thread(_pictures, clinic, scan)
    document = paper.document(
        scan, pictures, clinic.letterhead, _now(), _doubts(clinic, scan.finding, scan.patient.language)
    )
    pdf = await clinic.press.render(document)
    file = await asyncio.to_thread(clinic.vault.put, pdf)
    try:
        async with clinic.sessions.begin() as session:
            await release.record_report(session, scan_id, file, pdf, content_hash(document), _now())
    except StaleAction:
        clinic.vault.drop(file)


def _doubts(clinic: Clinic, finding: Finding, language: str) -> str | None:
    """Why the model is uncertain, in the words of the report's reader."""
    texts = clinic.catalogues.of(language)
    return " ".join(texts.plain(f"doubt.{doubt}") for doubt in finding.doubts) if finding.uncertain else None


def _pictures(clinic: Clinic, scan: Scan) -> paper.Pictures:
    heatmap = scan.finding and scan.finding.heatmap_file
    return paper.Pictures(clinic.vault.get(scan.picture_file), clinic.vault.get(heatmap) if heatmap else None)


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
    JobKind.TRY_SILENTLY: try_silently,
    JobKind.CHECK_DRIFT: check_drift,
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
