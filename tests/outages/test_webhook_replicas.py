"""Several processes on one PostgreSQL database receive the webhook behind a balancer."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr
from sqlalchemy import select

from bot.app import Engines, build_app
from bot.dev.demo import add_cast, demo_settings
from bot.dev.sandbox import Person, Sandbox, SandboxClient
from bot.telegram.webhook import AUTH_HEADER, WEBHOOK_PATH
from models.base import Sessions
from models.schema import upgrade
from models.tables.scans import Reading, Scan, ScanEvent
from models.vocabulary import ScanStatus
from tests.support.people import FINDINGS
from tests.support.process import PATIENCE, BotProcess
from tests.support.web import SECRET

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.parametrize("database", ["postgresql"], indirect=True),
]


class Balancer:
    """Posts each update to the next process; one that does not take it has the next one asked."""

    def __init__(self, ports: list[int]) -> None:
        self._ports, self._turn = ports, count()
        self.taken: Counter[int] = Counter()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        app = web.Application(client_max_size=2**20)
        app.router.add_post(WEBHOOK_PATH, self._forward)
        async with aiohttp.ClientSession() as self._http, TestServer(app) as server:
            yield str(server.make_url("")).rstrip("/")

    async def _forward(self, request: web.Request) -> web.Response:
        body, headers = await request.read(), {AUTH_HEADER: request.headers[AUTH_HEADER]}
        first = next(self._turn)
        for place in range(len(self._ports)):
            port = self._ports[(first + place) % len(self._ports)]
            try:
                async with self._http.post(f"http://127.0.0.1:{port}{WEBHOOK_PATH}", data=body, headers=headers) as got:
                    if got.status == 200:
                        self.taken[port] += 1
                        return web.Response()
            except aiohttp.ClientError:
                continue
        return web.Response(status=503)


async def test_a_scan_goes_through_two_processes_of_which_one_is_killed_and_one_is_stopped(
    database: str, tmp_path: Path, engines: Engines, picture: bytes, unused_tcp_port_factory: Callable[[], int]
) -> None:
    """Each step of a form comes to the other process: nothing is lost, answered twice or asked again."""
    ports = [unused_tcp_port_factory() for _ in range(2)]
    balancer = Balancer(ports)
    async with (
        Sandbox(patience=0.1) as sandbox,
        SandboxClient(sandbox.base) as telegram,
        balancer.serving() as address,
        build_app(demo_settings(sandbox, tmp_path, database=SecretStr(database)), engines) as app,
    ):
        await upgrade(app.engine)
        people = [await telegram.person(one["name"]) for one in await add_cast(app.services.sessions, sandbox)]
        amina, rao, meena, joseph = people
        first, second = (
            BotProcess(
                sandbox, tmp_path, database=database, web_port=str(port), webhook_url=address, webhook_secret=SECRET
            )
            for port in ports
        )
        for process in (first, second):
            await process.starts()
        await _analysed(amina, rao, picture)
        first.kill()
        for words in FINDINGS:
            await rao.sends(words)
        await rao.presses("Verify", on="Written down", timeout=PATIENCE)
        await first.rises()
        await second.ends()
        await meena.presses("Prescribe", timeout=PATIENCE)
        await meena.presses("Fever, pain")
        await meena.presses("Complete", on="Written down", timeout=PATIENCE)
        await joseph.sees("Scan #1", timeout=PATIENCE)
        await _is_whole(app.services.sessions)
        assert all(balancer.taken[port] >= 3 for port in ports)
        questions = [one for one in await amina.messages() if "What troubles you" in one.text]
        assert len(questions) == 1
        await first.ends()


async def _analysed(amina: Person, rao: Person, picture: bytes) -> None:
    """From the picture to the doctor's open form."""
    await amina.sends_photo(picture)
    await amina.sees("What troubles you", timeout=PATIENCE)
    for words in ("Cough", "since Monday"):
        await amina.sends(words)
    await amina.sees("Thank you", timeout=PATIENCE)
    await rao.presses("Analyse", timeout=PATIENCE)
    await rao.sees("replaces none", timeout=PATIENCE)
    await rao.presses("Write findings")
    if "own reading" in (await rao.sees("")).text:
        await rao.sends("Pneumonia.")
        await rao.sees("Findings")


async def _is_whole(sessions: Sessions) -> None:
    """Every word and every step is there once."""
    async with sessions() as session:
        scan, reading = await session.get_one(Scan, 1), (await session.scalars(select(Reading))).one()
        events = (await session.scalars(select(ScanEvent.action).order_by(ScanEvent.id))).all()
    assert (scan.status, scan.complaint) == (ScanStatus.PHARMACIST_COMPLETED, "Cough")
    assert (reading.findings, reading.impression, reading.recommendations) == FINDINGS
    done = ["upload", "ask_analysis", "record_analysis", "write_findings", "verify", "prescribe", "complete"]
    assert events == done
