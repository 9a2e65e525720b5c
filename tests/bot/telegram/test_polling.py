"""Long polling: a slow update delays no other, and none is confirmed before its effect is committed."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import Message

from bot.dev.sandbox import DEMO_TOKEN, Sandbox, SandboxClient
from bot.dev.sandbox.people import send_text
from bot.telegram.fsm_storage import PerChatIsolation
from bot.telegram.polling import POLL_INTERVAL, Polling


def a_bot(sandbox: Sandbox) -> Bot:
    return Bot(DEMO_TOKEN, session=AiohttpSession(api=TelegramAPIServer.from_base(sandbox.base)))


async def offsets(telegram: SandboxClient) -> list[int]:
    return [int(call["fields"].get("offset", 0)) for call in await telegram.calls("getUpdates")]


def answers(sandbox: Sandbox) -> Counter[int]:
    """Number of the bot's messages in each chat."""
    store = sandbox.engine.store
    return Counter(chat_id for chat_id in store.people for entry in store.chat(chat_id) if not entry.outgoing)


async def test_a_slow_update_delays_no_other_chat_and_is_confirmed_only_when_it_is_done() -> None:
    """While a patient's picture downloads slowly, another chat is answered."""
    release, begun = asyncio.Event(), asyncio.Event()
    dispatcher = Dispatcher(events_isolation=PerChatIsolation())

    async def answer(message: Message) -> None:
        if message.text == "slow":
            begun.set()
            await release.wait()
        await message.answer(f"done: {message.text}")

    dispatcher.message.register(answer)
    async with Sandbox() as sandbox, SandboxClient(sandbox.base) as telegram, asyncio.TaskGroup() as group:
        bot = a_bot(sandbox)
        polling = Polling(bot, dispatcher)
        group.create_task(polling.run())
        amina, ravi = await telegram.person("Amina"), await telegram.person("Ravi")
        await amina.sends("slow")
        await begun.wait()
        slow = sandbox.engine.updates.pending
        [first] = slow
        await amina.sends("second")
        await ravi.sends("quick")
        await ravi.sees("done: quick")
        await amina.does_not_see("done", within=0.1)
        assert max(await offsets(telegram)) <= first
        release.set()
        await amina.sees("done: slow")
        await amina.sees("done: second")
        polling.stop()
    assert sandbox.engine.updates.pending == {}
    await bot.session.close()


async def test_a_stop_finishes_what_is_under_way() -> None:
    release, begun = asyncio.Event(), asyncio.Event()
    dispatcher = Dispatcher()

    async def answer(message: Message) -> None:
        begun.set()
        await release.wait()
        await message.answer("finished")

    dispatcher.message.register(answer)
    async with Sandbox() as sandbox, SandboxClient(sandbox.base) as telegram:
        bot = a_bot(sandbox)
        polling = Polling(bot, dispatcher)
        amina = await telegram.person("Amina")
        async with asyncio.TaskGroup() as group:
            group.create_task(polling.run())
            await amina.sends("hello")
            await begun.wait()
            polling.stop()
            release.set()
        await amina.sees("finished")
        assert sandbox.engine.updates.pending == {}
        await bot.session.close()


@pytest.mark.slow
async def test_a_fault_of_one_update_stops_no_other(clinic: Any) -> None:
    """An internal error gets a number that is also in the log; the bot goes on."""
    import shutil

    await clinic.plays("released")
    await clinic.amina.receives_document(timeout=30)
    shutil.rmtree(clinic.app.services.vault.store.root)
    await clinic.amina.sends("/report")
    await clinic.amina.sees("Something went wrong on our side")
    await clinic.amina.sends("/help")
    await clinic.amina.sees("How it works")


async def test_an_update_that_nobody_can_handle_is_dropped_and_the_bot_goes_on() -> None:
    """An error outside the error handler is logged, the update confirmed and the next one handled."""
    dispatcher = Dispatcher()

    async def answer(message: Message) -> None:
        if message.text == "poison":
            raise ZeroDivisionError
        await message.answer(f"done: {message.text}")

    dispatcher.message.register(answer)
    async with Sandbox() as sandbox, SandboxClient(sandbox.base) as telegram, asyncio.TaskGroup() as group:
        bot = a_bot(sandbox)
        polling = Polling(bot, dispatcher)
        group.create_task(polling.run())
        amina = await telegram.person("Amina")
        await amina.sends("poison")
        await amina.sends("next")
        await amina.sees("done: next")
        polling.stop()
    assert sandbox.engine.updates.pending == {}
    await bot.session.close()


@pytest.mark.slow
async def test_a_crowd_is_answered_each_once_though_it_is_more_than_one_look_brings() -> None:
    """Telegram returns at most a hundred updates; while most of them are in progress no more are requested."""
    dispatcher, begun, release = Dispatcher(), asyncio.Semaphore(0), asyncio.Event()

    async def answer(message: Message) -> None:
        begun.release()
        await release.wait()
        await message.answer("done")

    dispatcher.message.register(answer)
    async with Sandbox() as sandbox, SandboxClient(sandbox.base) as telegram, asyncio.TaskGroup() as group:
        bot = a_bot(sandbox)
        people = [sandbox.engine.store.people[sandbox.person(f"Person {number}")] for number in range(130)]
        for person in people:
            send_text(sandbox.engine, person, "hello")
        polling = Polling(bot, dispatcher)
        group.create_task(polling.run())
        for _ in range(100):
            await begun.acquire()
        looks = len(await offsets(telegram))
        await asyncio.sleep(3 * POLL_INTERVAL)
        assert len(await offsets(telegram)) == looks
        release.set()
        while answers(sandbox).total() < len(people):
            await sandbox.engine.events.grow()
        polling.stop()
    assert set(answers(sandbox).values()) == {1}
    assert sandbox.engine.updates.pending == {}
    await bot.session.close()
