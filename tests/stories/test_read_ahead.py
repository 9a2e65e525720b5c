"""The model reads a scan on arrival: for the order only, and for a quick answer when the doctor asks."""

from collections.abc import AsyncIterator
from datetime import date

import pytest
from sqlalchemy import select, update

from bot.app import Engines
from bot.jobs import analysis as jobs
from bot.jobs.cleanup import clean_up
from models.tables.accounts import Account
from models.tables.audit import AuditRow
from models.tables.model_watch import ReadAhead
from models.tables.scans import AiFinding
from models.vocabulary import ScanStatus
from tests.support.jobs import settles
from tests.support.people import Clinic, open_clinic
from tests.support.steps import a_scan, actor, scan_row
from workflow.model_watch import quality
from workflow.queue import worklist
from workflow.queue.worklist import Priority
from workflow.scans import analysis, reading
from workflow.scans.children import CHILD_FILM


@pytest.fixture
async def ahead(engines: Engines) -> AsyncIterator[Clinic]:
    async with open_clinic(engines, read_ahead=True) as opened:
        yield opened


async def kept(clinic: Clinic, scan_id: int) -> ReadAhead | None:
    async with clinic.app.services.sessions() as session:
        return await session.get(ReadAhead, scan_id)


async def priority(clinic: Clinic) -> Priority:
    async with clinic.app.services.sessions() as session:
        rao, now = await actor(session, "rao@example.org"), clinic.app.services.now()
        return (await worklist.queue(session, rao, now, await quality.is_model_enabled(session)))[0].priority


@pytest.mark.slow
async def test_it_orders_the_queue_and_is_shown_to_nobody_before_the_doctor_asks(ahead: Clinic) -> None:
    await ahead.uploads()
    await settles(ahead)
    row = await kept(ahead, 1)
    assert row is not None
    assert row.result is not None
    assert (await scan_row(ahead, 1)).status is ScanStatus.PENDING_AI
    await ahead.rao.sends("/queue")
    assert "computer" not in (await ahead.rao.sees("Waiting for you")).text
    await ahead.rao.forges("c:heat_map:1")
    assert not [call for call in await ahead.telegram.calls() if call["method"] == "editMessageMedia"]


@pytest.mark.slow
async def test_the_answer_is_the_kept_one_and_no_second_forward_pass(
    ahead: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The finding equals what the model says at the time of asking, column by column."""
    scan_id = await a_scan(ahead, ScanStatus.PENDING_AI)
    await settles(ahead)
    services = ahead.app.services
    row = await kept(ahead, scan_id)
    fresh, _ = await jobs._predict(services, await scan_row(ahead, scan_id), [])
    assert row is not None
    assert row.result == fresh
    monkeypatch.setattr(jobs, "_predict", None)
    async with services.sessions.begin() as session:
        await analysis.ask_analysis(session, await actor(session, "rao@example.org"), scan_id, services.now())
    await settles(ahead)
    async with services.sessions() as session:
        finding = await session.get_one(AiFinding, scan_id)
        acts = (await session.scalars(select(AuditRow.act).where(AuditRow.object_id == scan_id))).all()
    assert {name: getattr(finding, name) for name in fresh.keys() - {CHILD_FILM}} | {CHILD_FILM: False} == fresh
    assert finding.heatmap_file == row.heatmap_file
    assert await kept(ahead, scan_id) is None
    assert "read_ahead" in acts
    await clean_up(services)
    assert services.vault.names_before(services.now()) >= {row.heatmap_file}


async def test_another_bundle_reads_anew(ahead: Clinic) -> None:
    scan_id = await a_scan(ahead, ScanStatus.PENDING_AI)
    await settles(ahead)
    row = await kept(ahead, scan_id)
    assert row is not None
    services = ahead.app.services
    async with services.sessions.begin() as session:
        await session.execute(update(ReadAhead).values(basis=analysis.basis_of(["another bundle"], [])))
        await analysis.ask_analysis(session, await actor(session, "rao@example.org"), scan_id, services.now())
    await settles(ahead)
    async with services.sessions() as session:
        assert (await session.get_one(AiFinding, scan_id)).heatmap_file != row.heatmap_file
    assert await kept(ahead, scan_id) is None


@pytest.mark.slow
@pytest.mark.parametrize("silent", [None, "unsure", "child", "child's film", "switched off"])
async def test_only_a_sure_answer_about_an_adult_gives_an_order(ahead: Clinic, silent: str | None) -> None:
    await a_scan(ahead, ScanStatus.PENDING_AI)
    await settles(ahead)
    async with ahead.app.services.sessions.begin() as session:
        row = await session.get_one(ReadAhead, 1)
        assert row.result is not None
        row.result = row.result | {"uncertain": silent == "unsure", "abnormal": 0.98, "label": "COVID"}
        amina = await session.get_one(Account, (await actor(session, "amina@example.org")).account_id)
        amina.date_of_birth = date(ahead.app.services.now().year - (10 if silent == "child" else 40), 1, 1)
        if silent == "child's film":
            row.result, amina.date_of_birth = row.result | {CHILD_FILM: True}, None
        if silent == "switched off":
            joseph = await actor(session, "joseph@example.org")
            now = ahead.app.services.now()
            await quality.set_model_enabled(session, joseph._replace(proved_at=now), False, now)
    assert await priority(ahead) is (Priority.ARRIVAL if silent else Priority.HIGH_RISK)


@pytest.mark.slow
async def test_a_rejected_scan_leaves_nothing_behind(ahead: Clinic) -> None:
    scan_id = await a_scan(ahead, ScanStatus.PENDING_AI)
    await settles(ahead)
    assert await kept(ahead, scan_id) is not None
    services = ahead.app.services
    async with services.sessions.begin() as session:
        await reading.reject(session, await actor(session, "rao@example.org"), scan_id, "Too dark.", services.now())
    await clean_up(services)
    assert await kept(ahead, scan_id) is None


async def test_without_the_setting_nothing_is_read_ahead(clinic: Clinic) -> None:
    scan_id = await a_scan(clinic, ScanStatus.PENDING_AI)
    await settles(clinic)
    assert await kept(clinic, scan_id) is None
