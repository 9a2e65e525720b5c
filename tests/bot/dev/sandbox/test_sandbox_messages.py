"""Keyboards, button presses, edits, deletions, replies: the life of a message."""

import asyncio
from typing import Any

import pytest

from bot.dev.sandbox import Person, SandboxClient
from tests.support.rawapi import Api, Clock, png

GO = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}
STALE = "Bad Request: query is too old and response timeout expired or query ID is invalid"
SAME = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a "
    "current content and reply markup of the message"
)


def button(**fields: Any) -> dict[str, Any]:
    return {"inline_keyboard": [[fields]]}


@pytest.mark.parametrize(
    ("markup", "description"),
    [
        (button(text="x", callback_data="x" * 65), "BUTTON_DATA_INVALID"),
        (button(text="x", callback_data="த" * 22), "BUTTON_DATA_INVALID"),
        (
            button(text="x"),
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
        (
            button(text="x", callback_data=""),
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
        (button(callback_data="x"), "can't parse inline keyboard button: Can't find field \"text\""),
        (
            {"inline_keyboard": [{"text": "x"}]},
            'field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays',
        ),
        (
            {"inline_keyboard": [["x"]]},
            "can't parse inline keyboard button: InlineKeyboardButton must be an Object",
        ),
        (button(text="x", url="nowhere"), "inline keyboard button URL 'nowhere' is invalid: Wrong HTTP URL"),
        ({"keyboard": "x"}, 'field "keyboard" of the ReplyKeyboardMarkup must be an Array of Arrays'),
        ({"keyboard": [[{}]]}, "can't parse keyboard button: Can't find field \"text\""),
        ({"keyboard": [["x"]], "input_field_placeholder": "x" * 65}, "INPUT_FIELD_PLACEHOLDER_INVALID"),
        ({"remove_keyboard": "yes"}, 'field "remove_keyboard" must be of type Boolean'),
        ("{", "can't parse reply keyboard markup JSON object"),
        ([1], "object expected as reply markup"),
    ],
)
async def test_a_bad_keyboard_is_refused_in_telegrams_words(
    api: Api, amina: Person, markup: Any, description: str
) -> None:
    refusal = await api.refusal("sendMessage", chat_id=amina.chat_id, text="x", reply_markup=markup)
    assert refusal == f"Bad Request: {description}"


async def test_results_echo_inline_keyboards_only(api: Api, amina: Person, telegram: SandboxClient) -> None:
    message = await api(
        "sendMessage", chat_id=amina.chat_id, text="x", reply_markup=button(text="x", callback_data="த" * 21)
    )
    assert message["reply_markup"] == button(text="x", callback_data="த" * 21)
    for markup in ({"keyboard": [["Yes", "No"]]}, {"force_reply": True}, {"remove_keyboard": True}):
        message = await api("sendMessage", chat_id=amina.chat_id, text="x", reply_markup=markup)
        assert "reply_markup" not in message


async def test_a_reply_keyboard_stays_until_it_is_removed_and_a_one_time_one_until_it_is_used(
    api: Api, amina: Person, telegram: SandboxClient
) -> None:
    async def keyboard() -> Any:
        return (await telegram.wire.get("/client/people")).body[0]["keyboard"]

    yes_no = {"keyboard": [[{"text": "Yes"}, {"text": "No"}]]}
    await api("sendMessage", chat_id=amina.chat_id, text="?", reply_markup=yes_no)
    assert (await amina.presses("Yes")).answered
    assert (await api("getUpdates"))[-1]["message"]["text"] == "Yes"
    assert await keyboard() == yes_no
    await api("sendMessage", chat_id=amina.chat_id, text="!", reply_markup={"remove_keyboard": True})
    assert await keyboard() is None
    for once in (yes_no | {"one_time_keyboard": True}, {"force_reply": True}):
        await api("sendMessage", chat_id=amina.chat_id, text="?", reply_markup=once)
        assert await keyboard() == once
        await amina.sends("No")
        assert await keyboard() is None


async def test_a_contact_may_be_the_own_or_somebody_elses(api: Api, amina: Person) -> None:
    ask = {"keyboard": [[{"text": "Share my number", "request_contact": True}]]}
    await api("sendMessage", chat_id=amina.chat_id, text="?", reply_markup=ask)
    await amina.presses("Share")
    await amina.sends_contact("+491701", "Ravi", user_id=5)
    own, other = [update["message"]["contact"] for update in await api("getUpdates")]
    assert own["user_id"] == amina.chat_id
    assert other == {"phone_number": "+491701", "first_name": "Ravi", "user_id": 5}


async def test_a_press_reaches_the_bot_and_its_answer_the_person(api: Api, amina: Person, spec: Any) -> None:
    message = await api("sendMessage", chat_id=amina.chat_id, text="x", reply_markup=GO)
    async with asyncio.TaskGroup() as tasks:
        press = tasks.create_task(amina.presses("Go"))
        [update] = await api("getUpdates", timeout=5)
        query = update["callback_query"]
        assert await api("answerCallbackQuery", callback_query_id=query["id"], text="Done", show_alert=True) is True
    assert press.result() == (True, "Done", True)
    assert (query["data"], query["from"]["id"], query["message"]) == ("go", amina.chat_id, message)
    assert isinstance(query["id"], str)
    assert query["chat_instance"]
    assert not spec or spec.check_update(update) == []


async def test_a_press_that_the_bot_ignores_stays_unanswered(api: Api, amina: Person) -> None:
    await api("sendMessage", chat_id=amina.chat_id, text="x", reply_markup=GO)
    assert await amina.presses("Go", timeout=0.05) == (False, None, False)


async def test_a_query_is_answered_once_and_within_a_minute(api: Api, amina: Person, clock: Clock) -> None:
    for _ in range(2):
        await amina.forges("x", timeout=0)
    first, second = [update["callback_query"]["id"] for update in await api("getUpdates")]
    assert await api.refusal("answerCallbackQuery", callback_query_id=first, text="x" * 201) == (
        "Bad Request: MESSAGE_TOO_LONG"
    )
    assert await api("answerCallbackQuery", callback_query_id=first)
    assert await api.refusal("answerCallbackQuery", callback_query_id=first) == STALE
    clock.now += 61
    assert await api.refusal("answerCallbackQuery", callback_query_id=second) == STALE
    assert await api.refusal("answerCallbackQuery", callback_query_id="7") == STALE


async def test_a_forged_press_may_carry_any_data_and_a_message_that_is_gone(api: Api, amina: Person) -> None:
    message = await api("sendMessage", chat_id=amina.chat_id, text="x", reply_markup=GO)
    await api("deleteMessage", chat_id=amina.chat_id, message_id=message["message_id"])
    await amina.forges("verify:7", message["message_id"], timeout=0)
    query = (await api("getUpdates"))[-1]["callback_query"]
    assert query["data"] == "verify:7"
    assert query["message"] == {"chat": message["chat"], "message_id": message["message_id"], "date": 0}


async def test_an_edit_replaces_text_and_keyboard_and_sets_its_date(api: Api, amina: Person, clock: Clock) -> None:
    message = await api("sendMessage", chat_id=amina.chat_id, text="old", reply_markup=GO)
    place = {"chat_id": amina.chat_id, "message_id": message["message_id"]}
    clock.now += 5
    edited = await api("editMessageText", **place, text="<b>new</b>", parse_mode="HTML", reply_markup=GO)
    assert (edited["text"], edited["entities"][0]["type"], edited["reply_markup"]) == ("new", "bold", GO)
    assert edited["edit_date"] - edited["date"] == 5
    assert "reply_markup" not in await api("editMessageText", **place, text="newer")
    assert (await api("editMessageReplyMarkup", **place, reply_markup=GO))["reply_markup"] == GO
    shown = [one for one in await amina.messages() if not one.outgoing]
    assert [(one.text, one.buttons) for one in shown] == [("newer", ["Go"])]


async def test_edits_are_refused_in_telegrams_words(api: Api, amina: Person) -> None:
    own = await api("sendMessage", chat_id=amina.chat_id, text="x", reply_markup=GO)
    keyed = await api("sendMessage", chat_id=amina.chat_id, text="x", reply_markup={"keyboard": [["x"]]})
    theirs = await amina.sends("x")
    file = (await api.upload("sendDocument", {"document": ("a.txt", b"x")}, chat_id=str(amina.chat_id)))["result"]

    async def refused(method: str, message_id: int, **fields: Any) -> str:
        return await api.refusal(method, chat_id=amina.chat_id, message_id=message_id, **fields)

    assert [
        await refused("editMessageText", 9999, text="y"),
        await refused("editMessageText", theirs.id, text="y"),
        await refused("editMessageText", keyed["message_id"], text="y"),
        await refused("editMessageText", own["message_id"], text="x", reply_markup=GO),
        await refused("editMessageReplyMarkup", own["message_id"], reply_markup=GO),
        await refused("editMessageText", own["message_id"], text=""),
        await refused("editMessageText", file["message_id"], text="y"),
        await refused("editMessageCaption", own["message_id"], caption="y"),
        await refused("editMessageText", own["message_id"], text="y", reply_markup={"force_reply": True}),
        await api.refusal("editMessageText", chat_id=amina.chat_id, text="y"),
        await api.refusal("editMessageText", inline_message_id="AAA", text="y"),
        await api.refusal("editMessageText", chat_id=1, message_id=1, text="y"),
    ] == [
        "Bad Request: message to edit not found",
        "Bad Request: message can't be edited",
        "Bad Request: message can't be edited",
        SAME,
        SAME,
        "Bad Request: message text is empty",
        "Bad Request: there is no text in the message to edit",
        "Bad Request: there is no caption in the message to edit",
        "Bad Request: inline keyboard expected",
        "Bad Request: message identifier is not specified",
        "Bad Request: MESSAGE_ID_INVALID",
        "Bad Request: chat not found",
    ]


async def test_captions_and_media_can_be_edited(api: Api, amina: Person) -> None:
    chat = str(amina.chat_id)
    sent = (await api.upload("sendPhoto", {"photo": ("a.png", png(50, 40))}, chat_id=chat, caption="one"))["result"]
    place = {"chat_id": chat, "message_id": str(sent["message_id"])}
    assert (await api("editMessageCaption", **place, caption="two"))["caption"] == "two"
    media = '{"type": "photo", "media": "attach://new", "caption": "three"}'
    edited = (await api.upload("editMessageMedia", {"new": ("b.png", png(60, 30))}, media=media, **place))["result"]
    assert (edited["caption"], edited["photo"][-1]["width"]) == ("three", 60)
    assert "caption" not in await api("editMessageCaption", **place)


async def test_deleting_works_for_both_sides_and_within_48_hours(api: Api, amina: Person, clock: Clock) -> None:
    mine = (await api("sendMessage", chat_id=amina.chat_id, text="x"))["message_id"]
    theirs = (await amina.sends("my password")).id
    for message_id in (mine, theirs):
        assert await api("deleteMessage", chat_id=amina.chat_id, message_id=message_id) is True
    assert mine not in {message.id for message in await amina.messages()}
    old = (await api("sendMessage", chat_id=amina.chat_id, text="x"))["message_id"]
    clock.now += 48 * 3600
    assert [
        await api.refusal("deleteMessage", chat_id=amina.chat_id, message_id=mine),
        await api.refusal("deleteMessage", chat_id=amina.chat_id, message_id=old),
        await api.refusal("deleteMessage", chat_id=amina.chat_id),
    ] == [
        "Bad Request: message to delete not found",
        "Bad Request: message can't be deleted",
        "Bad Request: message identifier is not specified",
    ]


async def test_many_are_deleted_at_once_and_missing_ones_passed_over(api: Api, amina: Person) -> None:
    ids = [(await amina.sends(word)).id for word in ("a", "b", "c")]
    assert await api("deleteMessages", chat_id=amina.chat_id, message_ids=[ids[0], 9999, ids[2]]) is True
    left = [message.text for message in await amina.messages()]
    assert left[-1] == "b"
    assert [
        await api.refusal("deleteMessages", chat_id=amina.chat_id),
        await api.refusal("deleteMessages", chat_id=amina.chat_id, message_ids=[1] * 101),
        await api.refusal("deleteMessages", chat_id=amina.chat_id, message_ids=["x"]),
        await api.refusal("deleteMessages", chat_id=amina.chat_id, message_ids=7),
    ] == [
        "Bad Request: message identifiers are not specified",
        "Bad Request: too many message identifiers specified",
        "Bad Request: invalid message identifier specified",
        "Bad Request: expected an Array of message identifiers",
    ]


async def test_message_ids_are_one_sequence_for_all_chats(api: Api, amina: Person, telegram: SandboxClient) -> None:
    ravi = await telegram.person("Ravi")
    ids = [(await amina.sends("a")).id, (await ravi.sends("b")).id]
    ids.append((await api("sendMessage", chat_id=ravi.chat_id, text="c"))["message_id"])
    assert ids == [ids[0], ids[0] + 1, ids[0] + 2]


async def test_a_reply_quotes_the_message_once(api: Api, amina: Person) -> None:
    original = await amina.sends("question")
    reply = {"reply_parameters": {"message_id": original.id}}
    answer = await api("sendMessage", chat_id=amina.chat_id, text="answer", **reply)
    assert answer["reply_to_message"]["text"] == "question"
    again = {"reply_parameters": {"message_id": answer["message_id"]}}
    assert (
        "reply_to_message"
        not in (await api("sendMessage", chat_id=amina.chat_id, text="x", **again))["reply_to_message"]
    )
    lost = {"message_id": 9999}
    refusal = await api.refusal("sendMessage", chat_id=amina.chat_id, text="x", reply_parameters=lost)
    assert refusal == "Bad Request: message to be replied not found"
    lost["allow_sending_without_reply"] = True
    assert "reply_to_message" not in await api("sendMessage", chat_id=amina.chat_id, text="x", reply_parameters=lost)


async def test_protected_content_is_marked_so(api: Api, amina: Person) -> None:
    assert (await api("sendMessage", chat_id=amina.chat_id, text="x", protect_content=True))["has_protected_content"]


@pytest.mark.parametrize(
    ("chat_id", "description"),
    [("", "chat_id is empty"), (5, "chat not found"), ("@amina", "chat not found"), ("12abc", "chat not found")],
)
async def test_a_chat_must_be_known(api: Api, chat_id: Any, description: str) -> None:
    assert await api.refusal("sendMessage", chat_id=chat_id, text="x") == f"Bad Request: {description}"


async def test_a_reaction_and_a_chat_action_are_shown(api: Api, amina: Person, telegram: SandboxClient) -> None:
    original = await amina.sends("x")
    reaction = [{"type": "emoji", "emoji": "👍"}]
    place = {"chat_id": amina.chat_id, "message_id": original.id}
    assert await api("setMessageReaction", **place, reaction=reaction) is True
    assert await api("sendChatAction", chat_id=amina.chat_id, action="typing") is True
    kinds = [event["kind"] for event in await telegram.wire.changes(original.event, 1)]
    assert kinds == ["reaction", "action"]
    assert (await amina.messages())[-1].body["reactions"] == reaction
    assert [
        await api.refusal("setMessageReaction", **place, reaction=["x"]),
        await api.refusal("setMessageReaction", **place | {"message_id": 9999}),
        await api.refusal("sendChatAction", chat_id=amina.chat_id, action="dancing"),
    ] == [
        "Bad Request: REACTION_INVALID",
        "Bad Request: message to react not found",
        "Bad Request: wrong parameter action in request",
    ]
