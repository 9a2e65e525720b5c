"""Starting in trouble: a server without menus, an outage, a gateway's error page."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramUnauthorizedError
from aiohttp import web

from bot.app import Engines, build_app
from bot.dev.demo import demo_settings
from bot.dev.sandbox import DEMO_TOKEN, Sandbox, SandboxClient
from bot.dev.sandbox.faults import Fault, Kind
from bot.telegram.polling import Polling
from models.schema import upgrade


@asynccontextmanager
async def started(sandbox: Sandbox, engines: Engines, data: Path) -> AsyncIterator[SandboxClient]:
    """The production assembly, started as far as possible."""
    async with build_app(demo_settings(sandbox, data), engines) as app, SandboxClient(sandbox.base) as telegram:
        await upgrade(app.engine)
        stop, ready = asyncio.Event(), asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(app.run(stop, lambda _: ready.set()))
            await ready.wait()
            yield telegram
            stop.set()


async def test_a_server_without_menus_does_not_stop_the_start(
    engines: Engines, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The menu is optional: the bot answers, and the log names the missing method."""
    async with Sandbox() as sandbox:
        sandbox.engine.faults.add(Fault(Kind.BROKEN, "setMyCommands", times=100))
        with caplog.at_level(logging.WARNING, "bot.jobs.cards"):
            async with started(sandbox, engines, tmp_path) as telegram:
                amina = await telegram.person("Amina")
                await amina.sends("/help")
                await amina.sees("chest X-ray")
    assert [record.message for record in caplog.records if record.name == "bot.jobs.cards"] == [
        "the command menu could not be shown"
    ]


@pytest.mark.slow
async def test_a_start_during_an_outage_waits_for_its_end(engines: Engines, tmp_path: Path) -> None:
    """Nobody has to start the bot again when Telegram is back."""
    async with Sandbox() as sandbox:
        for method in ("setMyCommands", "deleteWebhook"):
            sandbox.engine.faults.add(Fault(Kind.DROP, method))
        async with started(sandbox, engines, tmp_path) as telegram:
            amina = await telegram.person("Amina")
            await amina.sends("/help")
            await amina.sees("chest X-ray")
            assert [call["status"] for call in await telegram.calls("deleteWebhook")] == [0, 200]


async def test_a_token_that_telegram_does_not_know_stops_the_start(engines: Engines, tmp_path: Path) -> None:
    """A bot that cannot be reached must not look alive."""
    async with Sandbox() as sandbox, Sandbox("43:SANDBOX-of-another-bot") as other:
        settings = demo_settings(sandbox, tmp_path).model_copy(update={"bot_api": other.base})
        async with build_app(settings, engines) as app:
            await upgrade(app.engine)
            with pytest.raises(ExceptionGroup) as raised:
                await app.run(asyncio.Event(), lambda _: None)
    assert raised.value.subgroup(TelegramUnauthorizedError)


@pytest.mark.slow
async def test_a_gateways_error_page_is_an_outage_and_not_the_end() -> None:
    """Gateways in front of Telegram answer in HTML when it is down."""
    received = asyncio.Event()

    async def answer(_: web.Request) -> web.Response:
        if not received.is_set():
            received.set()
            return web.Response(status=502, text="<html>Bad Gateway</html>", content_type="text/html")
        polling.stop()
        return web.json_response({"ok": True, "result": []})

    gateway = web.Application()
    gateway.router.add_post("/{call:.*}", answer)
    runner = web.AppRunner(gateway)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server = TelegramAPIServer.from_base(f"http://127.0.0.1:{runner.addresses[0][1]}")
    bot = Bot(DEMO_TOKEN, session=AiohttpSession(api=server))
    polling = Polling(bot, Dispatcher())
    await polling.run()
    assert received.is_set()
    await bot.session.close()
    await runner.cleanup()
