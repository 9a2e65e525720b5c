"""Threat: a log, a console, a metric or a plain file reveals a diagnosis of a person, a token, a password or a code."""

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
from bot.observability.logs import LogFormatter
from bot.web.app import build_web_app
from models.tables.deliveries import Delivery
from models.tables.jobs import Job
from tests.support.jobs import settles
from tests.support.people import Clinic, open_clinic
from tests.support.process_log import written_output
from workflow import errors
from workflow.scans import intake

PEOPLE = ("Amina", "Yusuf", "amina@example.org", "Rao", "Meena", "Joseph", "1987-04-12", "12 April 1987")
WORDS = ("cough-7f3a", "since-7f3a", "findings-7f3a", "impression-7f3a", "advice-7f3a", "drug-7f3a", "file-7f3a")
SECRETS = (DEMO_TOKEN, DEMO_TOKEN.partition(":")[2], "password-7f3a", "demo-clinic", "guess-7f3a")


@pytest.fixture
def written() -> Iterator[StringIO]:
    """Including libraries at DEBUG."""
    with written_output(logging.DEBUG) as output:
        yield output


@pytest.fixture
async def watched(engines: Engines, written: StringIO) -> AsyncIterator[Clinic]:
    async with open_clinic(engines) as opened:
        yield opened


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_no_flow_and_no_error_writes_who_is_ill_of_what_or_any_secret(
    watched: Clinic, written: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole story with marked texts, and every fault that the sandbox can inject."""
    clinic = watched
    code = await _a_whole_story(clinic)
    await _every_trouble(clinic, monkeypatch)
    await settles(clinic)

    canaries = (*PEOPLE, *WORDS, *SECRETS, code)
    output = written.getvalue()
    assert '"event": "update failed"' in output  # otherwise no fault occurred and the test proves nothing
    assert '"event": "job failed"' in output
    assert _found(canaries, output) == []
    assert _found(canaries, await _metrics(clinic)) == []
    assert _found(canaries, await _jobs_and_deliveries(clinic)) == []
    assert _found(canaries, *_plain_files(clinic.app.settings.data)) == []


async def _a_whole_story(clinic: Clinic) -> str:
    await clinic.amina.sends_file(clinic.picture, "file-7f3a.jpg", caption="cough-7f3a")
    await clinic.amina.sees("Since when")
    await clinic.amina.sends("since-7f3a")
    await clinic.amina.sees("Thank you")
    await clinic.analyses()
    await clinic.rao.presses("Write findings")
    if "own reading" in (await clinic.rao.sees("")).text:
        await clinic.rao.sends("findings-7f3a")
        await clinic.rao.sees("Findings")
    for words in ("findings-7f3a", "impression-7f3a", "advice-7f3a"):
        await clinic.rao.sends(words)
        await clinic.rao.sees("")
    await clinic.rao.presses("Verify", on="Written down")
    await clinic.meena.presses("Prescribe")
    await clinic.meena.sends("drug-7f3a 1-0-1")
    await clinic.meena.presses("Complete", on="Written down")
    await clinic.rao.presses("Countersign", on="Waits for a doctor")
    code = await clinic.approves()
    await clinic.telegram.fault("500", "sendDocument")
    await clinic.telegram.fault("451")
    await clinic.joseph.sends(code)
    await clinic.joseph.sees("is released")
    await clinic.amina.receives_document(timeout=30)
    return code


async def _every_trouble(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    await clinic.amina.sends_file(b"%PDF cough-7f3a", "file-7f3a.pdf")
    await clinic.amina.sees("JPG")
    await clinic.joseph.sends("/audit")
    await clinic.amina.forges("scan:999:cough-7f3a")
    await clinic.amina.sends("cough-7f3a, is that bad?")
    stranger = await clinic.telegram.person("Stranger")
    await stranger.starts()
    link = ("/link", "amina@example.org", "password-7f3a")
    register = ("/register", "📧 Register with email", "Amina Yusuf", "amina@example.org")
    for words in (*link, *register, "guess-7f3a"):
        await stranger.sends(words)
        await stranger.sees("")

    async def fails(*given: Any) -> None:
        raise ValueError(*map(str, given))

    monkeypatch.setattr(intake, "add_to_complaint", fails)
    await clinic.amina.sends_photo(clinic.picture, caption="cough-7f3a")
    await clinic.amina.sees("went wrong")
    async with (
        aiohttp.ClientSession() as http,
        TestServer(build_web_app(clinic.app.services, clinic.app.metrics)) as server,
    ):
        await http.get(server.make_url("/cough-7f3a?name=Amina"))


def _found(canaries: tuple[str, ...], *texts: str) -> list[str]:
    return [one for one in canaries if any(one in text for text in texts)]


async def _metrics(clinic: Clinic) -> str:
    async with TestClient(TestServer(build_web_app(clinic.app.services, clinic.app.metrics))) as client:
        return await (await client.get("/metrics")).text()


async def _jobs_and_deliveries(clinic: Clinic) -> str:
    """Jobs and deliveries are never deleted, and operators read them."""
    async with clinic.app.services.sessions() as session:
        jobs = (await session.scalars(select(Job))).all()
        keys = (await session.scalars(select(Delivery.key))).all()
    return json.dumps([*([job.payload, job.error] for job in jobs), *keys])


def _plain_files(data: Path) -> list[str]:
    """All files of the data folder except those meant to hold the data."""
    meant = {"vault", "signing", "clinic.db", "clinic.db-wal", "clinic.db-shm"}
    files = [file for file in data.rglob("*") if file.is_file() and not meant & set(file.relative_to(data).parts)]
    return [file.read_bytes().decode("latin-1") for file in files]


def test_a_library_that_puts_values_into_its_words_is_heard_without_them() -> None:
    """asyncio writes the text of an unretrieved exception into its message, without any argument."""
    record = logging.LogRecord("asyncio", logging.ERROR, "base_events.py", 1, "exception=ValueError('Amina')", (), None)
    for form in ("json", "console"):
        shown = LogFormatter("json" if form == "json" else "console").format(record)
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


def test_a_refusal_names_its_sentence_and_no_value() -> None:
    kinds = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.WorkflowError)]
    assert len(kinds) > 20
    assert [kind for kind in kinds if str(kind(name="Amina")) != kind.key] == []
