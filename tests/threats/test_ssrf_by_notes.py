"""Threat: words typed in chat make our server fetch an address (SSRF). Every field of a document by itself, and forty
notes, are in tests/reports/test_report_hostile.py; here they take the way through the whole house."""

import asyncio
import urllib.request
from collections.abc import AsyncIterator

import pytest

from tests.support.pdf import pages, squeezed
from tests.support.people import CODE, House

FIELDS = ("findings", "impression", "advice", "reason", "changed", "meaning")
NOTES = ('<img src="{0}">', "<style>@import url({0});</style>", '<link rel="stylesheet" href="{0}">')


@pytest.fixture
async def canary() -> AsyncIterator[tuple[str, list[bytes]]]:
    """An address that must not be called, and what called it."""
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


async def test_what_is_typed_in_chat_calls_nobody_from_paper(house: House, canary: tuple[str, list[bytes]]) -> None:
    """Findings, impression, advice, then a change's reason and new words: on paper as typed, and nobody is called."""
    address, called = canary
    notes = {name: NOTES[number % len(NOTES)].format(f"{address}/{name}") for number, name in enumerate(FIELDS)}
    rao, joseph = house.rao, house.joseph
    await house.uploads()
    await house.analyses()
    await rao.presses("Write findings")
    if "own reading" in (await rao.sees("")).text:
        await rao.sends("Pneumonia.")
        await rao.sees("Findings")
    for name in FIELDS[:3]:
        await rao.sends(notes[name])
        await rao.sees("")
    await rao.presses("Verify", on="Written down")
    await house.dispenses()
    await house.releases()
    first = await house.amina.receives_document(timeout=30)

    await rao.presses("Amend", on="Report ready")
    for name, asked in zip(FIELDS[3:], ("Why must it", "as they should be", "Impression"), strict=True):
        await rao.sees(asked)
        await rao.sends(notes[name])
    await rao.presses("Skip", on="Skip leaves them")
    await rao.presses("urgent", on="what should the patient do now")
    await house.amina.looks_away()
    earlier = await house.clinic.mails("joseph@example.org")
    await joseph.presses("Approve the change")
    [code] = CODE.findall((await house.clinic.mail_to("joseph@example.org", after=earlier[-1])).text)
    await joseph.sends(code)
    await house.amina.sees("takes the place of the earlier version", timeout=30)
    second = await house.amina.receives_document(timeout=30)

    for report, names in ((first, FIELDS[:3]), (second, FIELDS[3:])):
        shown = squeezed("".join(pages(report.data)))
        assert [name for name in names if squeezed(notes[name]) not in shown] == []
    assert called == []
