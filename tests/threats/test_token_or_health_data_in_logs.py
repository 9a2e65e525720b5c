"""Threat: a log, a console, a metric or a plain file tells who is ill of what, or holds a token, password or code."""

import json
import logging
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from bot.app import Engines
from bot.dev.sandbox import DEMO_TOKEN
from bot.observability.logs import Lines, set_up
from bot.web.app import web_app
from models.tables.jobs import Delivery, Job
from tests.support.jobs import settles
from tests.support.people import House, open_house
from workflow import errors
from workflow.scans import intake

PEOPLE = ("Amina", "Yusuf", "amina@example.org", "Rao", "Meena", "Joseph", "1987-04-12", "12 April 1987")
WORDS = ("cough-7f3a", "since-7f3a", "findings-7f3a", "impression-7f3a", "advice-7f3a", "drug-7f3a", "file-7f3a")
SECRETS = (DEMO_TOKEN, DEMO_TOKEN.partition(":")[2], "password-7f3a", "demo-clinic", "guess-7f3a")


@pytest.fixture
def written() -> Iterator[StringIO]:
    """All that the process writes, as `csss run` sets it up, down to what libraries say at DEBUG."""
    said, root = StringIO(), logging.getLogger()
    handlers, level, streams = root.handlers[:], root.level, (sys.stdout, sys.stderr)
    hooks = (sys.excepthook, threading.excepthook, sys.unraisablehook)
    sys.stdout = sys.stderr = said
    set_up("json", logging.DEBUG)
    yield said
    sys.stdout, sys.stderr = streams
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
async def watched(engines: Engines, written: StringIO) -> AsyncIterator[House]:
    async with open_house(engines) as opened:
        yield opened


@pytest.mark.timeout(240)
async def test_no_flow_and_no_error_writes_who_is_ill_of_what_or_any_secret(
    watched: House, written: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole story with marked words, and every trouble on the way that the sandbox can make."""
    house = watched
    code = await _a_whole_story(house)
    await _every_trouble(house, monkeypatch)
    await settles(house)

    canaries = (*PEOPLE, *WORDS, *SECRETS, code)
    said = written.getvalue()
    assert '"event": "update failed"' in said  # or nothing went wrong, and nothing was proved
    assert '"event": "job failed"' in said
    assert _found(canaries, said) == []
    assert _found(canaries, await _metrics(house)) == []
    assert _found(canaries, await _what_is_owed(house)) == []
    assert _found(canaries, *_plain_files(house.app.settings.data)) == []


async def _a_whole_story(house: House) -> str:
    await house.amina.sends_file(house.picture, "file-7f3a.jpg", caption="cough-7f3a")
    await house.amina.sees("Since when")
    await house.amina.sends("since-7f3a")
    await house.amina.sees("Thank you")
    await house.analyses()
    await house.rao.presses("Write findings")
    if "own reading" in (await house.rao.sees("")).text:
        await house.rao.sends("findings-7f3a")
        await house.rao.sees("Findings")
    for words in ("findings-7f3a", "impression-7f3a", "advice-7f3a"):
        await house.rao.sends(words)
        await house.rao.sees("")
    await house.rao.presses("Verify", on="Written down")
    await house.meena.presses("Prescribe")
    await house.meena.sends("drug-7f3a 1-0-1")
    await house.meena.presses("Complete", on="Written down")
    code = await house.approves()
    await house.clinic.fault("500", "sendDocument")
    await house.clinic.fault("451")
    await house.joseph.sends(code)
    await house.joseph.sees("is released")
    await house.amina.receives_document(timeout=30)
    return code


async def _every_trouble(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.amina.sends_file(b"%PDF cough-7f3a", "file-7f3a.pdf")
    await house.amina.sees("JPG")
    await house.joseph.sends("/audit")
    await house.amina.forges("scan:999:cough-7f3a")
    await house.amina.sends("cough-7f3a, is that bad?")
    stranger = await house.clinic.person("Stranger")
    await stranger.starts()
    link, register = ("/link", "amina@example.org", "password-7f3a"), ("/register", "Amina Yusuf", "amina@example.org")
    for words in (*link, *register, "guess-7f3a"):
        await stranger.sends(words)
        await stranger.sees("")

    async def fails(*given: Any) -> None:
        raise ValueError(*map(str, given))

    monkeypatch.setattr(intake, "describe", fails)
    await house.amina.sends_photo(house.picture, caption="cough-7f3a")
    await house.amina.sees("went wrong")
    async with aiohttp.ClientSession() as http, TestServer(web_app(house.app.clinic, house.app.metrics)) as server:
        await http.get(server.make_url("/cough-7f3a?name=Amina"))


def _found(canaries: tuple[str, ...], *texts: str) -> list[str]:
    return [one for one in canaries if any(one in text for text in texts)]


async def _metrics(house: House) -> str:
    async with TestClient(TestServer(web_app(house.app.clinic, house.app.metrics))) as client:
        return await (await client.get("/metrics")).text()


async def _what_is_owed(house: House) -> str:
    """Jobs and deliveries are kept for good, and operators look at them."""
    async with house.app.clinic.sessions() as session:
        jobs = (await session.scalars(select(Job))).all()
        keys = (await session.scalars(select(Delivery.key))).all()
    return json.dumps([*([job.payload, job.error] for job in jobs), *keys])


def _plain_files(data: Path) -> list[str]:
    """Whatever lies in the data folder, apart from what is there to hold it."""
    meant = {"vault", "signing", "clinic.db", "clinic.db-wal", "clinic.db-shm"}
    files = [file for file in data.rglob("*") if file.is_file() and not meant & set(file.relative_to(data).parts)]
    return [file.read_bytes().decode("latin-1") for file in files]


def test_a_library_that_puts_values_into_its_words_is_heard_without_them() -> None:
    """asyncio writes the text of an exception that nobody fetched into its message, without any argument."""
    record = logging.LogRecord("asyncio", logging.ERROR, "base_events.py", 1, "exception=ValueError('Amina')", (), None)
    for form in ("json", "console"):
        shown = Lines("json" if form == "json" else "console").format(record)
        assert "Amina" not in shown
        assert "asyncio" in shown


def test_what_nobody_catches_ends_in_a_line_of_the_log_too(written: StringIO) -> None:
    """A traceback on the console would quote the patient."""
    for hook in (
        lambda error: sys.excepthook(type(error), error, error.__traceback__),
        lambda error: threading.excepthook(threading.ExceptHookArgs((type(error), error, error.__traceback__, None))),
    ):
        hook(ValueError("Amina"))
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [(line["event"], line["error"]) for line in lines] == [("crashed", "ValueError")] * 2


@pytest.mark.parametrize(
    "kind", [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.ClinicError)]
)
def test_a_refusal_names_its_sentence_and_no_value(kind: type[errors.ClinicError]) -> None:
    assert str(kind(name="Amina")) == kind.key
