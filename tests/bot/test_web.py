"""The web side: health, readiness, metrics, and Telegram's door."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from bot.app import App, Engines, NotUpgraded, build_app
from bot.dev.demo import demo_settings
from bot.dev.sandbox import Sandbox, SandboxClient
from bot.telegram.webhook import WEBHOOK
from bot.web.app import web_app
from models.schema import upgrade
from workflow.jobs import JobKind, enqueue

SECRET = "a-secret_of-Telegrams_own"


class Running(NamedTuple):
    app: App
    sandbox: Sandbox
    clinic: SandboxClient
    http: aiohttp.ClientSession
    address: str


@asynccontextmanager
async def running(engines: Engines, folder: Path, **more: Any) -> AsyncIterator[Running]:
    """The app over a sandbox, with nobody in it."""
    async with (
        Sandbox(patience=0.01) as sandbox,
        build_app(demo_settings(sandbox, folder, **more), engines) as app,
        SandboxClient(sandbox.base) as clinic,
        aiohttp.ClientSession() as http,
    ):
        await upgrade(app.engine)
        stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
        async with asyncio.TaskGroup() as group:
            group.create_task(app.run(stop, ready.set_result))
            try:
                yield Running(app, sandbox, clinic, http, await ready)
            finally:
                stop.set()


async def test_health_readiness_and_metrics_tell_of_the_house_and_of_nobody_in_it(house: Any) -> None:
    """A real clinic with a real scan: counts by stage, and no name, address or complaint in any answer."""
    await house.uploads()
    async with TestClient(TestServer(web_app(house.app.clinic, house.app.metrics))) as client:
        health, ready, metrics = [await client.get(path) for path in ("/healthz", "/readyz", "/metrics")]
        assert (health.status, await health.json()) == (200, {"status": "ok"})
        told = await ready.json()
        assert (ready.status, told["status"], told["database"]) == (200, "ready", "ok")
        assert told["model"].startswith(house.app.clinic.classifier.identity.name)
        text = await metrics.text()
        assert 'csss_scans{status="PENDING_AI"} 1.0' in text
        assert "csss_updates_total" in text
        assert "Amina" not in text + str(told)


async def test_a_probe_waits_for_no_writer(house: Any) -> None:
    """SQLite has one writer at a time; a monitor that asks every second must be neither in its way nor held up."""
    async with (
        TestClient(TestServer(web_app(house.app.clinic, house.app.metrics))) as client,
        house.app.clinic.sessions.begin() as session,
    ):
        enqueue(session, JobKind.SHOW_MENU, datetime.now(UTC) + timedelta(hours=1), chat_id=1)
        await session.flush()
        async with asyncio.timeout(3):
            answers = [(await client.get(path)).status for path in ("/readyz", "/metrics")]
    assert answers == [200, 200]


async def test_a_house_that_is_stuck_or_without_a_database_is_not_ready(engines: Engines, tmp_path: Path) -> None:
    async with (
        Sandbox() as sandbox,
        build_app(demo_settings(sandbox, tmp_path), engines) as app,
        TestClient(TestServer(web_app(app.clinic, app.metrics))) as client,
    ):
        empty = await client.get("/readyz")
        assert (empty.status, (await empty.json())["database"]) == (503, "OperationalError")
        assert (await client.get("/healthz")).status == 200
        await upgrade(app.engine)
        assert (await client.get("/readyz")).status == 200
        async with app.clinic.sessions.begin() as session:
            enqueue(session, JobKind.SHOW_MENU, datetime.now(UTC) - timedelta(minutes=6), chat_id=1)
        stuck = await client.get("/readyz")
        assert (stuck.status, (await stuck.json())["status"]) == (503, "not ready")


async def test_the_bot_does_not_start_on_a_database_of_another_version(engines: Engines, tmp_path: Path) -> None:
    async with Sandbox() as sandbox, build_app(demo_settings(sandbox, tmp_path), engines) as app:
        with pytest.raises(NotUpgraded, match="csss db upgrade"):
            await app.run(asyncio.Event(), lambda _: None)


async def test_telegrams_door_opens_to_its_secret_alone(engines: Engines, tmp_path: Path) -> None:
    """With the secret an update has its effect, once; without it, or with another, nothing runs."""
    hook = {"webhook_url": "http://127.0.0.1:1", "webhook_secret": SecretStr(SECRET)}
    async with running(engines, tmp_path, **hook) as house:
        amina = await house.clinic.person("Amina")
        # the public address is a matter of the proxy in front; here it is the house's own
        await house.app.clinic.bot.set_webhook(house.address + WEBHOOK, secret_token=SECRET)
        await amina.sends("/start")
        await amina.sees("Welcome")

        before = len(await house.clinic.calls("sendMessage"))
        person = {"id": amina.chat_id, "is_bot": False, "first_name": "Amina"}
        message = {
            "message_id": 900,
            "date": 1,
            "chat": {"id": amina.chat_id, "type": "private"},
            "from": person,
            "text": "/help",
        }
        update = {"update_id": 10**6, "message": message}
        for headers in ({}, {"X-Telegram-Bot-Api-Secret-Token": "guessed"}):
            refused = await house.http.post(house.address + WEBHOOK, json=update, headers=headers)
            assert refused.status == 401
        assert len(await house.clinic.calls("sendMessage")) == before
        right = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
        assert (await house.http.post(house.address + WEBHOOK, json=update, headers=right)).status == 200
        await amina.sees("This bot takes")
