"""A real browser on the real sandbox; the test plays the bot."""

import asyncio
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser

from bot.dev.sandbox.api.display import Sample
from bot.dev.sandbox.server import Sandbox
from tests.support.webchat import PEOPLE, Bot, Web, Wire, picture


@pytest_asyncio.fixture(loop_scope="session")
async def sandbox() -> AsyncIterator[Sandbox]:
    samples = [
        Sample("film.jpg", "Chest X-ray", "image/jpeg", picture()),
        Sample("film.dcm", "DICOM film", "application/dicom", b"DICM"),
    ]
    async with Sandbox(samples=samples) as sandbox:
        for name, role in PEOPLE:
            sandbox.engine.start_chat(sandbox.engine.store.join(name, role, "en", None))
        yield sandbox


@pytest_asyncio.fixture(loop_scope="session")
async def bot(sandbox: Sandbox) -> AsyncIterator[Bot]:
    async with aiohttp.ClientSession() as http:
        yield Bot(http, sandbox)


@pytest.fixture
def chat_of(sandbox: Sandbox) -> Callable[[str], int]:
    """The chat id of a person, by the beginning of the name."""
    return lambda name: next(one.chat_id for one in sandbox.engine.store.people.values() if one.name.startswith(name))


@pytest.fixture
def amina(chat_of: Callable[[str], int]) -> int:
    return chat_of("Amina")


@pytest_asyncio.fixture(loop_scope="session")
async def web(browser: Browser, sandbox: Sandbox) -> AsyncIterator[Web]:
    """The page on a wide screen; a script error anywhere fails the test."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(8000)
    web = Web(await context.new_page())
    await web.opens(sandbox.web)
    yield web
    await context.close()
    assert web.problems == []


@pytest_asyncio.fixture(loop_scope="session")
async def phone(browser: Browser, sandbox: Sandbox) -> AsyncIterator[Web]:
    """The page on a phone."""
    context = await browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    context.set_default_timeout(8000)
    web = Web(await context.new_page())
    await web.opens(sandbox.web)
    yield web
    await context.close()
    assert web.problems == []


@pytest_asyncio.fixture(loop_scope="session")
async def wire(sandbox: Sandbox) -> AsyncIterator[Wire]:
    wire = Wire(int(sandbox.base.rsplit(":", 1)[1]))
    server = await asyncio.start_server(wire.carry, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    yield wire
    wire.break_off()
    server.close()
