"""A sandbox for each test, a raw caller of its Bot API, and the specification that every answer is checked against."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import cv2
import numpy as np
import pytest

from bot.dev.sandbox import Person, Sandbox, SandboxClient
from tests.support.rawapi import Api, Clock, complaints, load_spec


@pytest.fixture(scope="session")
def spec() -> Any:
    return load_spec()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def sandbox(clock: Clock, spec: Any) -> AsyncIterator[Sandbox]:
    """A sandbox with a stopped clock; at teardown every answer is checked against the specification."""
    async with Sandbox(clock=clock, patience=0.01) as sandbox:
        yield sandbox
        if spec is not None:
            assert complaints(spec, sandbox.calls) == []


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def api(sandbox: Sandbox, session: aiohttp.ClientSession) -> Api:
    return Api(session, sandbox.base, sandbox.token)


@pytest.fixture
async def telegram(sandbox: Sandbox) -> AsyncIterator[SandboxClient]:
    async with SandboxClient(sandbox.base) as telegram:
        yield telegram


@pytest.fixture
async def amina(telegram: SandboxClient, api: Api) -> Person:
    """A patient who has pressed Start; the bot has received the update."""
    amina = await telegram.person("Amina Diallo", role="patient")
    await amina.sends("/start")
    await api("getUpdates", offset=-1)
    [seen] = await api("getUpdates", offset=-1)
    await api("getUpdates", offset=seen["update_id"] + 1)
    return amina


@pytest.fixture(scope="session")
def picture() -> bytes:
    """A PNG of 1600 × 1000 pixels with visible content."""
    across = np.tile(np.linspace(0, 255, 1600, dtype=np.uint8), (1000, 1))
    ok, coded = cv2.imencode(".png", cv2.merge([across, across[::-1], 255 - across]))
    assert ok
    return bytes(coded.tobytes())
