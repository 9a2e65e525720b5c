"""Analysis of a scan by the model in use."""

from collections.abc import Sequence

from bot.jobs.notify import notify
from bot.patient_files import read_file, store_file
from bot.services import Services
from inference.errors import Refused
from inference.model.bundle import ModelIdentity
from inference.model.classifier import Prediction, pool_slices
from inference.model.gradcam import overlay
from models.crypto.vault import Content
from models.tables.scans import AiFinding, Scan
from models.vocabulary import Role, ScanStatus
from workflow.errors import StaleAction
from workflow.jobs import JobKind, enqueue
from workflow.model_watch import quality
from workflow.scans import analysis, children, queries


async def analyse(services: Services, scan_id: int) -> None:
    """Run the model on the scan, or record that it is switched off; then enqueue the shadow model. Idempotent.

    A doctor must have requested the analysis. Does nothing unless the scan's status is PENDING_AI."""
    async with services.sessions() as session:
        scan = await session.get_one(Scan, scan_id)
        enabled = await quality.is_model_enabled(session)
    if scan.status is not ScanStatus.PENDING_AI:
        return
    original = await read_file(services, scan.patient_id, scan.original_file, Content.ORIGINAL)
    try:
        finding = await _predict(services, scan, original) if enabled else _model_switched_off(services, scan)
    except Refused:
        await _reset_refused(services, scan)
        return
    try:
        async with services.sessions.begin() as session:
            await analysis.record_analysis(session, finding, services.now())
            if services.shadow is not None:
                enqueue(session, JobKind.RUN_SHADOW_MODEL, services.now(), scan_id=scan_id)
    except StaleAction:  # rejected meanwhile, or recorded by an earlier run of this job
        if finding.heatmap_file:
            services.vault.delete(finding.heatmap_file)


def identity_columns(model: ModelIdentity) -> dict[str, str]:
    """The columns of a finding that identify the model."""
    return {"model": model.name, "model_version": model.version, "model_sha256": model.sha256}


async def _predict(services: Services, scan: Scan, original: bytes) -> AiFinding:
    async with services.sessions() as session:
        others = await queries.other_slices(session, scan)
    slices = [await read_file(services, scan.patient_id, other.original_file, Content.ORIGINAL) for other in others]
    prediction, heatmap = await services.decoder.run(_predict_pooled, services, original, slices)
    prediction = children.withhold_certainty(prediction, scan.patient.date_of_birth, scan.created_at.date())
    return AiFinding(
        scan_id=scan.id,
        **identity_columns(prediction.model),
        **prediction.as_json(),
        distance=prediction.distance,
        slices=1 + len(others),
        heatmap_file=await store_file(services, scan.patient_id, heatmap, Content.HEAT_MAP),
        created_at=services.now(),
    )


def _predict_pooled(services: Services, original: bytes, slices: Sequence[bytes]) -> tuple[Prediction, bytes]:
    """The prediction pooled over all slices of the study, and the heat map of this picture. Raises Refused."""
    accepted = services.classifier.run_gate(services.decoder.decode(original))
    own = services.classifier.predict_accepted(accepted)
    heatmap = overlay(accepted.picture, own.heatmap, own.crop)
    if not slices:
        return own, heatmap
    others = [services.classifier.predict(services.decoder.decode(data)) for data in slices]
    return pool_slices([own, *others], services.classifier.bundle.thresholds), heatmap


def _model_switched_off(services: Services, scan: Scan) -> AiFinding:
    """A finding without a label: the doctor's own reading is required, as for every uncertain prediction."""
    return AiFinding(
        scan_id=scan.id,
        **identity_columns(services.classifier.identity),
        uncertain=True,
        doubts=["switched_off"],
        modality=scan.modality,
        created_at=services.now(),
    )


async def _reset_refused(services: Services, scan: Scan) -> None:
    """Reset the scan whose picture the model refuses, without a label, and notify the doctors."""
    async with services.sessions.begin() as session:
        await analysis.reset_analysis(session, scan.id)
        enqueue(session, JobKind.SHOW_CARDS, services.now(), scan_id=scan.id)
        doctors = await queries.chats_of_role(session, Role.DOCTOR)
    key = f"analysis-refused:{scan.id}:{scan.analysis_asked_at}"
    await notify(services, doctors, key, "analysis.refused", scan=scan.id)
