"""Anything typed that is no command and answers no open form is a question."""

from aiogram import F, Router
from aiogram.types import CallbackQuery, Message

from faq.answer import Faq
from faq.pages import Topic
from handlers import keyboards
from handlers.answers import say
from handlers.texts import Html, Texts


async def answer(message: Message, texts: Texts, faq: Faq) -> None:
    """Words of danger come first; where the FAQ is unsure it offers what it might have meant."""
    found = faq.answer(message.text or "", language=texts.language)
    keyboard = None
    if not found.sure and found.suggestions:
        others = [topic for topic in found.suggestions if topic != found.topic]
        near = [(faq.entry(topic, found.language).title, keyboards.ChooseTopic(topic=topic)) for topic in others]
        keyboard = keyboards.rows(near, width=1)
    await message.answer(_html(found.text), reply_markup=keyboard)


async def answer_topic(query: CallbackQuery, callback_data: keyboards.ChooseTopic, texts: Texts, faq: Faq) -> None:
    if callback_data.topic in set(faq.topics):
        await say(query, _html(faq.entry(Topic(callback_data.topic), texts.language).text))
    else:
        await query.answer()


async def unknown_command(message: Message, texts: Texts) -> None:
    await message.answer(texts("unknown_command"))


def _html(text: str) -> Html:
    return Html(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def routes() -> Router:
    """The last of all routers: what nobody else took."""
    router = Router(name=__name__)
    router.message.register(unknown_command, F.text.startswith("/"))
    router.message.register(answer, F.text)
    router.callback_query.register(answer_topic, keyboards.ChooseTopic.filter())
    return router
