"""A chat on the sandbox's web page: reading, typing, pressing buttons."""

import asyncio

import pytest
from playwright.async_api import expect

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

HOSTILE = """<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>"""


def keyboard(*rows):
    return {"inline_keyboard": [[{"text": text, "callback_data": text} for text in row] for row in rows]}


async def test_enter_sends_and_shift_enter_breaks_the_line(web, bot):
    await web.field("Amina").click()
    await web.page.keyboard.type("first")
    await web.page.keyboard.press("Shift+Enter")
    await web.page.keyboard.type("second")
    await web.page.keyboard.press("Enter")

    assert (await bot.next_update())["text"] == "first\nsecond"
    await expect(web.field("Amina")).to_have_value("")
    await expect(web.bubbles("Amina Yusuf")).to_have_count(1)


async def test_the_bot_appears_in_the_right_pane_without_reloading(web, bot, chat_of):
    await bot("sendMessage", chat_id=chat_of("Dr."), text="A <b>new</b> scan: <code>#7</code>", parse_mode="HTML")

    bubble = web.bubbles("Dr. Kavya Rao")
    await expect(bubble.locator("strong")).to_have_text("new")
    await expect(bubble.locator("code")).to_have_text("#7")
    await expect(web.bubbles("Amina Yusuf")).to_have_count(0)


async def test_a_hostile_message_stays_text(web, bot, amina):
    await bot("sendMessage", chat_id=amina, text=HOSTILE, reply_markup=keyboard([HOSTILE[:30]]))
    await bot("sendDocument", chat_id=amina, caption=HOSTILE, files={"document=<img src=x onerror=1>.pdf": b"%PDF-"})

    await expect(web.bubbles("Amina Yusuf").first.locator(".words")).to_have_text(HOSTILE)
    await expect(web.bubbles("Amina Yusuf")).to_have_count(2)
    assert await web.page.locator("[onerror], main script, main img[src=x]").count() == 0
    assert await web.page.title() == "CSSS demo"


async def test_a_link_that_runs_a_script_is_no_link(web, bot, amina):
    links = [
        {"type": "text_link", "offset": place, "length": 4, "url": url}
        for place, url in ((0, "javascript:document.title='owned'"), (5, "https://example.org/"))
    ]
    await bot("sendMessage", chat_id=amina, text="evil good", entities=links)

    await expect(web.bubbles("Amina Yusuf").locator("a")).to_have_text(["good"])


async def test_entities_count_in_utf16_units_and_may_nest(web, bot, amina):
    text = "😀 <b>bold <i>both</i></b> <tg-spoiler>hidden</tg-spoiler> /help"
    await bot("sendMessage", chat_id=amina, text=text, parse_mode="HTML")

    bubble = web.bubbles("Amina Yusuf")
    await expect(bubble.locator("strong")).to_have_text("bold both")
    await expect(bubble.locator("strong em")).to_have_text("both")
    await expect(bubble.locator(".words")).to_contain_text("😀 bold both")
    await bubble.get_by_role("button", name="/help").click()
    assert (await bot.next_update())["text"] == "/help"


async def test_a_pressed_button_waits_for_the_answer_and_shows_it(web, bot, amina):
    sent = await bot("sendMessage", chat_id=amina, text="Sure?", reply_markup=keyboard(["Yes", "No"]))
    button = web.pane("Amina Yusuf").locator("[data-callback=Yes]")
    await button.click()

    query = await bot.next_update("callback_query")
    await expect(button).to_have_attribute("aria-busy", "true")
    assert (query["data"], query["message"]["message_id"]) == ("Yes", sent["message_id"])
    await bot("answerCallbackQuery", callback_query_id=query["id"], text="Noted")
    await expect(web.pane("Amina Yusuf").locator(".toast")).to_have_text("Noted")
    await expect(button).not_to_have_attribute("aria-busy", "true")


async def test_an_alert_must_be_closed(web, bot, amina):
    await bot("sendMessage", chat_id=amina, text="Sure?", reply_markup=keyboard(["Yes"]))
    await web.pane("Amina Yusuf").get_by_role("button", name="Yes").click()
    query = await bot.next_update("callback_query")
    await bot("answerCallbackQuery", callback_query_id=query["id"], text=HOSTILE, show_alert=True)

    alert = web.page.get_by_role("dialog")
    await expect(alert.locator(".plain")).to_have_text(HOSTILE)
    await web.page.keyboard.press("Enter")
    await expect(alert).to_have_count(0)


async def test_an_edit_changes_the_message_in_its_place(web, bot, amina):
    first = await bot("sendMessage", chat_id=amina, text="received", reply_markup=keyboard(["Wait"]))
    await bot("sendMessage", chat_id=amina, text="later")
    await expect(web.bubbles("Amina Yusuf")).to_have_count(2)
    await bot(
        "editMessageText", chat_id=amina, message_id=first["message_id"], text="read", reply_markup=keyboard(["Go"])
    )

    await expect(web.bubbles("Amina Yusuf").first.locator(".words")).to_have_text("read")
    await expect(web.bubbles("Amina Yusuf").first.locator(".edited")).to_be_visible()
    await expect(web.pane("Amina Yusuf").locator("[data-callback]")).to_have_text(["Go"])
    await expect(web.bubbles("Amina Yusuf")).to_have_count(2)


async def test_a_deleted_message_leaves_a_trace_that_fades(web, bot, amina):
    sent = await bot("sendMessage", chat_id=amina, text="secret")
    await expect(web.bubbles("Amina Yusuf")).to_have_count(1)
    await bot("deleteMessage", chat_id=amina, message_id=sent["message_id"])

    await expect(web.pane("Amina Yusuf").locator(".trace")).to_have_text("Message deleted")
    await expect(web.bubbles("Amina Yusuf")).to_have_count(0)
    await expect(web.pane("Amina Yusuf").locator(".trace")).to_have_count(0, timeout=6000)


async def test_a_password_that_the_bot_deletes_at_once_never_comes_back(web, bot, amina):
    """The answer to the sending may arrive after the deletion event."""
    deleted, answered = asyncio.Event(), asyncio.Event()

    async def slow(route):
        answer = await route.fetch()
        await deleted.wait()
        await route.fulfill(response=answer)
        answered.set()

    await web.page.route("**/text", slow)
    await web.field("Amina").fill("hunter2")
    await web.field("Amina").press("Enter")
    message = await bot.next_update()
    await bot("deleteMessage", chat_id=amina, message_id=message["message_id"])
    await expect(web.pane("Amina Yusuf").locator(".trace")).to_have_text("Message deleted")
    deleted.set()
    await answered.wait()
    await expect(web.pane("Amina Yusuf").locator(".trace")).to_have_count(0, timeout=6000)
    await expect(web.page.get_by_text("hunter2")).to_have_count(0)


async def test_typing_shows_until_the_message_comes(web, bot, amina):
    await bot("sendChatAction", chat_id=amina, action="typing")
    await expect(web.pane("Amina Yusuf").locator(".typing")).to_contain_text("typing")
    await bot("sendMessage", chat_id=amina, text="done")
    await expect(web.pane("Amina Yusuf").locator(".typing")).to_be_hidden()


async def test_the_command_menu_lists_filters_and_sends(web, bot):
    commands = [("scans", "Your scans"), ("status", "Where your scan stands"), ("help", "What I can do")]
    await bot("setMyCommands", commands=[{"command": name, "description": text} for name, text in commands])

    await web.field("Amina").click()
    await web.page.keyboard.type("/s")
    menu = web.pane("Amina Yusuf").get_by_role("menu", name="Commands")
    await expect(menu.get_by_role("menuitem")).to_have_text(["/scansYour scans", "/statusWhere your scan stands"])
    await web.page.keyboard.press("ArrowDown")
    await web.page.keyboard.press("ArrowDown")
    await web.page.keyboard.press("Enter")
    assert (await bot.next_update())["text"] == "/status"
    await web.pane("Amina Yusuf").get_by_role("button", name="Commands").click()
    await expect(menu.get_by_role("menuitem")).to_have_count(3)
    await web.page.keyboard.press("Escape")
    await expect(menu).to_be_hidden()


async def test_a_reply_keyboard_sends_its_text_and_shares_a_contact(web, bot, amina):
    rows = [["Morning", {"text": "My number", "request_contact": True}]]
    await bot("sendMessage", chat_id=amina, text="When?", reply_markup={"keyboard": rows})
    keys = web.pane("Amina Yusuf").get_by_role("group", name="The bot's keyboard")

    await keys.get_by_role("button", name="Morning").click()
    assert (await bot.next_update())["text"] == "Morning"
    await keys.get_by_role("button", name="My number").click()
    await web.page.get_by_role("button", name="Share").click()
    assert (await bot.next_update())["contact"]["user_id"] == amina
    await bot("sendMessage", chat_id=amina, text="Thanks", reply_markup={"remove_keyboard": True})
    await expect(keys).to_be_hidden()


async def test_a_forced_reply_shows_its_placeholder_until_answered(web, bot, amina):
    force_reply = {"force_reply": True, "input_field_placeholder": "6-digit code"}
    await bot("sendMessage", chat_id=amina, text="Code?", reply_markup=force_reply)
    await expect(web.field("Amina")).to_have_attribute("placeholder", "6-digit code")
    await web.field("Amina").fill("123456")
    await web.field("Amina").press("Enter")
    await expect(web.field("Amina")).to_have_attribute("placeholder", "Message")


async def test_blocking_and_unblocking_are_one_menu_away(web, bot):
    pane = web.pane("Amina Yusuf")
    await pane.get_by_role("button", name="More").click()
    await pane.get_by_role("menuitem", name="Block the bot").click()
    assert (await bot.next_update("my_chat_member"))["new_chat_member"]["status"] == "kicked"
    await expect(web.field("Amina")).to_be_hidden()
    await pane.get_by_role("button", name="Unblock the bot").click()
    assert (await bot.next_update("my_chat_member"))["new_chat_member"]["status"] == "member"
    await expect(web.field("Amina")).to_be_visible()


async def test_a_newcomer_has_a_start_button_and_may_follow_an_invitation(web, bot, amina):
    await web.page.get_by_role("button", name="Add a person").click()
    await web.page.get_by_label("Name").fill("Ravi Kumar")
    await web.page.get_by_role("button", name="Add", exact=True).click()
    await expect(web.pane("Ravi Kumar").get_by_role("button", name="Start")).to_be_visible()

    await bot("sendMessage", chat_id=amina, text="https://t.me/csss_demo_bot?start=inv_7")
    await web.bubbles("Amina Yusuf").get_by_role("link").click()
    await web.page.get_by_role("button", name="Ravi Kumar").click()
    message = await bot.next_update()
    assert (message["text"], message["from"]["first_name"]) == ("/start inv_7", "Ravi")
    await expect(web.field("Ravi Kumar")).to_be_visible()


async def test_a_text_that_cannot_be_sent_comes_back_with_the_reason(web):
    await web.page.route("**/text", lambda route: route.fulfill(status=400, json={"error": "Too long by far."}))
    await web.field("Amina").fill("a long story")
    await web.field("Amina").press("Enter")
    await expect(web.pane("Amina Yusuf").locator(".toast")).to_have_text("Too long by far.")
    await expect(web.field("Amina")).to_have_value("a long story")
