"""Web endpoints: health, readiness, metrics and Telegram's webhook."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from bot.app import Engines, NotUpgraded, build_app
from bot.dev.demo import demo_settings
from bot.dev.sandbox import Sandbox
from bot.telegram.webhook import WEBHOOK_PATH
from bot.web.app import build_web_app
from models.schema import upgrade
from tests.support.web import SECRET, running
from workflow.jobs import JobKind, enqueue


async def test_health_readiness_and_metrics_describe_the_service_and_nobody_in_it(clinic: Any) -> None:
    """A real hospital with a real scan: counts by stage, and no name, address or complaint in any answer."""
    await clinic.uploads()
    async with TestClient(TestServer(build_web_app(clinic.app.services, clinic.app.metrics))) as client:
        health, ready, metrics = [await client.get(path) for path in ("/healthz", "/readyz", "/metrics")]
        assert (health.status, await health.json()) == (200, {"status": "ok"})
        readiness = await ready.json()
        assert (ready.status, readiness["status"], readiness["database"]) == (200, "ready", "ok")
        assert readiness["model"].startswith(clinic.app.services.classifier.identity.name)
        text = await metrics.text()
        assert 'csss_scans{status="PENDING_AI"} 1.0' in text
        assert "csss_updates_total" in text
        assert "Amina" not in text + str(readiness)


async def test_a_probe_waits_for_no_writer(clinic: Any) -> None:
    """SQLite has one writer at a time; a monitor that asks every second neither blocks it nor waits for it."""
    async with (
        TestClient(TestServer(build_web_app(clinic.app.services, clinic.app.metrics))) as client,
        clinic.app.services.sessions.begin() as session,
    ):
        enqueue(session, JobKind.SHOW_MENU, datetime.now(UTC) + timedelta(hours=1), chat_id=1)
        await session.flush()
        async with asyncio.timeout(3):
            answers = [(await client.get(path)).status for path in ("/readyz", "/metrics")]
    assert answers == [200, 200]


async def test_a_bot_that_is_stuck_or_without_a_database_is_not_ready(engines: Engines, tmp_path: Path) -> None:
    async with (
        Sandbox() as sandbox,
        build_app(demo_settings(sandbox, tmp_path), engines) as app,
        TestClient(TestServer(build_web_app(app.services, app.metrics))) as client,
    ):
        empty = await client.get("/readyz")
        assert (empty.status, (await empty.json())["database"]) == (503, "OperationalError")
        assert (await client.get("/healthz")).status == 200
        await upgrade(app.engine)
        assert (await client.get("/readyz")).status == 200
        async with app.services.sessions.begin() as session:
            enqueue(session, JobKind.SHOW_MENU, datetime.now(UTC) - timedelta(minutes=6), chat_id=1)
        stuck = await client.get("/readyz")
        assert (stuck.status, (await stuck.json())["status"]) == (503, "not ready")


async def test_the_bot_does_not_start_on_a_database_of_another_version(engines: Engines, tmp_path: Path) -> None:
    async with Sandbox() as sandbox, build_app(demo_settings(sandbox, tmp_path), engines) as app:
        with pytest.raises(NotUpgraded, match="csss db upgrade"):
            await app.run(asyncio.Event(), lambda _: None)


async def test_the_webhook_opens_to_its_secret_alone(engines: Engines, tmp_path: Path) -> None:
    """With the secret an update has its effect once; without it, or with another, nothing runs."""
    hook = {"webhook_url": "http://127.0.0.1:1", "webhook_secret": SecretStr(SECRET)}
    async with running(engines, tmp_path, **hook) as clinic:
        amina = await clinic.telegram.person("Amina")
        # in production a proxy has the public address; here it is the server's own
        await clinic.app.services.bot.set_webhook(clinic.address + WEBHOOK_PATH, secret_token=SECRET)
        await amina.sends("/start")
        await amina.presses("English", on="Which language")
        await amina.sees("Welcome")

        before = len(await clinic.telegram.calls("sendMessage"))
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
            refused = await clinic.http.post(clinic.address + WEBHOOK_PATH, json=update, headers=headers)
            assert refused.status == 401
        assert len(await clinic.telegram.calls("sendMessage")) == before
        right = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
        assert (await clinic.http.post(clinic.address + WEBHOOK_PATH, json=update, headers=right)).status == 200
        await amina.sees("This bot takes")
