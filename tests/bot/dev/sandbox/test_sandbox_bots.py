"""Real bots against the sandbox: aiogram by polling and by webhook, and python-telegram-bot."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiogram import Bot, Dispatcher, F
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError, TelegramRetryAfter
from aiogram.filters import CommandStart
from aiogram.types import (
    BotCommand,
    BufferedInputFile,
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaDocument,
    InputMediaPhoto,
    Message,
)
from aiogram.webhook.aiohttp_server import SimpleRequestHandler
from aiohttp import web
from aiohttp.test_utils import TestServer
from telegram import InlineKeyboardButton as PtbButton
from telegram import InlineKeyboardMarkup as PtbMarkup
from telegram import Update
from telegram.error import BadRequest
from telegram.ext import Application, ApplicationBuilder, CallbackQueryHandler, ContextTypes, MessageHandler, filters

from bot.dev.sandbox import DEMO_TOKEN, Person, Sandbox, SandboxClient
from bot.dev.sandbox.api.methods import METHODS
from tests.support.rawapi import Clock, complaints, load_spec, png

GO = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Go", callback_data="go")]])


def dispatcher() -> Dispatcher:
    """A small bot that covers the features a scan desk uses."""
    routes = Dispatcher()
    routes.message.register(greet, CommandStart())
    routes.message.register(take_photo, F.photo)
    routes.message.register(take_file, F.document)
    routes.message.register(forget, F.text == "secret")
    routes.message.register(echo, F.text)
    routes.callback_query.register(go)
    return routes


async def greet(message: Message, bot: Bot) -> None:
    await bot.send_chat_action(message.chat.id, "typing")
    await message.answer(f"<b>Welcome</b> {message.from_user.first_name if message.from_user else ''}", reply_markup=GO)


async def take_photo(message: Message, bot: Bot) -> None:
    assert message.photo
    data = await bot.download(message.photo[-1])
    assert data is not None
    await message.reply_document(BufferedInputFile(data.read(), "scan.jpg"), caption="as a file", protect_content=True)


async def take_file(message: Message, bot: Bot) -> None:
    assert message.document
    await message.answer_photo(
        message.photo[0].file_id if message.photo else BufferedInputFile(png(99, 99), "heat.png")
    )
    first = InputMediaDocument(media=message.document.file_id)
    second = InputMediaDocument(media=BufferedInputFile(b"two", "two.txt"), caption="both")
    await message.answer_media_group([first, second])


async def forget(message: Message) -> None:
    await message.delete()
    await message.answer("forgotten")


async def echo(message: Message) -> None:
    await message.answer(message.html_text)


async def go(query: CallbackQuery) -> None:
    assert isinstance(query.message, Message)
    await query.message.edit_text("<i>gone</i>")
    await query.answer("On our way", show_alert=True)


def aiogram_bot(sandbox: Sandbox) -> Bot:
    server = TelegramAPIServer.from_base(sandbox.base)
    return Bot(sandbox.token, AiohttpSession(api=server), DefaultBotProperties(parse_mode="HTML"))


@asynccontextmanager
async def polling(sandbox: Sandbox) -> AsyncIterator[Bot]:
    routes, bot = dispatcher(), aiogram_bot(sandbox)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(routes.start_polling(bot, handle_signals=False, polling_timeout=5))
        yield bot
        await routes.stop_polling()
        await running


@asynccontextmanager
async def listening(sandbox: Sandbox) -> AsyncIterator[Bot]:
    routes, bot = dispatcher(), aiogram_bot(sandbox)
    app = web.Application()
    SimpleRequestHandler(routes, bot, handle_in_background=False, secret_token="s3cret").register(app, "/hook")
    async with TestServer(app) as server:
        await bot.set_webhook(str(server.make_url("/hook")), secret_token="s3cret")
        yield bot
        await bot.delete_webhook()
    await bot.session.close()


async def the_story(amina: Person, picture: bytes) -> None:
    await amina.sends("/start")
    welcome = await amina.sees("Welcome Amina")
    assert welcome.body["entities"][0]["type"] == "bold"
    assert await amina.presses("Go") == (True, "On our way", True)
    assert (await amina.sees("gone")).id == welcome.id
    await amina.sends_photo(picture)
    document = await amina.receives_document()
    assert (document.name, document.data[:3]) == ("scan.jpg", b"\xff\xd8\xff")
    await amina.sends_file(b"one", "one.txt")
    await amina.sees("both")
    assert (await amina.receives_photo()).photo
    secret = await amina.sends("secret")
    await amina.sees("forgotten")
    assert secret.id not in {message.id for message in await amina.messages()}
    await amina.sends("தமிழ் & हिन्दी <3")
    await amina.sees("தமிழ் & हिन्दी <3")


@pytest.mark.parametrize("way", [polling, listening])
async def test_an_aiogram_bot_plays_the_story(
    sandbox: Sandbox, telegram: SandboxClient, picture: bytes, way: Any, spec: Any
) -> None:
    async with way(sandbox):
        await the_story(await telegram.person("Amina"), picture)
    if spec is not None:
        assert complaints(spec, sandbox.calls, requests=True) == []


async def test_aiogram_maps_our_refusals_to_its_exceptions(sandbox: Sandbox, telegram: SandboxClient) -> None:
    bot = aiogram_bot(sandbox)
    amina = await telegram.person("Amina")
    with pytest.raises(TelegramBadRequest, match="chat not found"):
        await bot.send_message(amina.chat_id, "x")
    await amina.sends("/start")
    with pytest.raises(TelegramBadRequest, match="Unsupported start tag"):
        await bot.send_message(amina.chat_id, "<x>")
    await telegram.fault("429", "sendMessage", seconds=7)
    with pytest.raises(TelegramRetryAfter) as flood:
        await bot.send_message(amina.chat_id, "x")
    assert flood.value.retry_after == 7
    await amina.blocks()
    with pytest.raises(TelegramForbiddenError):
        await bot.send_message(amina.chat_id, "x")
    await bot.session.close()


async def test_every_method_that_aiogram_knows_here_is_understood(
    sandbox: Sandbox, telegram: SandboxClient, spec: Any
) -> None:
    bot = aiogram_bot(sandbox)
    amina = await telegram.person("Amina")
    chat = (await amina.sends("/start")).body["chat"]["id"]
    photo = await bot.send_photo(chat, BufferedInputFile(png(80, 80), "a.png"), caption="a", reply_markup=GO)
    await bot.edit_message_caption(chat_id=chat, message_id=photo.message_id, caption="b")
    media = InputMediaPhoto(media=BufferedInputFile(png(70, 70), "b.png"))
    await bot.edit_message_media(media, chat_id=chat, message_id=photo.message_id)
    await bot.edit_message_reply_markup(chat_id=chat, message_id=photo.message_id, reply_markup=GO)
    await bot.set_message_reaction(chat, photo.message_id, [{"type": "emoji", "emoji": "👍"}])
    await bot.set_my_commands([BotCommand(command="start", description="Begin")])
    assert (await bot.get_my_commands())[0].command == "start"
    await bot.set_chat_menu_button(chat)
    assert (await bot.get_chat(chat)).first_name == "Amina"
    assert (await bot.get_webhook_info()).pending_update_count == 1
    assert await bot.delete_messages(chat, [photo.message_id])
    await bot.session.close()
    if spec is not None:
        assert complaints(spec, sandbox.calls, requests=True) == []


async def ptb_text(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    assert update.message is not None
    keyboard = PtbMarkup([[PtbButton("Edit me", callback_data="edit"), PtbButton("Delete me", callback_data="delete")]])
    await update.message.reply_text(f"<u>{update.message.text}</u>", parse_mode="HTML", reply_markup=keyboard)


async def ptb_photo(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    assert update.message is not None
    data = bytes(await (await update.message.photo[-1].get_file()).download_as_bytearray())
    await update.message.reply_document(data, filename="back.jpg", caption=str(len(update.message.photo)))
    await update.message.reply_photo(data)


async def ptb_press(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    query = update.callback_query
    assert query is not None
    if query.data == "delete":
        await query.delete_message()
    else:
        await query.edit_message_text("edited by PTB")
    await query.answer(f"{query.data} done")


@asynccontextmanager
async def ptb(sandbox: Sandbox) -> AsyncIterator[Any]:
    base, files = f"{sandbox.base}/bot", f"{sandbox.base}/file/bot"
    app: Application = ApplicationBuilder().token(DEMO_TOKEN).base_url(base).base_file_url(files).build()
    app.add_handler(MessageHandler(filters.PHOTO, ptb_photo))
    app.add_handler(MessageHandler(filters.TEXT, ptb_text))
    app.add_handler(CallbackQueryHandler(ptb_press))
    async with app:
        assert app.updater is not None
        await app.start()
        await app.updater.start_polling(timeout=2)
        yield app
        await app.updater.stop()
        await app.stop()


async def test_python_telegram_bot_receives_sends_edits_deletes_and_downloads(
    sandbox: Sandbox, telegram: SandboxClient, picture: bytes, spec: Any
) -> None:
    ravi = await telegram.person("Ravi", username="ravi")
    async with ptb(sandbox) as app:
        await ravi.sends("hello")
        first = await ravi.sees("hello")
        assert await ravi.presses("Edit me") == (True, "edit done", False)
        assert (await ravi.sees("edited by PTB")).id == first.id
        await ravi.sends_photo(picture)
        document = await ravi.receives_document()
        assert (document.name, document.data[:3]) == ("back.jpg", b"\xff\xd8\xff")
        await ravi.sees("4")
        await ravi.receives_photo()
        await ravi.sends("delete this")
        await ravi.sees("delete this")
        assert (await ravi.presses("Delete me")).text == "delete done"
        await ravi.does_not_see("delete this", within=0)
        with pytest.raises(BadRequest, match="Chat not found"):
            await app.bot.send_message(1, "x")
    if spec is not None:
        assert complaints(spec, sandbox.calls, requests=True) == []


def test_the_specification_is_at_hand_and_knows_our_methods() -> None:
    """Without the specification the other tests check nothing against it."""
    spec = load_spec()
    if spec is None:
        pytest.skip("../shared/botapi is absent: answers were not held against the Bot API's specification")
    for method in METHODS.values():
        documented = {field["name"] for field in spec.spec.methods[method.name].get("fields", [])}
        assert method.parameters - documented <= {"reply_to_message_id", "allow_sending_without_reply"}
        assert documented <= method.parameters, method.name


def test_the_checker_of_answers_finds_faults() -> None:
    spec = load_spec()
    if spec is None:
        pytest.skip("../shared/botapi is absent")
    wrong = {"ok": True, "result": {"id": 42, "first_name": "Sandbox"}}
    assert complaints(spec, [{"method": "getMe", "status": 200, "body": wrong}]) == [
        "getMe result: .: 'is_bot' is a required property"
    ]
    assert Clock()() > 0
