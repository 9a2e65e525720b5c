"""The stream of events: complete, in order, resumable."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from bot.dev.sandbox import Person, Sandbox, SandboxClient
from tests.support.rawapi import Api


async def read_events(answer: aiohttp.ClientResponse, count: int) -> list[tuple[int, dict[str, Any]]]:
    """The first `count` events of a stream, with their numbers."""
    events: list[tuple[int, dict[str, Any]]] = []
    number = 0
    async with asyncio.timeout(5):
        while len(events) < count:
            line = (await answer.content.readline()).decode().rstrip("\n")
            if line.startswith("id: "):
                number = int(line[4:])
            if line.startswith("data: "):
                events.append((number, json.loads(line[6:])))
    return events


async def test_the_stream_tells_each_thing_once_and_in_order(api: Api, amina: Person, sandbox: Sandbox) -> None:
    async with api.session.get(f"{api.base}/client/events") as stream:
        assert stream.headers["Content-Type"] == "text/event-stream"
        sent = await api("sendMessage", chat_id=amina.chat_id, text="one", reply_markup={"force_reply": True})
        card = await api("sendMessage", chat_id=amina.chat_id, text="card")
        place = {"chat_id": amina.chat_id, "message_id": card["message_id"]}
        await api("editMessageText", **place, text="two")
        await api("deleteMessage", **place)
        await api("sendChatAction", chat_id=amina.chat_id, action="upload_document")
        await amina.blocks()
        events = [body for _, body in await read_events(stream, 7)]
    assert [event["kind"] for event in events] == [
        "message",
        "keyboard",
        "message",
        "edit",
        "delete",
        "action",
        "person",
    ]
    assert {event["chat_id"] for event in events} == {amina.chat_id}
    extra = {"outgoing": False, "deleted": False, "keyboard": {"force_reply": True}}
    assert events[0]["message"] | sent | extra == events[0]["message"]
    assert events[3]["message"]["text"] == "two"
    assert events[4]["message_ids"] == [card["message_id"]]
    assert events[5]["action"] == "upload_document"
    assert events[6]["person"]["blocked"] is True


async def test_a_reader_that_was_away_gets_what_it_missed(api: Api, amina: Person) -> None:
    for word in ("one", "two", "three"):
        await amina.sends(word)
    async with api.session.get(f"{api.base}/client/events?after=0") as stream:
        everything = await read_events(stream, 6)
    numbers = [number for number, _ in everything]
    assert numbers == list(range(1, 7))
    headers = {"Last-Event-ID": str(numbers[3])}
    async with api.session.get(f"{api.base}/client/events", headers=headers) as stream:
        assert await read_events(stream, 2) == everything[4:]
    async with api.session.get(f"{api.base}/client/events") as stream:
        assert (await stream.content.readline()).decode() == f"id: {numbers[-1]}\n"


async def test_a_reader_from_before_a_restart_hears_what_comes_next(api: Api, amina: Person) -> None:
    """An offset greater than any of this sandbox's must neither loop nor miss the next event."""
    async with api.session.get(f"{api.base}/client/events?after=100000") as stream:
        await stream.content.readline()
        await amina.sends("after the restart")
        [(_, event), *_] = await read_events(stream, 1)
    assert event["message"]["text"] == "after the restart"


async def test_a_long_poll_waits_for_the_chat_it_asked_for(api: Api, amina: Person, telegram: SandboxClient) -> None:
    ravi = await telegram.person("Ravi")
    seen = (await telegram.wire.get("/client/mails")).seen
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(telegram.wire.changes(seen, 5, amina.chat_id))
        await asyncio.sleep(0.02)
        await ravi.sends("not this")
        await asyncio.sleep(0.02)
        await amina.sends("but this")
    assert [event["message"]["text"] for event in waiting.result()] == ["but this"]
    seen = (await telegram.wire.get("/client/mails")).seen
    assert await telegram.wire.changes(seen, 0.05) == []


async def test_a_page_that_was_closed_is_no_error(api: Api, amina: Person, caplog: pytest.LogCaptureFixture) -> None:
    stream = await api.session.get(f"{api.base}/client/events?after=0")
    await read_events(stream, 1)
    stream.close()
    for text in "abc":
        await api("sendMessage", chat_id=amina.chat_id, text=text)
        await asyncio.sleep(0.05)
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_open_streams_polls_and_presses_end_when_the_server_stops(session: aiohttp.ClientSession) -> None:
    async with asyncio.timeout(5):
        sandbox = Sandbox()
        await sandbox.start()
        api = Api(session, sandbox.base, sandbox.token)
        async with SandboxClient(sandbox.base) as telegram:
            amina = await telegram.person("Amina")
            stream = await session.get(f"{sandbox.base}/client/events?after=0")
            await read_events(stream, 1)
            async with asyncio.TaskGroup() as tasks:
                press = tasks.create_task(amina.forges("x", 1))
                await asyncio.sleep(0.05)
                await api("getUpdates", offset=-1)
                [pressed] = await api("getUpdates")
                poll = tasks.create_task(api("getUpdates", offset=pressed["update_id"] + 1, timeout=30))
                await asyncio.sleep(0.05)
                await sandbox.stop()
            assert (poll.result(), press.result().answered) == ([], False)
            await stream.read()
            stream.close()
