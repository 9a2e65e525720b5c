"""Injected faults: each kind takes effect as often as it was requested."""

from time import monotonic

import aiohttp
import pytest

from bot.dev.sandbox import Person, SandboxClient
from bot.dev.sandbox.client.transcript import SandboxError
from tests.support.rawapi import Api


@pytest.mark.parametrize(
    ("kind", "status", "description"),
    [
        ("429", 429, "Too Many Requests: retry after 2"),
        ("403", 403, "Forbidden: bot was blocked by the user"),
        ("500", 500, "Internal Server Error"),
    ],
)
async def test_a_refusal_hits_its_method_as_often_as_ordered_and_changes_nothing(
    api: Api, amina: Person, telegram: SandboxClient, kind: str, status: int, description: str
) -> None:
    await telegram.fault(kind, "sendMessage", times=2, seconds=2)
    assert (await api("getMe"))["is_bot"]
    for _ in range(2):
        body = await api.call("sendMessage", chat_id=amina.chat_id, text="x")
        assert (body["error_code"], body["description"]) == (status, description)
    await amina.does_not_see("x", within=0)
    assert await api("sendMessage", chat_id=amina.chat_id, text="x")


async def test_a_slow_answer_takes_its_time(api: Api, telegram: SandboxClient) -> None:
    await telegram.fault("slow", seconds=0.5)
    begin = monotonic()
    await api("getMe")
    assert monotonic() - begin >= 0.5
    begin = monotonic()
    await api("getMe")
    assert monotonic() - begin < 0.5


@pytest.mark.parametrize(("kind", "arrives"), [("drop", False), ("drop_after", True)])
async def test_a_dropped_connection_loses_the_request_or_only_the_answer(
    api: Api, amina: Person, telegram: SandboxClient, kind: str, arrives: bool
) -> None:
    await telegram.fault(kind, "sendMessage")
    with pytest.raises(aiohttp.ClientError):
        await api("sendMessage", chat_id=amina.chat_id, text="did it?")
    shown = [message.text for message in await amina.messages()]
    assert ("did it?" in shown) is arrives


async def test_faults_can_be_called_off(api: Api, telegram: SandboxClient) -> None:
    await telegram.fault("500", times=100)
    await telegram.no_faults()
    assert (await api("getMe"))["is_bot"]


async def test_an_unknown_kind_is_refused_with_the_known_ones(telegram: SandboxClient) -> None:
    with pytest.raises(SandboxError, match="kind is one of 429, 403, 500, slow, drop"):
        await telegram.fault("earthquake")
