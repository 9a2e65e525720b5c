"""Threat: strangers flood the bot, and another chat without an account is not answered.

What comes first counts here, not seconds: the answer to a newcomer comes before more than a few answers of the flood,
however many messages the others sent."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, cast

import pytest
from aiogram.methods import SendMessage
from pydantic import SecretStr

from bot.app import Engines, build_app
from bot.dev.demo import add_cast, demo_settings
from bot.dev.sandbox import Person, Sandbox, SandboxClient
from bot.dev.sandbox.people import share_contact
from bot.telegram.rate_limit import MAX_MESSAGES_OF_STRANGER
from bot.telegram.send_limiter import ANSWERS_A_STRANGER, CHAT_BURST, SendLimiter
from models.schema import upgrade
from tests.support.people import open_clinic
from tests.support.process import PATIENCE, BotProcess, call
from workflow.requester import answering_urgently

SENDERS, CONTACTS = 4, 30
NEWCOMER: Final = 99


class Sent:
    """Telegram's end of the limiter: the chats in the order in which they are sent to."""

    def __init__(self) -> None:
        self.limiter, self.chats = SendLimiter(), list[int]()

    async def answer(self, chat_id: int) -> None:
        async def request(_: object, method: Any) -> Any:
            self.chats.append(method.chat_id)

        ANSWERS_A_STRANGER.set(True)
        await self.limiter(cast("Any", request), cast("Any", None), SendMessage(chat_id=chat_id, text="words"))

    async def answer_emergency(self, chat_id: int) -> None:
        with answering_urgently():
            await self.answer(chat_id)


async def test_waiting_answers_go_out_one_for_each_chat_in_turn_and_emergencies_first() -> None:
    sent = Sent()
    async with asyncio.TaskGroup() as group:
        flood = [group.create_task(sent.answer(chat)) for chat in range(SENDERS) for _ in range(CHAT_BURST)]
        await asyncio.sleep(0)
        before = len(sent.chats)
        newcomer = group.create_task(sent.answer(NEWCOMER))
        await asyncio.sleep(0)
        await sent.answer_emergency(NEWCOMER + 1)
        assert sent.chats[before:] == [NEWCOMER + 1]
        await newcomer
        assert sorted(sent.chats[before + 1 :]) == [*range(SENDERS), NEWCOMER]
        flood[-1].cancel()
        await asyncio.wait(flood, timeout=0.2)
        for one in flood:
            one.cancel()
    sent.chats.clear()
    await sent.answer(NEWCOMER)
    assert sent.chats == [NEWCOMER], "what was cancelled holds up nobody"


@pytest.mark.slow
@pytest.mark.parametrize("messages", [CONTACTS, 3 * CONTACTS])
async def test_a_newcomer_is_answered_after_a_few_answers_of_a_flood_however_long_it_is(
    engines: Engines, database: str, messages: int
) -> None:
    async with open_clinic(engines, paced=True, messages_per_minute=120, database=SecretStr(database)) as clinic:
        flooders, newcomer = _flooders(clinic.sandbox), await clinic.telegram.person("Newcomer")
        for _ in range(messages):
            _share_contacts(clinic.sandbox, flooders)
        begin = clinic.sandbox.engine.events.last
        await newcomer.starts()
        await newcomer.sees("Which language")
        before = list(_answers_before(clinic.sandbox, newcomer, begin))
        assert len(before) <= SENDERS * (MAX_MESSAGES_OF_STRANGER + 1), "each has a few in progress, and one notice"
        assert set(before) <= set(flooders)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_kill_in_a_flood_loses_neither_a_newcomers_message_nor_a_strangers_emergency(
    engines: Engines, database: str, tmp_path: Path
) -> None:
    async with Sandbox() as sandbox, SandboxClient(sandbox.base) as telegram:
        async with build_app(demo_settings(sandbox, tmp_path, database=SecretStr(database)), engines) as app:
            await upgrade(app.engine)
            people = [await telegram.person(one["name"]) for one in await add_cast(app.services.sessions, sandbox)]
        bot, flooders = BotProcess(sandbox, tmp_path, database=database), _flooders(sandbox)
        newcomer, frightened = await telegram.person("Newcomer"), await telegram.person("Frightened")
        await bot.starts()
        async with bot.killed_at(call("sendMessage", str(flooders[-1]))):
            for _ in range(CONTACTS):
                _share_contacts(sandbox, flooders)
            await newcomer.starts()
            await frightened.sends("I cannot breathe, my lips are blue")
        await newcomer.sees("Which language", timeout=PATIENCE)
        await frightened.sees("112", timeout=PATIENCE)
        await people[1].sees("🆘", timeout=PATIENCE)
        await bot.ends()
        assert bot.kills == 1


def _flooders(sandbox: Sandbox) -> list[int]:
    return [sandbox.person(f"Stranger {number}") for number in range(SENDERS)]


def _share_contacts(sandbox: Sandbox, chats: list[int]) -> None:
    engine = sandbox.engine
    for chat_id in chats:
        contact = {"phone_number": f"+{chat_id:010}", "first_name": "Somebody", "user_id": chat_id}
        share_contact(engine, engine.store.people[chat_id], contact)


def _answers_before(sandbox: Sandbox, newcomer: Person, begin: int) -> Iterator[int]:
    """The chats that were answered after this event, up to the newcomer's first answer."""
    for _, body in sandbox.engine.events.after(begin):
        if body["kind"] == "message" and not body["message"]["outgoing"]:
            if body["chat_id"] == newcomer.chat_id:
                return
            yield body["chat_id"]
