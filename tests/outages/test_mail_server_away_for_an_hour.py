"""An hour without a mail server, with a clock of the test's own: every mail arrives once, and soon after."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.app import App, Engines, build_app
from bot.dev.demo import demo_settings
from bot.dev.sandbox import Sandbox
from models.crypto.vault import Content
from models.schema import upgrade
from models.tables.accounts import load_patient_key
from models.tables.deliveries import Channel, Delivery
from models.tables.jobs import Job
from models.tables.scans import Report
from tests.support.rows import a_scan, a_staff
from workflow.jobs import next_due
from workflow.reporting.deliveries import create_delivery

pytestmark = pytest.mark.slow  # real back-off

REPORTS = 5
START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def desk(engines: Engines, tmp_path: Path, clock: Clock) -> AsyncIterator[tuple[App, Sandbox]]:
    """A clinic with some mails to send and no running worker."""
    async with Sandbox() as sandbox:
        settings = demo_settings(sandbox, tmp_path, mails_per_hour=9999)
        async with build_app(settings, engines, clock) as app:
            await upgrade(app.engine)
            async with app.services.sessions.begin() as session:
                for number in range(REPORTS):
                    scan = await a_scan(session, await a_staff(session), "REPORT_READY")
                    secret = await load_patient_key(session, scan.patient_id)
                    copy = app.services.vault.put(b"%PDF locked", secret, Content.COPY)
                    hashes = {"sha256": f"{number}" * 64, "content_sha256": "0" * 64}
                    facts = {"number": f"R2026-{number}", "file": copy, "copy_file": copy, "created_at": START}
                    report = Report(scan_id=scan.id, version=1, **hashes, **facts)
                    session.add(report)
                    await session.flush()
                    await create_delivery(session, report, Channel.EMAIL, START)
            yield app, sandbox


async def work(app: App, clock: Clock, until: datetime) -> None:
    """Run every job that comes due until then, each at its time."""
    while True:
        while await app.worker.run_one():
            pass
        async with app.services.sessions() as session:
            due = await next_due(session)
        if due is None or due > until:
            clock.now = until
            return
        clock.now = max(due, clock.now)


async def test_every_mail_arrives_once_after_an_hour_without_a_server(desk: tuple[App, Sandbox], clock: Clock) -> None:
    app, sandbox = desk
    await sandbox.mailbox.stop()
    await work(app, clock, START + timedelta(hours=1))
    assert sandbox.mailbox.mails == []
    async with app.services.sessions() as session:
        attempts = (await session.scalars(select(Job.attempts))).all()
    assert all(10 < tried < 30 for tried in attempts), attempts  # retries are neither hectic nor stopped

    await sandbox.mailbox.start()
    await work(app, clock, START + timedelta(hours=1, minutes=6))
    assert sorted(mail.to[0] for mail in sandbox.mailbox.mails) == sorted(
        {mail.to[0] for mail in sandbox.mailbox.mails}
    )
    assert len(sandbox.mailbox.mails) == REPORTS
    async with app.services.sessions() as session:
        assert set(await session.scalars(select(Delivery.state))) == {"sent"}
        assert await session.scalar(select(func.count()).select_from(Job).where(Job.ended_at.is_(None))) == 0


async def test_after_two_days_somebody_is_told_and_nothing_is_tried_any_more(
    desk: tuple[App, Sandbox], clock: Clock
) -> None:
    app, sandbox = desk
    await sandbox.mailbox.stop()
    await work(app, clock, START)
    clock.now = START + timedelta(days=2)
    await work(app, clock, clock.now)
    async with app.services.sessions() as session:
        assert set(await session.scalars(select(Delivery.reason))) == {"patience"}
        notifications = await session.scalar(
            select(func.count()).select_from(Job).where(Job.kind == "tell_undelivered")
        )
    assert notifications == REPORTS
