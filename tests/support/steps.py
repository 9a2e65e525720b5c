"""Scans brought to a stage by the workflow's own functions, for stories that begin in the middle."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.ui.callbacks import AMENDMENT_DECISIONS, SIGNING_ACTIONS, CardAction, OnAmendment, OnCard, SignText
from handlers.ui.keyboards import button_data
from models.crypto.vault import Content
from models.tables.accounts import Account, load_patient_key
from models.tables.codes import Code
from models.tables.faq import MissedQuestion
from models.tables.scans import AiFinding, Scan
from models.vocabulary import ScanStatus
from tests.support.people import Clinic, eventually
from workflow import consent
from workflow.actors import Actor, actor_of
from workflow.prescriptions import prescription
from workflow.scans import analysis, intake, reading
from workflow.scans.draft_hash import DRAFT_HASH_DIGITS, draft_hash

ORDER = (ScanStatus.PENDING_AI, ScanStatus.AI_ANALYZED, ScanStatus.DOCTOR_VERIFIED, ScanStatus.PHARMACIST_COMPLETED)
TEXTS: dict[str, Any] = {
    "modality": "chest_xray",
    "label": "COVID",
    "confidence": 0.94,
    "uncertain": False,
    "abnormal": 0.97,
    "probabilities": {
        "COVID": 0.94,
        "Lung_Opacity": 0.02,
        "NIH_MERGED": 0.01,
        "Normal": 0.01,
        "Sick": 0.01,
        "Viral_Pneumonia": 0.01,
    },
}


async def a_scan(
    clinic: Clinic, stage: ScanStatus, patient: str = "amina@example.org", picture: bytes | None = None, **texts: Any
) -> int:
    """A scan at this stage (REPORT_READY is left to full stories); returns its number."""
    vault, now = clinic.app.services.vault, datetime.now(UTC)
    shown = picture or clinic.picture
    async with clinic.app.services.sessions.begin() as session:
        who = await actor(session, patient)
        secret = await load_patient_key(session, who.account_id)
        files = vault.put(shown, secret, Content.ORIGINAL), vault.put(shown, secret, Content.PICTURE)
        await consent.agree(session, who, now)
        scan = await intake.create_scan(session, who, intake.Upload(*files, "chest_xray"), now)
        for following in ORDER[1:]:
            if stage is ScanStatus.REJECTED or ORDER.index(following) > ORDER.index(stage):
                break
            await _step(session, clinic, scan.id, following, texts)
        if stage is ScanStatus.REJECTED:
            await reading.reject(session, await actor(session, "rao@example.org"), scan.id, "Too dark.", now)
    return scan.id


async def until(clinic: Clinic, stage: str) -> int:
    """A scan at this stage without the story in the chats; only the release is played."""
    scan_id = await a_scan(
        clinic, ScanStatus.DOCTOR_VERIFIED if stage == "verified" else ScanStatus.PHARMACIST_COMPLETED
    )
    if stage == "released":
        await clinic.joseph.sees(f"Scan #{scan_id}")
        await clinic.releases()
    return scan_id


async def _step(session: AsyncSession, clinic: Clinic, scan_id: int, to: ScanStatus, texts: dict[str, Any]) -> None:
    rao, meena = await actor(session, "rao@example.org"), await actor(session, "meena@example.org")
    vault, now = clinic.app.services.vault, datetime.now(UTC)
    match to:
        case ScanStatus.AI_ANALYZED:
            model = clinic.app.services.classifier.identity
            named = {"model": model.name, "model_version": model.version, "model_sha256": model.sha256}
            secret = await load_patient_key(session, (await session.get_one(Scan, scan_id)).patient_id)
            facts = TEXTS | {"heatmap_file": vault.put(clinic.picture, secret, Content.HEAT_MAP)} | texts
            await analysis.record_analysis(session, AiFinding(scan_id=scan_id, created_at=now, **named, **facts), now)
        case ScanStatus.DOCTOR_VERIFIED:
            words = reading.TypedFindings("Opacities.", "Infection.", "Rest.", "Pneumonia.")
            scan = await reading.write_findings(session, rao, scan_id, words, now)
            await reading.verify(session, rao, scan_id, draft_hash(scan), now)
        case ScanStatus.PHARMACIST_COMPLETED:
            scan = await prescription.prescribe(session, meena, scan_id, ["Paracetamol 500 mg"], now)
            await prescription.complete(session, meena, scan_id, draft_hash(scan), now)


def sentence_for(clinic: Clinic, key: str, **values: object) -> str:
    """The English sentence of this key, as a reader sees it."""
    return clinic.app.services.catalogues.of("en").plain(key, **values)


async def actor(session: AsyncSession, email: str) -> Actor:
    return actor_of((await session.scalars(select(Account).where(Account.email == email))).one())


async def rows(clinic: Clinic, *tables: type[Any]) -> Sequence[tuple[Any, ...]]:
    """All rows of these tables, in order; two equal results mean that nothing was written between them."""
    found: list[tuple[Any, ...]] = []
    async with clinic.app.services.sessions() as session:
        for table in tables:
            columns = table.__table__
            keys = columns.primary_key.columns
            found += [tuple(row) for row in await session.execute(select(columns).order_by(*keys))]
    return found


async def button(clinic: Clinic, action: CardAction, scan_id: int) -> str:
    """Callback data of a button of this scan in its current state, as any forgery; the button need not exist."""
    if action in AMENDMENT_DECISIONS:
        return OnAmendment(action=action, scan_id=scan_id, number=1).pack()
    async with clinic.app.services.sessions() as session:
        scan = await session.get(Scan, scan_id)
    if scan is None and action in SIGNING_ACTIONS:
        return SignText(action=action, scan_id=scan_id, draft_hash="0" * DRAFT_HASH_DIGITS).pack()
    return (button_data(scan, action) if scan else OnCard(action=action, scan_id=scan_id)).pack()


async def scan_row(clinic: Clinic, scan_id: int) -> Scan:
    async with clinic.app.services.sessions() as session:
        return await session.get_one(Scan, scan_id)


async def an_hour_passes_for_codes(clinic: Clinic) -> None:
    """Move the request times of codes an hour back; valid codes stay valid."""
    async with clinic.app.services.sessions.begin() as session:
        for code in await session.scalars(select(Code)):
            code.created_at -= timedelta(hours=1)


async def the_code_grows_old(clinic: Clinic) -> None:
    """Move the request time of the last code eleven minutes back."""
    past = timedelta(minutes=11)
    async with clinic.app.services.sessions.begin() as session:
        newest = (await session.scalars(select(Code).order_by(Code.id.desc()).limit(1))).one()
        times = {"created_at": newest.created_at - past, "expires_at": newest.expires_at - past}
        await session.execute(update(Code).where(Code.id == newest.id).values(**times))


async def asks_unanswered(clinic: Clinic, question: str = "is there parking for scooters") -> MissedQuestion:
    """The patient asks what the FAQ does not know; waits for the row, which is written after the answer."""
    await clinic.amina.sends(question)
    await clinic.amina.sees("do not know that")
    return await eventually(
        clinic.app.services.sessions, lambda session: session.scalar(select(MissedQuestion).limit(1))
    )
