"""The hourly cleanup: rows that ended long ago and files without a row go, everything else stays."""

import os
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from bot.jobs.cleanup import BATCH, clean_up, delete_orphaned_files
from models.crypto.vault import Content
from models.tables.accounts import load_patient_key
from models.tables.codes import Code, Purpose
from models.tables.jobs import Job
from models.tables.scans import Scan
from models.vocabulary import ScanStatus
from tests.support.jobs import count
from tests.support.people import Clinic
from tests.support.steps import a_scan
from workflow.accounts.codes import CODE_RETENTION
from workflow.jobs import ENDED_RETENTION, JobKind, enqueue

DAY = timedelta(days=1)


async def test_jobs_and_codes_that_ended_long_ago_are_deleted_in_batches(clinic: Clinic) -> None:
    now = datetime.now(UTC)
    async with clinic.app.services.sessions.begin() as session:
        for _ in range(BATCH + 3):
            enqueue(session, JobKind.SEND_VOICE, now - 60 * DAY).ended_at = now - ENDED_RETENTION - DAY
        enqueue(session, JobKind.SEND_EXPORT, now).ended_at = now - ENDED_RETENTION + DAY
        enqueue(session, JobKind.REMOVE_MESSAGE, now + DAY, chat_id=1, message_id=1)
        for age in (CODE_RETENTION - DAY, CODE_RETENTION + DAY):
            facts = {"chat_id": 1, "email": "a@example.org", "created_at": now - age, "expires_at": now - age}
            session.add(Code(purpose=Purpose.RESET_PASSWORD, **facts))
    await clean_up(clinic.app.services)
    async with clinic.app.services.sessions() as session:
        kinds = {job.kind for job in await session.scalars(select(Job))}
    assert kinds == {JobKind.SEND_EXPORT, JobKind.REMOVE_MESSAGE}
    assert await count(clinic, Code) == 1


async def test_files_of_every_scan_stay_and_an_old_file_without_a_row_goes(clinic: Clinic) -> None:
    """A kill between writing a file and committing its row leaves the file; a young one may still get its row."""
    for _ in range(3):
        await a_scan(clinic, ScanStatus.PENDING_AI)
    vault = clinic.app.services.vault
    async with clinic.app.services.sessions() as session:
        scans = (await session.scalars(select(Scan))).all()
        secret = await load_patient_key(session, scans[0].patient_id)
    kept = {name for scan in scans for name in (scan.original_file, scan.picture_file)}
    lost, young = (vault.put(b"a film", secret, Content.PICTURE) for _ in range(2))
    hours_ago = (datetime.now(UTC) - timedelta(hours=2)).timestamp()
    for name in (*kept, lost):
        os.utime(vault.store.root / name[:2] / name, (hours_ago, hours_ago))
    await delete_orphaned_files(clinic.app.services, batch=2)
    assert vault.names_before(datetime.now(UTC) + DAY) == kept | {young}
