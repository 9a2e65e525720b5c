"""Analysis of a scan by the model in use, when a doctor asks for it, and ahead of it for the order of the queue."""

from collections.abc import Sequence
from typing import Any

from bot.jobs.notify import notify
from bot.patient_files import read_file, store_file
from bot.services import Services
from inference.errors import Refused
from inference.heart.accepted import read_accepted
from inference.heart.drawing import draw_sheet
from inference.model.bundle import ModelIdentity
from inference.model.classifier import GateResult
from inference.model.gradcam import overlay
from models.crypto.vault import Content
from models.tables.model_watch import ReadAhead
from models.tables.scans import AiFinding, Scan
from models.vocabulary import Modality, Role, ScanStatus
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
    try:
        finding = await _find(services, scan) if enabled else _model_switched_off(services, scan)
    except Refused:
        await _reset_refused(services, scan)
        return
    try:
        async with services.sessions.begin() as session:
            await analysis.record_analysis(session, finding, services.now())
            if services.shadow is not None:
                enqueue(session, JobKind.RUN_SHADOW_MODEL, services.now(), scan_id=scan_id)
    except StaleAction:  # rejected meanwhile, or recorded by an earlier run; the clean-up deletes the heat map
        return


async def read_ahead(services: Services, scan_id: int) -> None:
    """Run the model on a scan before anybody asks, and keep the result for the order of the queue. Idempotent.

    Does nothing when the model is switched off, or when a doctor has asked or decided by now. A picture that the model
    refuses is left to the analysis. The clean-up deletes the heat map of a result that was not kept."""
    async with services.sessions() as session:
        scan = await session.get_one(Scan, scan_id)
        enabled = await quality.is_model_enabled(session)
    if scan.status is not ScanStatus.PENDING_AI or scan.analysis_asked_at is not None or not enabled:
        return
    others = await _other_slices(services, scan)
    try:
        columns, heatmap_file = await _predict(services, scan, others)
    except Refused:
        return
    ahead = ReadAhead(
        scan_id=scan_id,
        basis=_basis(services, others),
        result=columns,
        heatmap_file=heatmap_file,
        created_at=services.now(),
    )
    async with services.sessions.begin() as session:
        await analysis.keep_ahead(session, ahead, services.now())


def identity_columns(model: ModelIdentity) -> dict[str, str]:
    """The columns of a finding that identify the model."""
    return {"model": model.name, "model_version": model.version, "model_sha256": model.sha256}


async def _find(services: Services, scan: Scan) -> AiFinding:
    """The finding from what was read ahead, or from a forward pass where bundle or album are others by now."""
    others = await _other_slices(services, scan)
    async with services.sessions() as session:
        ahead = await session.get(ReadAhead, scan.id)
    if ahead is not None and ahead.result is not None and ahead.basis == _basis(services, others):
        columns, heatmap_file = ahead.result, ahead.heatmap_file
    else:
        columns, heatmap_file = await _predict(services, scan, others)
    columns = children.withhold_certainty(columns, scan.patient.date_of_birth, scan.created_at.date())
    return AiFinding(scan_id=scan.id, **columns, heatmap_file=heatmap_file, created_at=services.now())


async def _other_slices(services: Services, scan: Scan) -> Sequence[Scan]:
    async with services.sessions() as session:
        return await queries.other_slices(session, scan)


def _basis(services: Services, others: Sequence[Scan]) -> str:
    bundles = [services.classifier.identity.sha256, services.hearts.identity.sha256]
    return analysis.basis_of(bundles, [other.id for other in others])


async def _predict(services: Services, scan: Scan, others: Sequence[Scan]) -> tuple[dict[str, Any], str]:
    """The columns of the finding, and the stored heat map. Raises Refused."""
    original = await read_file(services, scan.patient_id, scan.original_file, Content.ORIGINAL)
    slices = [await read_file(services, scan.patient_id, other.original_file, Content.ORIGINAL) for other in others]
    earlier = sum(other.id < scan.id for other in others)
    columns, picture = await services.decoder.run(_read_pictures, services, original, slices, earlier)
    return columns, await store_file(services, scan.patient_id, picture, Content.HEAT_MAP)


def _read_pictures(
    services: Services, original: bytes, slices: Sequence[bytes], earlier: int
) -> tuple[dict[str, Any], bytes]:
    """The finding's columns, and the JPEG of the heat map or of the outlined slices. Raises Refused.

    `slices` are the album's other slices, of which `earlier` were sent before this one."""
    accepted = services.classifier.run_gate(services.decoder.decode(original))
    if accepted.modality is Modality.CARDIAC_MRI:
        others = [services.classifier.run_gate(services.decoder.decode(data)) for data in slices]
        album = [one for one in (*others[:earlier], accepted, *others[earlier:]) if one.modality is accepted.modality]
        return _read_heart(services, accepted, album)
    own = services.classifier.predict_accepted(accepted)
    columns = (
        identity_columns(own.model) | own.as_json() | {"distance": own.distance, children.CHILD_FILM: own.child_film}
    )
    return columns, overlay(accepted.picture, own.heatmap, own.crop)


def _read_heart(services: Services, own: GateResult, album: Sequence[GateResult]) -> tuple[dict[str, Any], bytes]:
    """The reading of all slices, and the sheet with their outlines."""
    reading, slices = read_accepted(services.classifier, services.hearts, album)
    facts = reading.as_json() | {"adjustments": [adjustment.value for adjustment in own.picture.adjustments]}
    heart = {name: facts.pop(name) for name in ("phases", "slices", "measures")}
    columns = identity_columns(reading.model) | facts
    columns |= {"heart": heart, "slices": len(album), "distance": own.forward.distance}
    return columns, draw_sheet([one.picture.grey for one in album], [one.outline for one in slices])


def _model_switched_off(services: Services, scan: Scan) -> AiFinding:
    """A finding without a label: the doctor's own reading is required, as for every uncertain prediction."""
    return AiFinding(
        scan_id=scan.id,
        **identity_columns(
            (services.hearts if scan.modality == Modality.CARDIAC_MRI else services.classifier).identity
        ),
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
