"""Anything typed that is no command and answers no open form is a question."""

from collections.abc import Sequence
from secrets import token_hex
from typing import Final

from aiogram import F, Router
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from faq.answer import Faq
from faq.entries import Topic
from handlers.access import does
from handlers.shared import desk
from handlers.shared.emergency import heard
from handlers.shared.my_case import CASES, Buttons, is_staff, own_case
from handlers.ui import keyboards
from handlers.ui.replies import private_chat, say, shown_name
from handlers.ui.texts import Catalogues, Html, Texts, quoted
from workflow.actors import Actor
from workflow.desk.tickets import DeskHours, is_talking, open_ticket, to_desk
from workflow.faq import unanswered
from workflow.faq.unanswered import Asked
from workflow.permissions import Verb
from workflow.unit_of_work import Effects

PEOPLE_KNOW: Final = frozenset({Topic.CONTACT, Topic.FALLBACK})  # where a person of the desk is offered


@does(Verb.TALK)
async def answer(
    message: Message,
    actor: Actor | None,
    texts: Texts,
    catalogues: Catalogues,
    effects: Effects,
    faq: Faq,
    hours: DeskHours,
) -> None:
    """Words of danger come first, then the person who is talked to, then what the FAQ knows.

    Whoever writes in Tamil or Hindi is answered so; English words are at home in every language and change nothing."""
    question = message.text or ""
    texts = catalogues.of(faq.language(question, otherwise=texts.language))
    found = faq.answer(question, language=texts.language)
    if not is_staff(actor):
        if cry := heard(message, texts, catalogues, faq):
            async with effects.begin() as session:
                await cry.note(session, message, actor, effects)
        elif await _pass_on(message, texts, effects):
            return
        elif found.person:
            await desk.human(message, actor, texts, effects, hours)
            return
    text, buttons = await _said(found.topic, actor, texts, effects, faq)
    if found.sure or found.emergency:
        await message.answer(text, reply_markup=_keyboard(buttons, (), texts, faq))
        return
    near = [topic for topic in found.suggestions if topic != found.topic]
    token = "" if found.topic == Topic.FALLBACK else token_hex(6)
    await message.answer(text, reply_markup=_keyboard(buttons, near, texts, faq, token))
    await _keep(message, actor, texts.language, effects, faq, token)


async def _pass_on(message: Message, texts: Texts, effects: Effects) -> bool:
    """Whether these words belong to a conversation with the desk."""
    async with effects.look() as session:
        ticket = await open_ticket(session, private_chat(message))
    if ticket is None or not is_talking(ticket):
        return False
    async with effects.begin() as session:
        await to_desk(session, private_chat(message), message.text or "", effects.at)
    await message.answer(texts("desk.passed_on"), reply_markup=keyboards.leave_desk(texts))
    return True


async def _keep(message: Message, actor: Actor | None, language: str, effects: Effects, faq: Faq, token: str) -> None:
    """A miss, for whoever teaches the FAQ; only after the answer, which waits for no such thing."""
    names = [shown_name(message), actor.name if actor else ""]
    async with effects.begin() as session:
        await unanswered.keep(session, Asked(message.text or "", language, names, token), faq.known, effects.at)


@does(Verb.TALK)
async def answer_topic(
    query: CallbackQuery,
    callback_data: keyboards.ChooseTopic,
    actor: Actor | None,
    texts: Texts,
    effects: Effects,
    faq: Faq,
) -> None:
    if callback_data.topic not in set(faq.topics):
        await query.answer()
        return
    text, buttons = await _said(callback_data.topic, actor, texts, effects, faq)
    await say(query, text, _keyboard(buttons, (), texts, faq))
    if callback_data.token:
        async with effects.begin() as session:
            await unanswered.answered(session, callback_data.token)


@does(Verb.TALK)
async def unknown_command(message: Message, texts: Texts) -> None:
    await message.answer(texts("unknown_command"))


async def _said(topic: str, actor: Actor | None, texts: Texts, effects: Effects, faq: Faq) -> tuple[Html, Buttons]:
    """The entry's words; before them, where one's own scans are asked for, how these stand."""
    entry = quoted(faq.entry(topic, texts.language).text)
    if topic in PEOPLE_KNOW and not is_staff(actor):
        return entry, [(texts.plain("button.human"), keyboards.CallHuman())]
    if actor is None or topic not in CASES:
        return entry, []
    case, buttons = await own_case(effects, actor, texts)
    return (case if is_staff(actor) else Html(f"{case}\n\n{entry}")), buttons


def _keyboard(
    buttons: Buttons, near: Sequence[str], texts: Texts, faq: Faq, token: str = ""
) -> InlineKeyboardMarkup | None:
    topics: Buttons = [
        (faq.entry(topic, texts.language).title, keyboards.ChooseTopic(topic=topic, token=token)) for topic in near
    ]
    rows = [*keyboards.rows(topics, width=1).inline_keyboard, *keyboards.rows(buttons).inline_keyboard]
    return InlineKeyboardMarkup(inline_keyboard=rows) if rows else None


def routes() -> Router:
    """The last of all routers: what nobody else took."""
    router = Router(name=__name__)
    router.message.register(unknown_command, F.text.startswith("/"))
    router.message.register(answer, F.text)
    router.callback_query.register(answer_topic, keyboards.ChooseTopic.filter())
    return router
