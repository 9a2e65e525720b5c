"""Long polling: a slow update delays nobody else, and none is confirmed before its effect is kept."""

import asyncio
from collections import Counter
from typing import Any

from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import Message

from bot.dev.sandbox import DEMO_TOKEN, Sandbox, SandboxClient
from bot.dev.sandbox.people import say
from bot.telegram.fsm_storage import OneByOne
from bot.telegram.polling import GLANCE, Polling


def a_bot(sandbox: Sandbox) -> Bot:
    return Bot(DEMO_TOKEN, session=AiohttpSession(api=TelegramAPIServer.from_base(sandbox.base)))


async def offsets(clinic: SandboxClient) -> list[int]:
    return [int(call["fields"].get("offset", 0)) for call in await clinic.calls("getUpdates")]


def answers(sandbox: Sandbox) -> Counter[int]:
    """How many messages of the bot each chat holds."""
    store = sandbox.engine.store
    return Counter(chat_id for chat_id in store.people for entry in store.chat(chat_id) if not entry.outgoing)


async def test_a_slow_update_delays_no_other_chat_and_is_confirmed_only_when_it_is_done() -> None:
    """A patient's picture that takes its time downloading; meanwhile somebody else is answered."""
    release, begun = asyncio.Event(), asyncio.Event()
    dispatcher = Dispatcher(events_isolation=OneByOne())

    async def answer(message: Message) -> None:
        if message.text == "slow":
            begun.set()
            await release.wait()
        await message.answer(f"done: {message.text}")

    dispatcher.message.register(answer)
    async with Sandbox() as sandbox, SandboxClient(sandbox.base) as clinic, asyncio.TaskGroup() as group:
        bot = a_bot(sandbox)
        polling = Polling(bot, dispatcher)
        group.create_task(polling.run())
        amina, ravi = await clinic.person("Amina"), await clinic.person("Ravi")
        await amina.sends("slow")
        await begun.wait()
        slow = sandbox.engine.updates.pending
        [first] = slow
        await amina.sends("second")
        await ravi.sends("quick")
        await ravi.sees("done: quick")
        await amina.does_not_see("done", within=0.1)
        assert max(await offsets(clinic)) <= first
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
    async with Sandbox() as sandbox, SandboxClient(sandbox.base) as clinic:
        bot = a_bot(sandbox)
        polling = Polling(bot, dispatcher)
        amina = await clinic.person("Amina")
        async with asyncio.TaskGroup() as group:
            group.create_task(polling.run())
            await amina.sends("hello")
            await begun.wait()
            polling.stop()
            release.set()
        await amina.sees("finished")
        assert sandbox.engine.updates.pending == {}
        await bot.session.close()


async def test_a_fault_of_one_update_stops_no_other(house: Any) -> None:
    """Whatever goes wrong inside gets a number that stands in the log too; the bot goes on."""
    import shutil

    await house.until("released")
    await house.amina.receives_document(timeout=30)
    shutil.rmtree(house.app.clinic.vault.root)
    await house.amina.sends("/report")
    await house.amina.sees("Something went wrong on our side")
    await house.amina.sends("/help")
    await house.amina.sees("How it works")


async def test_an_update_that_nobody_can_handle_is_dropped_and_the_house_goes_on() -> None:
    """A fault in a handler that nothing speaks for: logged, confirmed, and the next update is handled."""
    dispatcher = Dispatcher()

    async def answer(message: Message) -> None:
        if message.text == "poison":
            raise ZeroDivisionError
        await message.answer(f"done: {message.text}")

    dispatcher.message.register(answer)
    async with Sandbox() as sandbox, SandboxClient(sandbox.base) as clinic, asyncio.TaskGroup() as group:
        bot = a_bot(sandbox)
        polling = Polling(bot, dispatcher)
        group.create_task(polling.run())
        amina = await clinic.person("Amina")
        await amina.sends("poison")
        await amina.sends("next")
        await amina.sees("done: next")
        polling.stop()
    assert sandbox.engine.updates.pending == {}
    await bot.session.close()


async def test_a_crowd_is_answered_each_once_though_it_is_more_than_one_look_brings() -> None:
    """Telegram gives a hundred updates at once; while most of them are under way nobody asks for more."""
    dispatcher, begun, release = Dispatcher(), asyncio.Semaphore(0), asyncio.Event()

    async def answer(message: Message) -> None:
        begun.release()
        await release.wait()
        await message.answer("done")

    dispatcher.message.register(answer)
    async with Sandbox() as sandbox, SandboxClient(sandbox.base) as clinic, asyncio.TaskGroup() as group:
        bot = a_bot(sandbox)
        people = [sandbox.engine.store.people[sandbox.person(f"Person {number}")] for number in range(130)]
        for person in people:
            say(sandbox.engine, person, "hello")
        polling = Polling(bot, dispatcher)
        group.create_task(polling.run())
        for _ in range(100):
            await begun.acquire()
        looks = len(await offsets(clinic))
        await asyncio.sleep(3 * GLANCE)
        assert len(await offsets(clinic)) == looks
        release.set()
        while answers(sandbox).total() < len(people):
            await sandbox.engine.events.grow()
        polling.stop()
    assert set(answers(sandbox).values()) == {1}
    assert sandbox.engine.updates.pending == {}
    await bot.session.close()
