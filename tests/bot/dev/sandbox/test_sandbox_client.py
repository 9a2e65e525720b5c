"""The Python client: which messages count as seen, and the errors when none are."""

import asyncio

import pytest

from bot.dev.sandbox import Person, Sample, Sandbox, SandboxClient
from bot.dev.sandbox.client.transcript import NotFoundInChat, SandboxError
from tests.support.rawapi import Api

GO = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}, {"text": "Go home", "callback_data": "home"}]]}


async def test_a_person_is_got_by_name_or_made(telegram: SandboxClient) -> None:
    amina = await telegram.person("Amina", role="patient", language_code="ta")
    assert await telegram.person("Amina") is amina
    ravi = await telegram.person("Ravi")
    assert [(one.name, one.role) for one in await telegram.people()] == [("Amina", "patient"), ("Ravi", "")]
    assert ravi.chat_id != amina.chat_id


async def test_an_old_text_does_not_satisfy_a_later_question(api: Api, amina: Person) -> None:
    await api("sendMessage", chat_id=amina.chat_id, text="received")
    await amina.sees("received")
    await amina.sees("received")
    await amina.sends("next")
    await amina.does_not_see("received", within=0.05)


async def test_a_text_may_come_later_and_is_waited_for(api: Api, amina: Person) -> None:
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(amina.sees("late"))
        await asyncio.sleep(0.05)
        await api("sendMessage", chat_id=amina.chat_id, text="very late")
    assert waiting.result().text == "very late"


async def test_an_edit_counts_as_new_and_what_it_replaced_is_gone(api: Api, amina: Person) -> None:
    card = await api("sendMessage", chat_id=amina.chat_id, text="analysing")
    await amina.sends("x")
    await api("editMessageText", chat_id=amina.chat_id, message_id=card["message_id"], text="ready")
    assert (await amina.sees("ready")).id == card["message_id"]
    await amina.does_not_see("analysing", within=0)


async def test_a_deleted_message_is_not_seen_nor_pressed(api: Api, amina: Person) -> None:
    card = await api("sendMessage", chat_id=amina.chat_id, text="secret", reply_markup=GO)
    await api("deleteMessage", chat_id=amina.chat_id, message_id=card["message_id"])
    await amina.does_not_see("secret", within=0)
    with pytest.raises(NotFoundInChat, match=r"(?s)a button “Go”.*#\d+ bot: secret \[Go\] \[Go home\] \(deleted\)"):
        await amina.presses("Go", timeout=0.01)


async def test_marks_are_each_persons_own(api: Api, amina: Person, telegram: SandboxClient) -> None:
    ravi = await telegram.person("Ravi")
    await ravi.sends("/start")
    await api("sendMessage", chat_id=ravi.chat_id, text="for Ravi")
    await amina.sends("x")
    await ravi.sees("for Ravi")
    await ravi.looks_away()
    await ravi.does_not_see("for Ravi", within=0)


async def test_the_newest_button_is_pressed_and_an_exact_label_first(api: Api, amina: Person) -> None:
    for text in ("scan 1", "scan 2"):
        await api("sendMessage", chat_id=amina.chat_id, text=text, reply_markup=GO)
    await amina.presses("Go", timeout=0)
    await amina.presses("home", timeout=0)
    await amina.presses("Go", on="scan 1", timeout=0)
    pressed = [update["callback_query"] for update in await api("getUpdates")]
    assert [(one["data"], one["message"]["text"]) for one in pressed] == [
        ("go", "scan 2"),
        ("home", "scan 2"),
        ("go", "scan 1"),
    ]


async def test_a_button_is_waited_for(api: Api, amina: Person) -> None:
    async with asyncio.TaskGroup() as tasks:
        press = tasks.create_task(amina.presses("Go", timeout=1))
        await asyncio.sleep(0.05)
        await api("sendMessage", chat_id=amina.chat_id, text="x", reply_markup=GO)
        [update] = await api("getUpdates", timeout=5)
        await api("answerCallbackQuery", callback_query_id=update["callback_query"]["id"])
    assert press.result().answered


async def test_a_button_that_opens_an_address_cannot_be_pressed(api: Api, amina: Person) -> None:
    link = {"inline_keyboard": [[{"text": "Site", "url": "https://example.org"}]]}
    await api("sendMessage", chat_id=amina.chat_id, text="x", reply_markup=link)
    with pytest.raises(SandboxError, match="opens an address"):
        await amina.presses("Site")


async def test_a_failure_lists_what_the_chat_shows(api: Api, amina: Person) -> None:
    await api.upload("sendDocument", {"document": ("r.pdf", b"x")}, chat_id=str(amina.chat_id), caption="your report")
    with pytest.raises(NotFoundInChat) as failure:
        await amina.sees("goodbye", timeout=0.01)
    assert isinstance(failure.value, AssertionError)
    assert str(failure.value) == (
        "Amina Diallo did not see “goodbye” within 0.01 s. Amina Diallo's chat shows:\n"
        "  #1 Amina Diallo: /start\n"
        "  #2 bot: your report <r.pdf>"
    )
    with pytest.raises(NotFoundInChat, match="should not have seen “report”, but saw:\n  #2 bot: your report"):
        await amina.does_not_see("report", within=0)


async def test_a_photo_of_the_bot_is_received_and_downloaded(api: Api, amina: Person, picture: bytes) -> None:
    await api.upload("sendPhoto", {"photo": ("heat.png", picture)}, chat_id=str(amina.chat_id))
    message = await amina.receives_photo()
    assert message.photo is not None
    assert len(await message.download()) == message.photo["file_size"]
    with pytest.raises(SandboxError, match="carries no file"):
        await (await amina.sends("x")).download()


async def test_whoever_blocked_the_bot_cannot_write(amina: Person) -> None:
    await amina.blocks()
    with pytest.raises(SandboxError, match="has blocked the bot"):
        await amina.sends("x")
    with pytest.raises(SandboxError, match="has blocked the bot"):
        await amina.forges("x")


async def test_wrong_requests_of_a_client_are_refused_with_a_sentence(amina: Person, telegram: SandboxClient) -> None:
    chat = f"/client/chats/{amina.chat_id}"
    for path, body, sentence in [
        ("/client/people", {}, "name is missing"),
        (f"{chat}/text", {"text": ""}, "text is missing"),
        (f"{chat}/text", {"text": "  "}, "an empty message cannot be sent"),
        (f"{chat}/text", {"text": "x" * 4097}, "a message has at most 4096 characters"),
        (f"{chat}/edit", {"message_id": 99, "text": "x"}, "there is no such message of this person"),
        (f"{chat}/press", {"message_id": "x"}, "message_id is no number"),
        ("/client/chats/5/text", {"text": "x"}, "there is no such chat"),
        ("/client/nothing", {}, "404 Not Found"),
    ]:
        with pytest.raises(SandboxError, match=sentence):
            await telegram.wire.post(path, body)


async def test_the_bots_calls_can_be_read_with_their_answers(api: Api, amina: Person, telegram: SandboxClient) -> None:
    await api("sendMessage", chat_id=amina.chat_id, text="x")
    await api.upload("sendDocument", {"document": ("r.pdf", b"x")}, chat_id=str(amina.chat_id))
    [call] = await telegram.calls("sendDocument")
    assert (call["fields"], call["files"], call["status"]) == ({"chat_id": str(amina.chat_id)}, ["document"], 200)
    assert call["body"]["result"]["document"]["file_name"] == "r.pdf"
    assert {one["method"] for one in await telegram.calls()} >= {"getUpdates", "sendMessage", "sendDocument"}


async def test_a_client_must_be_entered() -> None:
    with pytest.raises(SandboxError, match="async with"):
        await SandboxClient("http://127.0.0.1:1").people()


async def test_samples_are_listed_and_fetched() -> None:
    sample = Sample("chest.png", "Chest X-ray", "image/png", b"\x89PNG")
    async with Sandbox(samples=[sample]) as sandbox, SandboxClient(sandbox.base) as telegram:
        shown = (await telegram.wire.get("/client/samples")).body
        assert shown == [{"name": "chest.png", "title": "Chest X-ray", "type": "image/png"}]
        assert await telegram.wire.fetch("/client/samples/chest.png") == b"\x89PNG"
        with pytest.raises(SandboxError, match="no such sample"):
            await telegram.wire.fetch("/client/samples/other.png")


async def test_people_can_be_made_in_process_and_written_to_at_once() -> None:
    async with Sandbox() as sandbox, SandboxClient(sandbox.base) as telegram:
        chat_id = sandbox.person("Dr Rao", role="doctor", started=True)
        call = {"chat_id": chat_id, "text": "welcome"}
        async with telegram.wire.session.post(f"{sandbox.base}/bot{sandbox.token}/sendMessage", json=call) as answer:
            assert (await answer.json())["ok"]
        rao = await telegram.person("Dr Rao")
        assert (rao.chat_id, rao.role) == (chat_id, "doctor")
        await rao.sees("welcome")


async def test_the_page_is_served_and_nothing_beside_it(sandbox: Sandbox, telegram: SandboxClient) -> None:
    assert b"<html" in await telegram.wire.fetch("/")
    for path in ("/static/..%2Fserver.py", "/static/none.js"):
        with pytest.raises(SandboxError):
            await telegram.wire.fetch(path)
