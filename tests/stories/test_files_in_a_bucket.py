"""Files in a bucket: a picture's way to its report and its end, also when the service fails on the way."""

import asyncio
import logging
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from bot.app import Engines, build_app
from bot.dev.chaos.relay import Relay
from bot.jobs.cleanup import MIN_ORPHAN_AGE, delete_orphaned_files
from bot.patient_files import read_file
from models.crypto.vault import Content
from models.tables.scans import Report, Scan
from tests.support.account_steps import asks_to_be_forgotten
from tests.support.jobs import count, settles, waits
from tests.support.people import Clinic, open_clinic
from tests.support.process_log import written_output
from tests.support.s3 import FileService
from workflow.jobs import JobKind


@pytest.mark.slow
async def test_a_report_comes_about_and_an_erasure_empties_the_bucket_whatever_the_service_does(
    engines: Engines, files: FileService
) -> None:
    """Without it a picture is asked for again and a report waits, as with a full disk; nothing is left on this
    machine, and no log has the service's key."""
    with written_output(logging.DEBUG) as output:
        async with Relay("127.0.0.1", files.port) as relay:
            through = files._replace(port=relay.port)
            async with open_clinic(engines, keep_reports_days=0, **through.settings()) as clinic:
                await _a_picture_is_asked_for_again(clinic, files, relay)
                await _a_report_waits(clinic, engines, files, relay)
                await _an_erasure_waits_and_ends(clinic, files, relay)
                assert not (clinic.app.settings.data / "vault").exists()
    written = output.getvalue()
    assert '"event": "update failed"' in written
    assert '"event": "job failed"' in written
    assert not any(secret in written for secret in (files.secret, files.key_id, files.folder))


async def _a_picture_is_asked_for_again(clinic: Clinic, files: FileService, relay: Relay) -> None:
    relay.refuse()
    await clinic.amina.sends_photo(clinic.picture)
    reply = await clinic.amina.sees("went wrong on our side", timeout=30)
    assert "try again" in reply.text
    assert await count(clinic, Scan) == 0
    assert await asyncio.to_thread(files.names) == set()
    await relay.heal()


async def _a_report_waits(clinic: Clinic, engines: Engines, files: FileService, relay: Relay) -> None:
    await clinic.plays("completed")
    code = await clinic.approves()
    await settles(clinic)
    relay.refuse()
    await clinic.joseph.sends(code)
    await clinic.joseph.sees("is released")
    await waits(clinic, JobKind.ISSUE_REPORT)
    await relay.heal()
    await settles(clinic)
    await delete_orphaned_files(clinic.app.services)  # its first round makes the bucket this installation's
    await clinic.amina.receives_document(timeout=30)
    async with clinic.app.services.sessions() as session:
        report = (await session.scalars(select(Report))).one()
        scan = (await session.scalars(select(Scan))).one()
    stored = {scan.original_file, scan.picture_file, report.file, report.copy_file}
    assert await asyncio.to_thread(files.names) == stored | {scan.finding.heatmap_file}
    await _another_machine_reads_it(clinic, engines, scan.patient_id, report.file)
    await _an_orphan_goes(clinic, files)


async def _another_machine_reads_it(clinic: Clinic, engines: Engines, patient_id: int, name: str) -> None:
    """With a data folder of its own; database, bucket and keys are settings."""
    ours = clinic.app.settings
    theirs = {"data": ours.data.with_name("another-machine"), "database": SecretStr(ours.database_url)}
    async with build_app(ours.model_copy(update=theirs), engines) as other:
        pdf = await read_file(other.services, patient_id, name, Content.REPORT)
    assert pdf.startswith(b"%PDF")


async def _an_orphan_goes(clinic: Clinic, files: FileService) -> None:
    """A file without a row, after an hour, unless the bucket is another installation's."""
    kept = await asyncio.to_thread(files.names)
    await asyncio.to_thread(files.store().write, str(uuid4()), b"left by a kill")
    later = clinic.app.services._replace(now=lambda: datetime.now(UTC) + 2 * MIN_ORPHAN_AGE)
    await delete_orphaned_files(later._replace(secret_key=b"of another installation's " * 2))
    assert len(await asyncio.to_thread(files.names)) == len(kept) + 1
    await delete_orphaned_files(later)
    assert await asyncio.to_thread(files.names) == kept


async def _an_erasure_waits_and_ends(clinic: Clinic, files: FileService, relay: Relay) -> None:
    relay.refuse()
    await asks_to_be_forgotten(clinic.amina)
    await clinic.amina.sees("You are forgotten")
    await waits(clinic, JobKind.DELETE_FILES)
    assert len(await asyncio.to_thread(files.names)) == 5
    await relay.heal()
    await settles(clinic)
    assert await asyncio.to_thread(files.names) == set()
