"""getUpdates: confirmation, redelivery, and one poll at a time."""

import asyncio
from time import monotonic

import pytest

from bot.dev.sandbox import Person, SandboxClient
from tests.support.rawapi import Api


def texts(updates: list[dict[str, dict[str, str]]]) -> list[str]:
    return [update["message"]["text"] for update in updates]


async def test_updates_come_again_until_an_offset_confirms_them(api: Api, amina: Person) -> None:
    for word in ("one", "two", "three"):
        await amina.sends(word)
    first = await api("getUpdates")
    assert texts(first) == ["one", "two", "three"]
    assert [update["update_id"] - first[0]["update_id"] for update in first] == [0, 1, 2]
    assert await api("getUpdates") == first
    assert texts(await api("getUpdates", offset=first[1]["update_id"])) == ["two", "three"]
    assert texts(await api("getUpdates")) == ["two", "three"]


async def test_a_limit_cuts_and_a_negative_offset_forgets_all_but_the_last(api: Api, amina: Person) -> None:
    for word in ("one", "two", "three"):
        await amina.sends(word)
    assert texts(await api("getUpdates", limit=2)) == ["one", "two"]
    assert texts(await api("getUpdates", offset=-2)) == ["two", "three"]
    assert texts(await api("getUpdates")) == ["two", "three"]


async def test_a_long_poll_ends_as_soon_as_something_comes(api: Api, amina: Person) -> None:
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        poll = tasks.create_task(api("getUpdates", timeout=30))
        await asyncio.sleep(0.05)
        await amina.sends("hello")
    assert texts(poll.result()) == ["hello"]


async def test_a_long_poll_without_news_ends_empty_at_its_time(api: Api) -> None:
    begin = monotonic()
    assert await api("getUpdates", timeout=1) == []
    assert monotonic() - begin > 0.9


async def test_a_second_poll_ends_the_earlier_one(api: Api, amina: Person) -> None:
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(api.refusal("getUpdates", timeout=30))
        await asyncio.sleep(0.05)
        second = tasks.create_task(api("getUpdates", timeout=30))
        await asyncio.sleep(0.05)
        await amina.sends("for the second")
    assert first.result() == (
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    )
    assert texts(second.result()) == ["for the second"]


async def test_polling_is_refused_while_a_webhook_is_set(api: Api) -> None:
    await api("setWebhook", url="http://127.0.0.1:9/hook")
    assert (await api.call("getUpdates"))["error_code"] == 409
    assert await api.refusal("getUpdates") == (
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
    )
    await api("deleteWebhook")
    assert await api("getUpdates") == []


async def test_kinds_that_are_not_allowed_are_never_made_and_the_choice_persists(api: Api, amina: Person) -> None:
    await api("getUpdates", allowed_updates=["callback_query"])
    await amina.sends("unheard")
    await amina.forges("x", timeout=0)
    [update] = await api("getUpdates")
    assert update["callback_query"]["data"] == "x"
    await api("getUpdates", offset=update["update_id"] + 1, allowed_updates=[])
    await amina.sends("heard")
    assert texts(await api("getUpdates")) == ["heard"]


async def test_the_bot_hears_nothing_of_its_own_messages(api: Api, amina: Person) -> None:
    await api("sendMessage", chat_id=amina.chat_id, text="mine")
    assert await api("getUpdates") == []


async def test_blocking_and_unblocking_are_told(api: Api, amina: Person) -> None:
    await amina.blocks()
    assert await api.refusal("sendMessage", chat_id=amina.chat_id, text="x") == (
        "Forbidden: bot was blocked by the user"
    )
    await amina.unblocks()
    changes = [update["my_chat_member"] for update in await api("getUpdates")]
    assert [(one["old_chat_member"]["status"], one["new_chat_member"]["status"]) for one in changes] == [
        ("member", "kicked"),
        ("kicked", "member"),
    ]
    assert await api("sendMessage", chat_id=amina.chat_id, text="x")


async def test_an_edit_of_a_person_is_an_update_of_its_own_kind(api: Api, amina: Person) -> None:
    sent = await amina.sends("frist")
    await amina.edits(sent, "first")
    edited = (await api("getUpdates"))[-1]["edited_message"]
    assert (edited["message_id"], edited["text"]) == (sent.id, "first")
    assert "edit_date" in edited


async def test_a_duplicate_update_comes_again_although_it_was_confirmed(
    api: Api, amina: Person, telegram: SandboxClient
) -> None:
    await telegram.fault("duplicate_update")
    await amina.sends("once")
    [update] = await api("getUpdates")
    again = await api("getUpdates", offset=update["update_id"] + 1)
    assert again == [update]
    assert await api("getUpdates", offset=update["update_id"] + 1) == []


async def test_nobody_may_be_written_to_before_pressing_start(api: Api, telegram: SandboxClient) -> None:
    ravi = await telegram.person("Ravi")
    assert await api.refusal("sendMessage", chat_id=ravi.chat_id, text="hi") == "Bad Request: chat not found"
    await ravi.starts("invite_42")
    assert texts(await api("getUpdates")) == ["/start invite_42"]
    assert (await api("sendMessage", chat_id=ravi.chat_id, text="hi"))["chat"]["id"] == ravi.chat_id


@pytest.mark.parametrize("payload", ["a b", "ä", "x" * 65])
async def test_a_start_payload_has_a_narrow_alphabet(telegram: SandboxClient, payload: str) -> None:
    with pytest.raises(ValueError, match="payload"):
        await (await telegram.person("Ravi")).starts(payload)


async def test_people_are_named_as_telegram_names_them(api: Api, telegram: SandboxClient) -> None:
    meena = await telegram.person("Meena Iyer", language_code="ta", username="meena")
    await meena.sends("hi")
    message = (await api("getUpdates"))[-1]["message"]
    names = {"first_name": "Meena", "last_name": "Iyer", "username": "meena"}
    assert message["from"] == {"id": meena.chat_id, "is_bot": False, "language_code": "ta"} | names
    assert message["chat"] == {"id": meena.chat_id, "type": "private"} | names
