"""Threat: text typed in chat makes our server fetch an address (SSRF).

Every field of a document by itself, and forty notes, are in tests/reports/pdf/test_report_hostile.py; here the text
takes the whole path through the bot.
"""

import asyncio
import urllib.request
from collections.abc import AsyncIterator

import pytest

from tests.support.pdf import pages, squeezed
from tests.support.people import CODE, Clinic

FIELDS = ("findings", "impression", "advice", "reason", "changed", "meaning")
NOTES = ('<img src="{0}">', "<style>@import url({0});</style>", '<link rel="stylesheet" href="{0}">')


@pytest.fixture
async def canary() -> AsyncIterator[tuple[str, list[bytes]]]:
    """An address that must not be called, and the requests it received."""
    called: list[bytes] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        called.append(await reader.readline())
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(take, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        await asyncio.to_thread(urllib.request.urlopen, f"http://127.0.0.1:{port}/control")
        assert called.pop().startswith(b"GET /control")
        yield f"http://127.0.0.1:{port}", called


@pytest.mark.slow
async def test_what_is_typed_in_chat_calls_nobody_from_the_pdf(clinic: Clinic, canary: tuple[str, list[bytes]]) -> None:
    """Findings, impression, advice, then an amendment's reason and new text: printed as typed, and no address is
    called.
    """
    address, called = canary
    notes = {name: NOTES[number % len(NOTES)].format(f"{address}/{name}") for number, name in enumerate(FIELDS)}
    rao, joseph = clinic.rao, clinic.joseph
    await clinic.uploads()
    await clinic.analyses()
    await rao.presses("Write findings")
    if "own reading" in (await rao.sees("")).text:
        await rao.sends("Pneumonia.")
        await rao.sees("Findings")
    for name in FIELDS[:3]:
        await rao.sends(notes[name])
        await rao.sees("")
    await rao.presses("Verify", on="Written down")
    await clinic.dispenses()
    await clinic.releases()
    first = await clinic.amina.receives_document(timeout=30)

    await rao.presses("Amend", on="Report ready")
    for name, question in zip(FIELDS[3:], ("Why must it", "as they should be", "Impression"), strict=True):
        await rao.sees(question)
        await rao.sends(notes[name])
    await rao.presses("Skip", on="Skip leaves them")
    await rao.presses("urgent", on="what should the patient do now")
    await clinic.amina.looks_away()
    earlier = await clinic.telegram.mails("joseph@example.org")
    await joseph.presses("Approve the change")
    [code] = CODE.findall((await clinic.telegram.mail_to("joseph@example.org", after=earlier[-1])).text)
    await joseph.sends(code)
    await clinic.amina.sees("takes the place of the earlier version", timeout=30)
    second = await clinic.amina.receives_document(timeout=30)

    for report, names in ((first, FIELDS[:3]), (second, FIELDS[3:])):
        shown = squeezed("".join(pages(report.data)))
        assert [name for name in names if squeezed(notes[name]) not in shown] == []
    assert called == []
