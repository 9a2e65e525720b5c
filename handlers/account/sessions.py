"""The chats that a person uses: linking, separating, /sessions, and the password again after a long pause."""

from collections.abc import Sequence

from aiogram import Router
from aiogram.filters import Command
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from handlers.access import does
from handlers.account.proof import prove, proves
from handlers.ui import keyboards
from handlers.ui.forms import Linking, Unlocking
from handlers.ui.parsing import email_in, listen
from handlers.ui.questions import ask, ask_open
from handlers.ui.replies import Handler, edit, known, private_chat, shown_name
from handlers.ui.texts import Catalogues, Html, Texts
from models.tables.people import Link
from workflow.accounts import registration, sessions
from workflow.accounts.passwords import Hasher
from workflow.actors import Actor
from workflow.errors import LoginFailed
from workflow.permissions import Verb
from workflow.unit_of_work import Effects


@does(Verb.LINK)
async def link(message: Message, state: FSMContext, texts: Texts) -> None:
    await state.set_state(Linking.email)
    await ask(message, Linking.email, texts)


@does(Verb.LINK)
async def link_email(message: Message, state: FSMContext, texts: Texts, effects: Effects) -> None:
    email = email_in(message.text)
    if email is None:
        await message.answer(texts("register.email_bad"))
        return
    async with effects.begin():
        await state.update_data(email=email)
        await state.set_state(Linking.password)
    await ask(message, Linking.password, texts)


@does(Verb.LINK)
async def link_password(
    message: Message, state: FSMContext, effects: Effects, catalogues: Catalogues, hasher: Hasher
) -> None:
    """Who came by an invitation is asked for the word that accepts it, now that we know who it is."""
    email = (await state.get_data())["email"]
    right = await proves(message, email, effects, hasher)
    async with effects.begin() as session:
        invite = (await state.get_data()).get("invite")
        await state.clear()
        if invite is not None:
            await state.set_data({"invite": invite})
        if right:
            actor = await registration.link(session, private_chat(message), email, effects.at, shown_name(message))
    if not right:
        raise LoginFailed
    texts = catalogues.of(actor.language)
    await message.answer(texts(f"start.{actor.role}", name=actor.name))
    if invite is not None:
        async with effects.look() as session:
            role = await registration.invited_role(session, invite, effects.at)
        await message.answer(texts("invite.accept", role=texts(f"role.{role}")), reply_markup=keyboards.accept(texts))


@does(Verb.UNLINK)
async def ask_unlink(message: Message, texts: Texts) -> None:
    button = keyboards.rows([(texts.plain("button.unlink"), keyboards.Unlink())])
    await message.answer(texts("unlink.ask"), reply_markup=button)


@does(Verb.UNLINK)
async def unlink(query: CallbackQuery, texts: Texts, effects: Effects) -> None:
    async with effects.begin() as session:
        await registration.unlink(session, private_chat(query), effects.at)
    await edit(query, texts("unlink.done"))


@does(Verb.UNLOCK)
async def unlock(message: Message, state: FSMContext, texts: Texts, effects: Effects) -> None:
    await fall_asleep(state, effects)
    await ask(message, Unlocking.password, texts)


async def fall_asleep(state: FSMContext, effects: Effects) -> None:
    """Ask for the password, and remember the form that was open."""
    async with effects.begin():
        here = await state.get_state()
        if here != Unlocking.password.state:
            await state.update_data(resume=here)
            await state.set_state(Unlocking.password)


@does(Verb.UNLOCK)
async def unlock_password(
    message: Message, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects, hasher: Hasher
) -> None:
    await prove(message, actor, effects, hasher)
    async with effects.begin() as session:
        await sessions.wake(session, known(actor), private_chat(message), effects.at)
        told = await state.get_data()
        await state.set_state(told.pop("resume", None))
        await state.set_data(told)
    await message.answer(texts("unlock.done"))
    await ask_open(message, state, texts)


@does(Verb.SEE_SESSIONS)
async def show(message: Message, actor: Actor | None, texts: Texts, effects: Effects) -> None:
    """/sessions: where am I signed in, and away with what I do not know."""
    async with effects.look() as session:
        links = await sessions.of(session, known(actor))
    await message.answer(_list(links, private_chat(message), texts), reply_markup=_ends(links, message.chat.id, texts))


@does(Verb.SEE_SESSIONS)
async def end(
    query: CallbackQuery, callback_data: keyboards.EndSession, actor: Actor | None, texts: Texts, effects: Effects
) -> None:
    here = private_chat(query)
    async with effects.begin() as session:
        if callback_data.chat_id == here:
            await sessions.end_others(session, known(actor), here, effects.at)
        else:
            await sessions.end(session, known(actor), callback_data.chat_id, effects.at)
        links = await sessions.of(session, known(actor))
    await edit(query, _list(links, here, texts), _ends(links, here, texts))


def _list(links: Sequence[Link], here: int, texts: Texts) -> Html:
    lines = [
        texts(
            "sessions.here" if link.chat_id == here else "sessions.line",
            label=link.label or texts.plain("unknown"),
            linked=texts.time(link.created_at),
            seen=texts.time(link.seen_at),
        )
        for link in links
    ]
    return Html("\n".join([texts("sessions.head"), *lines]))


def _ends(links: Sequence[Link], here: int, texts: Texts) -> InlineKeyboardMarkup | None:
    """A button for each other chat; the one that names this chat ends all others."""
    others = [link for link in links if link.chat_id != here]
    buttons = [
        (
            texts.plain("button.end_session", label=link.label or link.chat_id),
            keyboards.EndSession(chat_id=link.chat_id),
        )
        for link in others
    ]
    if len(others) > 1:
        buttons.append((texts.plain("button.end_others"), keyboards.EndSession(chat_id=here)))
    return keyboards.rows(buttons, width=1) if buttons else None


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(link, Command("link"))
    router.message.register(ask_unlink, Command("unlink"))
    router.message.register(unlock, Command("unlock"))
    router.message.register(show, Command("sessions"))
    forms: dict[State, Handler] = {
        Linking.email: link_email,
        Linking.password: link_password,
        Unlocking.password: unlock_password,
    }
    listen(router, forms)
    router.callback_query.register(unlink, keyboards.Unlink.filter())
    router.callback_query.register(end, keyboards.EndSession.filter())
    return router
