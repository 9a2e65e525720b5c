"""Mini Apps: their buttons, and init data that aiogram's own check believes."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from aiogram.utils.web_app import safe_parse_webapp_init_data
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, WebAppInfo

from bot.dev.sandbox import DEMO_TOKEN, Person, Sandbox, SandboxClient
from bot.dev.sandbox.client.transcript import SandboxError
from tests.support.rawapi import Api, Clock


def keyboard(url: str) -> str:
    return json.dumps({"inline_keyboard": [[{"text": "Open", "web_app": {"url": url}}]]})


async def test_a_button_opens_with_init_data_of_the_person_who_pressed_it(
    api: Api, amina: Person, clock: Clock
) -> None:
    await api("sendMessage", chat_id=str(amina.chat_id), text="x", reply_markup=keyboard("https://a.example/v?scan=1"))
    address = await amina.opens_web_app("Open")
    assert address.startswith("https://a.example/v?scan=1#")
    given = parse_qs(urlsplit(address).fragment)
    data = safe_parse_webapp_init_data(DEMO_TOKEN, given["tgWebAppData"][0])
    assert data.user is not None
    assert data.user.id == amina.chat_id
    assert data.auth_date.timestamp() == int(clock())
    with pytest.raises(ValueError, match="Invalid"):
        safe_parse_webapp_init_data("42:SANDBOX-other", given["tgWebAppData"][0])


async def test_nobody_opens_what_no_button_of_the_own_chat_offers(
    api: Api, amina: Person, telegram: SandboxClient
) -> None:
    await api("sendMessage", chat_id=str(amina.chat_id), text="x", reply_markup=keyboard("https://a.example/v"))
    shown = await amina.sees("x")
    other = await telegram.person("Ravi")
    for person, url in ((other, "https://a.example/v"), (amina, "https://b.example/v")):
        with pytest.raises(SandboxError, match="no such button"):
            await person.wire.post(person._path("web_app"), {"message_id": shown.id, "url": url})


@pytest.mark.parametrize("url", ["http://a.example/v", "ftp://a.example", "", "javascript:alert(1)"])
async def test_only_https_and_this_machine_are_opened(api: Api, amina: Person, url: str) -> None:
    refusal = await api.refusal("sendMessage", chat_id=str(amina.chat_id), text="x", reply_markup=keyboard(url))
    assert refusal.endswith("is invalid: Only HTTPS links are allowed")


async def test_python_telegram_bot_sends_such_a_button(sandbox: Sandbox, amina: Person) -> None:
    markup = InlineKeyboardMarkup([[InlineKeyboardButton("Open", web_app=WebAppInfo("https://a.example/v"))]])
    async with Bot(DEMO_TOKEN, base_url=f"{sandbox.base}/bot", base_file_url=f"{sandbox.base}/file/bot") as bot:
        sent = await bot.send_message(amina.chat_id, "x", reply_markup=markup)
    assert sent.reply_markup == markup
    assert await amina.opens_web_app("Open")
