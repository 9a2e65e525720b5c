"""How each kind of job is done. A work may run twice: what it did the first time is found and not done again."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from bot.jobs import amendments, cards, critical_results, data_requests, deliver_report, desk, issue_report, notify
from bot.jobs.files import fetch, keep
from bot.services import Clinic
from bot.telegram.auto_delete import remove_message
from inference.errors import Refused
from inference.model.bundle import ModelIdentity
from inference.model.classifier import Reading, pool
from inference.model.gradcam import overlay
from models.crypto.vault import Content
from models.tables.jobs import Job
from models.tables.people import Role
from models.tables.quality import SilentFinding
from models.tables.scans import Finding, Scan, Status
from workflow.errors import StaleAction
from workflow.jobs import JobKind, enqueue
from workflow.model_watch import quality
from workflow.model_watch.drift import agreement_fell, pictures_changed
from workflow.reporting.deliveries import WAYS
from workflow.scans import analysis, queries
from workflow.scans.cards import show
from workflow.transitions import WAITS_FOR, hands

Work = Callable[..., Awaitable[None]]


async def show_cards(clinic: Clinic, scan_id: int) -> None:
    """Every chat that has the scan's card, its patient, and whoever is to act next.

    Who could act next but acts in another role just now hears that something waits there."""
    elsewhere: set[int] = set()
    async with clinic.sessions.begin() as session:
        scan = await session.get_one(Scan, scan_id)
        chats = {*await queries.card_chats(session, scan_id), *await queries.patient_chats(session, scan)}
        waits_for = WAITS_FOR.get(scan.status)
        if waits_for is not None and scan.released_at is None:
            acting = await queries.chats_acting(session, waits_for)
            elsewhere = {*await queries.chats_of(session, waits_for)} - {*acting} - await _signed(session, scan)
            chats.update(acting)
        for chat_id in sorted(chats):
            show(session, scan_id, chat_id, _now())
    if waits_for is not None:
        key, role = f"elsewhere:{scan_id}:{scan.status}", notify.Word(f"role.{waits_for}")
        await notify.tell(clinic, sorted(elsewhere), key, "acting.waits", scan=scan_id, role=role)


async def _signed(session: AsyncSession, scan: Scan) -> set[int]:
    """The chats of those whose name stands under it already."""
    return {chat for _, one in await hands(session, scan) for chat in await queries.chats_of_account(session, one)}


async def analyse(clinic: Clinic, scan_id: int) -> None:
    async with clinic.sessions() as session:
        scan = await session.get_one(Scan, scan_id)
        on = await quality.is_on(session)
    if scan.status is not Status.PENDING_AI:
        return
    original = await fetch(clinic, scan.patient_id, scan.original_file, Content.ORIGINAL)
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
    slices = [await fetch(clinic, scan.patient_id, other.original_file, Content.ORIGINAL) for other in others]
    reading, heatmap = await clinic.darkroom.aside(_look, clinic, original, slices)
    return Finding(
        scan_id=scan.id,
        **_identity(reading.model),
        **reading.facts(),
        distance=reading.distance,
        slices=1 + len(others),
        heatmap_file=await keep(clinic, scan.patient_id, heatmap, Content.HEAT_MAP),
        created_at=_now(),
    )


def _look(clinic: Clinic, original: bytes, slices: Sequence[bytes]) -> tuple[Reading, bytes]:
    """Read a picture, pooled with the other slices of the same heart; the heat map is this picture's own."""
    admission = clinic.classifier.admit(clinic.darkroom.open(original))
    own = clinic.classifier.read_admitted(admission)
    heatmap = overlay(admission.picture, own.heatmap, own.crop)
    if not slices:
        return own, heatmap
    others = [clinic.classifier.read(clinic.darkroom.open(one)) for one in slices]
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
    original = await fetch(clinic, scan.patient_id, scan.original_file, Content.ORIGINAL)
    said: dict[str, Any] = {"label": None, "confidence": 0.0, "uncertain": True, "probabilities": {}}
    try:
        reading = await clinic.darkroom.aside(lambda silent: silent.read(clinic.darkroom.open(original)), clinic.silent)
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
        await notify.tell(clinic, administrators, f"drift:{sign}:{sha256[:16]}:{_now():%Y%m%d}", f"drift.{sign}")


def _identity(model: ModelIdentity) -> dict[str, str]:
    return {"model": model.name, "model_version": model.version, "model_sha256": model.sha256}


async def _analysis_refused(clinic: Clinic, scan: Scan) -> None:
    """What is no scan is never labelled, even when it got as far as this."""
    async with clinic.sessions.begin() as session:
        await analysis.forget_analysis(session, scan.id)
        enqueue(session, JobKind.SHOW_CARDS, _now(), scan_id=scan.id)
        doctors = await queries.chats_of(session, Role.DOCTOR)
    key = f"analysis-refused:{scan.id}:{scan.analysis_asked_at}"
    await notify.tell(clinic, doctors, key, "analysis.refused", scan=scan.id)


WORKS: Final[Mapping[JobKind, Work]] = {
    JobKind.SHOW_CARDS: show_cards,
    JobKind.SHOW_CARD: cards.show_card,
    JobKind.SHOW_MENU: cards.show_menu,
    JobKind.ANALYSE: analyse,
    JobKind.ASK_RETAKE: notify.ask_retake,
    JobKind.MAIL_CODE: notify.mail_code,
    JobKind.MAIL_ACCOUNT_EXISTS: notify.mail_account_exists,
    JobKind.WRITE_REPORT: issue_report.write_report,
    JobKind.DELIVER: deliver_report.deliver,
    JobKind.SEND_REPORT: deliver_report.send_report,
    JobKind.MAIL_REPORT: deliver_report.mail_report,
    JobKind.SEND_VOICE: deliver_report.send_voice,
    JobKind.SEND_WHATSAPP: deliver_report.send_whatsapp,
    JobKind.TELL_UNDELIVERED: deliver_report.tell_undelivered,
    JobKind.TELL_FAILURE: notify.tell_failure,
    JobKind.CALL_STAFF: desk.call_staff,
    JobKind.CARRY_WORDS: desk.carry_words,
    JobKind.TELL_TURN: desk.tell_turn,
    JobKind.TRY_SILENTLY: try_silently,
    JobKind.CHECK_DRIFT: check_drift,
    JobKind.TELL_AMENDMENT: amendments.tell_amendment,
    JobKind.TELL_DECLINED: amendments.tell_declined,
    JobKind.WRITE_AMENDMENT: issue_report.write_amendment,
    JobKind.MARK_SUPERSEDED: amendments.mark_superseded,
    JobKind.SEND_DRAFT: issue_report.send_draft,
    JobKind.TELL_CRITICAL: critical_results.tell_critical,
    JobKind.TELL_HEARD: critical_results.tell_heard,
    JobKind.REMOVE_MESSAGE: remove_message,
    JobKind.TELL_AUTHENTICATOR_RESET: notify.tell_authenticator_reset,
    JobKind.SEND_EXPORT: data_requests.send_export,
    JobKind.CLEAR_AWAY: data_requests.clear_away,
}


async def on_failure(session: AsyncSession, job: Job) -> None:
    """A job's patience is over, in this transaction: undo what waits for it and tell those who can help."""
    scan_id = job.payload.get("scan_id")
    if job.kind == JobKind.ANALYSE:
        await analysis.forget_analysis(session, job.payload["scan_id"])
        enqueue(session, JobKind.SHOW_CARDS, _now(), scan_id=scan_id)
    if job.kind in WAYS:
        await deliver_report.give_up(session, WAYS[JobKind(job.kind)], job.payload)
    elif job.kind != JobKind.TELL_FAILURE:
        enqueue(session, JobKind.TELL_FAILURE, _now(), kind=job.kind, scan_id=scan_id, job=job.id)


def _now() -> datetime:
    return datetime.now(UTC)
