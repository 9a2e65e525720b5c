"""Several processes on one PostgreSQL database: one polls, a spare takes over, workers share the jobs."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import aiohttp
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from typer.testing import CliRunner

from bot.__main__ import app as csss
from bot.dev.sandbox import Sandbox, SandboxClient
from models.base import open_engine
from models.schema import upgrade
from models.tables.jobs import Job
from tests.support.databases import MASTERS
from tests.support.people import eventually
from tests.support.process import BotProcess, call
from workflow.audit.chain import Source, audited_sessions
from workflow.jobs import JobKind, enqueue

pytestmark = pytest.mark.slow
TAKEOVER = 15.0


@pytest.fixture
async def postgres(database: str) -> AsyncIterator[str]:
    if database.startswith("sqlite"):
        pytest.skip("with SQLite one process does everything")
    engine = open_engine(database)
    await upgrade(engine)
    yield database
    await engine.dispose()


async def test_the_spare_takes_over_when_the_polling_bot_is_killed(postgres: str, tmp_path: Path) -> None:
    """Two bots on two data folders, as on two machines: one answer to a message, before and after."""
    async with Sandbox() as sandbox, SandboxClient(sandbox.base) as telegram:
        first, second = (BotProcess(sandbox, tmp_path / name, database=postgres) for name in ("a", "b"))
        await first.starts()
        await second.starts_as_spare("kind=polling")
        amina = await telegram.person("Amina")
        await amina.sends("/help")
        await amina.sees("chest X-ray")
        first.kill()
        killed = monotonic()
        await amina.looks_away()
        await amina.sends("/help")
        await amina.sees("chest X-ray", timeout=60)
        assert monotonic() - killed < TAKEOVER
        assert "the spare takes over" in (second.data / "log").read_text()
        answers = [made for made in sandbox.calls if call("sendMessage", "chest X-ray")(made)]
        assert len(answers) == 2
        await second.ends()


async def test_jobs_of_a_bot_without_worker_are_done_by_two_workers_of_their_own_queues(
    postgres: str, tmp_path: Path
) -> None:
    """`csss run --no-worker`, `csss worker --queues chat` and one for the rest: each does its own."""
    engine = open_engine(postgres)
    sessions = audited_sessions(engine, b"k" * 32, Source.COMMAND_LINE, MASTERS)
    async with Sandbox() as sandbox, SandboxClient(sandbox.base) as telegram:
        processes = [
            BotProcess(sandbox, tmp_path / "data", *arguments, database=postgres)
            for arguments in (
                ("run", "--no-worker"),
                ("worker", "--queues", "chat"),
                ("worker", "--queues", "inference,reports,mail"),
            )
        ]
        await processes[0].starts()
        for process in processes[1:]:
            await process.starts_as_spare("the worker is ready")
        amina = await telegram.person("Amina")
        await amina.sends("/start")
        await amina.sees("")
        async with sessions.begin() as session:
            for kind, payload in ((JobKind.SHOW_MENU, {"chat_id": amina.chat_id}), (JobKind.CHECK_DRIFT, {})):
                enqueue(session, kind, datetime.now(UTC), **payload)
        owners = await eventually(sessions, _owners)
        assert owners[JobKind.SHOW_MENU] == {processes[1].pid}
        assert owners[JobKind.CHECK_DRIFT] == {processes[2].pid}
        [address] = re.findall(
            r"worker is ready.*address=(\S+)", (tmp_path / "data" / "log-worker-queues-chat").read_text()
        )
        async with aiohttp.ClientSession() as http, http.get(f"{address}/metrics") as answer:
            assert 'csss_jobs_total{kind="show_menu",outcome="done"}' in await answer.text()
        for process in reversed(processes):
            await process.ends()
    await engine.dispose()


async def _owners(session: AsyncSession) -> dict[str, set[str]] | None:
    """The processes that ran each kind of job, by number; None while one is open."""
    rows = (await session.scalars(select(Job))).all()
    if any(job.ended_at is None for job in rows):
        return None
    return {job.kind: {str(one.leased_by).split("|")[1] for one in rows if one.kind == job.kind} for job in rows}


def test_one_process_is_told_why_it_cannot_be_several(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    given = {"CSSS_BOT_TOKEN": "42:SANDBOX-x"}
    for arguments, words in (
        (["worker", "--allow-root"], "csss worker needs PostgreSQL"),
        (["run", "--no-worker", "--allow-root"], "--no-worker needs PostgreSQL"),
    ):
        result = CliRunner().invoke(csss, arguments, env=given)
        assert (result.exit_code, words in result.output) == (1, True)
    other = given | {"CSSS_DATABASE": "postgresql+psycopg://localhost/x"}
    result = CliRunner().invoke(csss, ["worker", "--allow-root", "--queues", "chat,fax"], env=other)
    assert "there is no queue fax: choose among inference, reports, mail, chat" in result.output
