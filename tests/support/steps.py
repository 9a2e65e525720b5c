"""Scans brought to a stage by the clinic's own verbs, for stories that begin in the middle."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.ui.decisions import DECIDE, SIGN, OnChange, OnWords, press
from handlers.ui.keyboards import CardAction, OnCard
from models.crypto.vault import Content
from models.tables.codes import Code
from models.tables.people import Account, patient_key
from models.tables.scans import Finding, Scan, Status
from tests.support.people import House
from workflow.actors import Actor, actor_of
from workflow.reporting.content_hash import MARK, mark
from workflow.scans import analysis, intake, reading

ORDER = (Status.PENDING_AI, Status.AI_ANALYZED, Status.DOCTOR_VERIFIED, Status.PHARMACIST_COMPLETED)
SAID: dict[str, Any] = {
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
    house: House, stage: Status, patient: str = "amina@example.org", picture: bytes | None = None, **said: Any
) -> int:
    """A scan at this stage (REPORT_READY is left to those who tell the whole story); returns its number."""
    vault, now = house.app.clinic.vault, datetime.now(UTC)
    shown = picture or house.picture
    async with house.app.clinic.sessions.begin() as session:
        who = await actor(session, patient)
        secret = await patient_key(session, who.account_id)
        files = vault.put(shown, secret, Content.ORIGINAL), vault.put(shown, secret, Content.PICTURE)
        scan = await intake.open_scan(session, who, intake.Upload(*files, "chest_xray"), now)
        for following in ORDER[1:]:
            if stage is Status.REJECTED or ORDER.index(following) > ORDER.index(stage):
                break
            await _step(session, house, scan.id, following, said)
        if stage is Status.REJECTED:
            await reading.reject(session, await actor(session, "rao@example.org"), scan.id, "Too dark.", now)
    return scan.id


async def _step(session: AsyncSession, house: House, scan_id: int, to: Status, said: dict[str, Any]) -> None:
    rao, meena = await actor(session, "rao@example.org"), await actor(session, "meena@example.org")
    vault, now = house.app.clinic.vault, datetime.now(UTC)
    match to:
        case Status.AI_ANALYZED:
            model = house.app.clinic.classifier.identity
            named = {"model": model.name, "model_version": model.version, "model_sha256": model.sha256}
            secret = await patient_key(session, (await session.get_one(Scan, scan_id)).patient_id)
            facts = SAID | {"heatmap_file": vault.put(house.picture, secret, Content.HEAT_MAP)} | said
            await analysis.record_analysis(session, Finding(scan_id=scan_id, created_at=now, **named, **facts), now)
        case Status.DOCTOR_VERIFIED:
            words = reading.Words("Opacities.", "Infection.", "Rest.", "Pneumonia.")
            scan = await reading.write_findings(session, rao, scan_id, words, now)
            await reading.verify(session, rao, scan_id, mark(scan), now)
        case Status.PHARMACIST_COMPLETED:
            scan = await reading.prescribe(session, meena, scan_id, ["Paracetamol 500 mg"], now)
            await reading.complete(session, meena, scan_id, mark(scan), now)


def says(house: House, key: str, **values: object) -> str:
    """The sentence that stands for this key, as an English reader sees it."""
    return house.app.clinic.catalogues.of("en").plain(key, **values)


async def actor(session: AsyncSession, email: str) -> Actor:
    return actor_of((await session.scalars(select(Account).where(Account.email == email))).one())


async def rows(house: House, *tables: type[Any]) -> Sequence[tuple[Any, ...]]:
    """All that these tables hold, in order; two answers are equal when nothing was written between them."""
    found: list[tuple[Any, ...]] = []
    async with house.app.clinic.sessions() as session:
        for table in tables:
            columns = table.__table__
            keys = columns.primary_key.columns
            found += [tuple(row) for row in await session.execute(select(columns).order_by(*keys))]
    return found


async def button(house: House, action: CardAction, scan_id: int) -> str:
    """What a button of this scan, as it stands now, would send: as good as any forgery gets. None such need be."""
    if action in DECIDE:
        return OnChange(action=action, scan_id=scan_id, number=1).pack()
    async with house.app.clinic.sessions() as session:
        scan = await session.get(Scan, scan_id)
    if scan is None and action in SIGN:
        return OnWords(action=action, scan_id=scan_id, seen="0" * MARK).pack()
    return (press(scan, action) if scan else OnCard(action=action, scan_id=scan_id)).pack()


async def scan_row(house: House, scan_id: int) -> Scan:
    async with house.app.clinic.sessions() as session:
        return await session.get_one(Scan, scan_id)


async def an_hour_passes_for_codes(house: House) -> None:
    """Codes asked for lately were asked for an hour ago; those alive stay alive."""
    async with house.app.clinic.sessions.begin() as session:
        for code in await session.scalars(select(Code)):
            code.created_at -= timedelta(hours=1)


async def the_code_grows_old(house: House) -> None:
    """The code asked for last was asked for eleven minutes ago."""
    past = timedelta(minutes=11)
    async with house.app.clinic.sessions.begin() as session:
        newest = (await session.scalars(select(Code).order_by(Code.id.desc()).limit(1))).one()
        times = {"created_at": newest.created_at - past, "expires_at": newest.expires_at - past}
        await session.execute(update(Code).where(Code.id == newest.id).values(**times))
