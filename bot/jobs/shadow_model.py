"""The shadow model's readings, and the drift alarms of the model in use."""

from bot.jobs.analysis import identity_columns
from bot.jobs.notify import notify
from bot.patient_files import read_file
from bot.services import Services
from inference.errors import Refused
from inference.model.classifier import Classifier
from models.crypto.vault import Content
from models.tables.model_watch import ShadowFinding
from models.tables.scans import Scan
from models.vocabulary import Role
from workflow.model_watch import quality
from workflow.model_watch.drift import agreement_dropped, inputs_drifted
from workflow.scans import queries


async def read_with_shadow_model(services: Services, scan_id: int) -> None:
    """Record the shadow model's reading of an analysed scan; it is shown to nobody. Idempotent."""
    if services.shadow is None:
        return
    async with services.sessions() as session:
        scan = await session.get_one(Scan, scan_id)
    original = await read_file(services, scan.patient_id, scan.original_file, Content.ORIGINAL)
    columns = await _shadow_columns(services, services.shadow, original)
    identity = identity_columns(services.shadow.identity)
    finding = ShadowFinding(scan_id=scan_id, **identity, **columns, created_at=services.now())
    async with services.sessions.begin() as session:
        await quality.record_shadow(session, finding)


async def _shadow_columns(services: Services, shadow: Classifier, original: bytes) -> dict[str, object]:
    """The columns of the prediction; without a label where the shadow model refuses the picture."""
    columns: dict[str, object] = {"label": None, "confidence": 0.0, "uncertain": True, "probabilities": {}}
    try:
        prediction = await services.decoder.run(lambda: shadow.predict(services.decoder.decode(original)))
    except Refused:
        return columns
    facts = prediction.as_json()
    return {name: facts[name] for name in columns}


async def check_drift(services: Services) -> None:
    """Notify administrators, at most once a day, when a model in use leaves its control limits. Idempotent."""
    for identity in (services.classifier.identity, services.hearts.identity):
        await _check_drift_of(services, identity.sha256)


async def _check_drift_of(services: Services, sha256: str) -> None:
    async with services.sessions() as session:
        alarms = {
            "agreement": agreement_dropped(await quality.decisions(session, sha256)),
            "pictures": inputs_drifted(await quality.distances(session, sha256)),
        }
        administrators = await queries.chats_of_role(session, Role.ADMINISTRATOR)
    for alarm in (name for name, raised in alarms.items() if raised):
        key = f"drift:{alarm}:{sha256[:16]}:{services.now():%Y%m%d}"
        await notify(services, administrators, key, f"drift.{alarm}")
