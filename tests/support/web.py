"""A running web app over a sandbox."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp

from bot.app import App, Engines, build_app
from bot.dev.demo import demo_settings
from bot.dev.sandbox import Sandbox, SandboxClient
from models.schema import upgrade

SECRET = "a-secret_of-Telegrams_own-32-signs"


class Running(NamedTuple):
    app: App
    sandbox: Sandbox
    telegram: SandboxClient
    http: aiohttp.ClientSession
    address: str


@asynccontextmanager
async def running(engines: Engines, folder: Path, **more: Any) -> AsyncIterator[Running]:
    """The app over a sandbox without people."""
    async with (
        Sandbox(patience=0.01) as sandbox,
        build_app(demo_settings(sandbox, folder, **more), engines) as app,
        SandboxClient(sandbox.base) as telegram,
        aiohttp.ClientSession() as http,
    ):
        await upgrade(app.engine)
        stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
        async with asyncio.TaskGroup() as group:
            group.create_task(app.run(stop, ready.set_result))
            try:
                yield Running(app, sandbox, telegram, http, await ready)
            finally:
                stop.set()
