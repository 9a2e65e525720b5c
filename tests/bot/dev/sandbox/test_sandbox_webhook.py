"""Webhook delivery: secrets, order, retries, and one slow chat that delays no other."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.dev.sandbox import Person, Sandbox, SandboxClient
from bot.dev.sandbox.webhook import backoff
from tests.support.rawapi import Api

SECRET = "s3cret-Token_1"


class Hook:
    """A bot's webhook: `refusing` chats get 500, the others `answer`; `most` is the highest number of concurrent
    requests.
    """

    def __init__(self) -> None:
        self.updates: list[dict[str, Any]] = []
        self.secrets: set[str | None] = set()
        self.attempts = 0
        self.refusing: set[int] = set()
        self.answer: dict[str, Any] | None = None
        self.news = asyncio.Condition()
        self.pause = 0.0
        self.now = self.most = 0
        self.address = ""

    async def handle(self, request: web.Request) -> web.Response:
        update = await request.json()
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(self.pause)
        self.now -= 1
        async with self.news:
            self.attempts += 1
            self.secrets.add(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
            self.news.notify_all()
            if update["message"]["chat"]["id"] in self.refusing:
                return web.Response(status=500)
            self.updates.append(update)
        return web.json_response(self.answer) if self.answer else web.Response(text="ok")

    async def wait(self, attempts: int) -> None:
        async with asyncio.timeout(5), self.news:
            await self.news.wait_for(lambda: self.attempts >= attempts)

    def texts(self, chat_id: int) -> list[str]:
        mine = [update["message"] for update in self.updates if update["message"]["chat"]["id"] == chat_id]
        return [message["text"] for message in mine]


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    hook = Hook()
    app = web.Application()
    app.router.add_post("/hook", hook.handle)
    async with TestServer(app) as server:
        hook.address = str(server.make_url("/hook"))
        yield hook


async def test_updates_arrive_in_order_with_the_secret_and_are_confirmed(
    api: Api, amina: Person, hook: Hook, spec: Any
) -> None:
    await amina.sends("while nobody listened")
    await api("setWebhook", url=hook.address, secret_token=SECRET, max_connections=5)
    for word in ("a", "b", "c"):
        await amina.sends(word)
    await hook.wait(4)
    assert hook.texts(amina.chat_id) == ["while nobody listened", "a", "b", "c"]
    assert hook.secrets == {SECRET}
    info = await api("getWebhookInfo")
    assert (info["url"], info["max_connections"], info["has_custom_certificate"]) == (hook.address, 5, False)
    assert [spec.check_update(update) for update in hook.updates if spec] == [[] for _ in hook.updates if spec]


async def test_a_failing_chat_is_tried_again_and_holds_up_no_other(
    api: Api, amina: Person, telegram: SandboxClient, hook: Hook
) -> None:
    ravi = await telegram.person("Ravi")
    hook.refusing = {amina.chat_id}
    await api("setWebhook", url=hook.address, max_connections=1)
    await amina.sends("one")
    await amina.sends("two")
    await ravi.sends("three")
    await hook.wait(4)
    assert hook.texts(ravi.chat_id) == ["three"]
    assert hook.texts(amina.chat_id) == []
    info = await api("getWebhookInfo")
    assert info["pending_update_count"] == 2
    assert info["last_error_message"] == "Wrong response from the webhook: 500 Internal Server Error"
    assert info["last_error_date"] == 1_750_000_000
    hook.refusing = set()
    async with asyncio.timeout(5), hook.news:
        await hook.news.wait_for(lambda: len(hook.updates) == 3)
    assert hook.texts(amina.chat_id) == ["one", "two"]


async def test_chats_are_served_side_by_side_up_to_the_connections_allowed(
    api: Api, telegram: SandboxClient, hook: Hook
) -> None:
    people = [await telegram.person(name) for name in ("Amina", "Ravi", "Meena", "Lakshmi", "Tom")]
    hook.pause = 0.05
    await api("setWebhook", url=hook.address, max_connections=3)
    for word in ("one", "two"):
        for person in people:
            await person.sends(word)
    await hook.wait(10)
    assert hook.most == 3
    assert all(hook.texts(person.chat_id) == ["one", "two"] for person in people)


def test_tries_come_at_once_twice_and_then_ever_more_slowly_up_to_a_minute() -> None:
    pauses = backoff()
    assert [next(pauses) for _ in range(9)] == [0, 0, 2, 4, 8, 16, 32, 60, 60]


async def test_a_bot_that_is_down_is_tried_until_it_is_up(
    api: Api, amina: Person, unused_tcp_port: int, hook: Hook
) -> None:
    await api("setWebhook", url=f"http://127.0.0.1:{unused_tcp_port}/hook")
    await amina.sends("hello")
    await asyncio.sleep(0.1)
    info = await api("getWebhookInfo")
    assert info["last_error_message"] == "Connection refused"
    await api("setWebhook", url=hook.address)
    await hook.wait(1)
    assert hook.texts(amina.chat_id) == ["hello"]


async def test_an_answer_may_carry_a_call(api: Api, amina: Person, hook: Hook) -> None:
    hook.answer = {"method": "sendMessage", "chat_id": amina.chat_id, "text": "by return"}
    await api("setWebhook", url=hook.address)
    await amina.sends("hello")
    assert (await amina.sees("by return")).outgoing is False


async def test_a_lost_delivery_comes_again_and_a_duplicate_twice(
    api: Api, amina: Person, telegram: SandboxClient, hook: Hook
) -> None:
    await api("setWebhook", url=hook.address)
    await telegram.fault("lost_webhook", times=2)
    await amina.sends("late")
    await hook.wait(1)
    assert (await api("getWebhookInfo"))["last_error_message"] == "Connection reset by peer"
    await telegram.fault("duplicate_update")
    await amina.sends("twice")
    await hook.wait(3)
    assert hook.texts(amina.chat_id) == ["late", "twice", "twice"]
    assert hook.updates[1]["update_id"] == hook.updates[2]["update_id"]


async def test_setting_and_deleting_say_what_they_did(api: Api, hook: Hook) -> None:
    answers = [
        (await api.call(method, **fields))["description"]
        for method, fields in (
            ("setWebhook", {"url": hook.address}),
            ("setWebhook", {"url": hook.address}),
            ("deleteWebhook", {}),
            ("deleteWebhook", {}),
            ("setWebhook", {"url": ""}),
        )
    ]
    assert answers == [
        "Webhook was set",
        "Webhook is already set",
        "Webhook was deleted",
        "Webhook is already deleted",
        "Webhook is already deleted",
    ]
    assert await api("getWebhookInfo") == {"url": "", "has_custom_certificate": False, "pending_update_count": 0}


async def test_dropping_pending_updates_forgets_them(api: Api, amina: Person, hook: Hook) -> None:
    await amina.sends("forgotten")
    await api("setWebhook", url=hook.address, drop_pending_updates=True)
    await amina.sends("heard")
    await hook.wait(1)
    assert hook.texts(amina.chat_id) == ["heard"]


@pytest.mark.parametrize(
    ("fields", "description"),
    [
        ({"secret_token": "x" * 257}, "Bad Request: secret token is too long"),
        ({"secret_token": "no spaces"}, "Bad Request: secret token contains illegal characters"),
        (
            {"url": "http://example.com/hook"},
            "Bad Request: bad webhook: An HTTPS URL must be provided for webhook; the sandbox reaches loopback only",
        ),
    ],
)
async def test_a_bad_webhook_is_refused(api: Api, fields: dict[str, str], description: str) -> None:
    assert await api.refusal("setWebhook", **{"url": "http://127.0.0.1:9/"} | fields) == description


async def test_a_server_that_stops_in_the_middle_of_a_delivery_stops_at_once(hook: Hook) -> None:
    async with asyncio.timeout(5):
        async with Sandbox() as sandbox, SandboxClient(sandbox.base) as telegram:
            amina = await telegram.person("Amina")
            hook.refusing = {amina.chat_id}
            async with telegram.wire.session.post(
                f"{sandbox.base}/bot{sandbox.token}/setWebhook", json={"url": hook.address}
            ) as answer:
                assert answer.status == 200
            await amina.sends("hello")
            await hook.wait(2)
    assert hook.updates == []
