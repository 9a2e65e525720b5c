"""The linked chats of an account: /link, /unlink, /sessions, and the proof of identity after a long pause (/unlock)."""

from collections.abc import Sequence

from aiogram import Router
from aiogram.filters import Command
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message, ReplyKeyboardRemove

from handlers.access import requires
from handlers.account import chat_linking, proof
from handlers.account.contact import proof_state, register_contacts, require_proof
from handlers.account.passwords import check_password
from handlers.account.pending import ask_consent_for_pending
from handlers.ui import callbacks, keyboards
from handlers.ui.callbacks.account import OfferChat
from handlers.ui.forms import Linking, Unlocking
from handlers.ui.interruptions import interrupt, resume
from handlers.ui.parsing import parse_email, register_answers
from handlers.ui.replies import Handler, delete_message, display_name, edit_message, private_chat_id
from handlers.ui.texts import Catalogues, Html, Texts
from handlers.views.paging import join_blocks
from handlers.views.questions import ask, repeat_question
from models.tables.codes import Change
from workflow.accounts import invitations, sessions
from workflow.accounts.chats import sign_in
from workflow.accounts.passwords import PasswordHasher
from workflow.actors import Actor
from workflow.credentials import changes
from workflow.errors import LoginFailed
from workflow.permissions import Permission
from workflow.requester import Requester, requester_of
from workflow.unit_of_work import UnitOfWork


@requires(Permission.SIGN_IN)
async def link(message: Message, state: FSMContext, texts: Texts) -> None:
    await state.set_state(Linking.email)
    await ask(message, Linking.email, texts)


@requires(Permission.SIGN_IN)
async def link_email(message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    email = parse_email(message.text)
    if email is None:
        await message.answer(texts("register.email_bad"))
        return
    async with uow.begin():
        await state.update_data(email=email)
        await state.set_state(Linking.password)
    await ask(message, Linking.password, texts)


@requires(Permission.SIGN_IN)
async def link_password(
    message: Message,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
    catalogues: Catalogues,
    hasher: PasswordHasher,
) -> None:
    """Link the chat of a patient; staff are asked for the second factor first."""
    email = (await state.get_data())["email"]
    correct = await check_password(message, email, uow, hasher, Requester.STRANGER)
    actor = None
    async with uow.begin() as session:
        invite = (await state.get_data()).get("invite")
        if correct and await sign_in.needs_second_factor(session, email):
            await sign_in.request_code(session, private_chat_id(message), email, uow.at)
            await state.set_state(Linking.code)
        else:
            await _end_form(state, invite)
            if correct:
                actor = await sessions.sign_in(session, private_chat_id(message), email, uow.at, display_name(message))
    if not correct:
        raise LoginFailed
    if actor is None:
        await ask(message, Linking.code, texts)
        return
    await _welcome(message, actor, invite, state, uow, catalogues)


@requires(Permission.SIGN_IN)
async def link_code(
    message: Message, state: FSMContext, uow: UnitOfWork, catalogues: Catalogues, secret_key: bytes
) -> None:
    """Link the chat of a member of staff with the second factor."""
    await delete_message(message)
    async with uow.begin() as session:
        data = await state.get_data()
        chat = sign_in.NewChat(private_chat_id(message), data["email"], display_name(message))
        verdict, actor = await sign_in.sign_in_with_code(session, chat, message.text or "", secret_key, uow.at)
        if verdict is not verdict.WRONG:
            await _end_form(state, data.get("invite"))
    verdict.raise_if_wrong()
    assert actor is not None
    await _welcome(message, actor, data.get("invite"), state, uow, catalogues)


async def _end_form(state: FSMContext, invite: str | None) -> None:
    """End the form; the token of an invitation stays."""
    await state.clear()
    if invite is not None:
        await state.set_data({"invite": invite})


async def _welcome(
    message: Message, actor: Actor, invite: str | None, state: FSMContext, uow: UnitOfWork, catalogues: Catalogues
) -> None:
    """Greet; a person who came with an invitation is now asked to accept it."""
    texts = catalogues.of(actor.language)
    await message.answer(texts(f"start.{actor.role}", name=actor.name))
    if invite is not None:
        async with uow.read() as session:
            role = await invitations.invited_role(session, invite, uow.at)
        await message.answer(
            texts("invite.accept", role=texts(f"role.{role}")), reply_markup=keyboards.accept_invitation(texts)
        )
    await ask_consent_for_pending(message, state, uow, catalogues)


@requires(Permission.SIGN_OUT)
async def ask_unlink(message: Message, actor: Actor, texts: Texts, base_url: str | None) -> None:
    button = keyboards.rows([(texts.plain("button.unlink"), callbacks.Unlink())])
    await message.answer(_unlink_words("ask", actor, texts, base_url), reply_markup=button)


@requires(Permission.SIGN_OUT)
async def unlink(query: CallbackQuery, actor: Actor, texts: Texts, uow: UnitOfWork, base_url: str | None) -> None:
    async with uow.begin() as session:
        await sessions.sign_out(session, private_chat_id(query), uow.at)
        await changes.note(session, actor.account_id, Change.SIGN_OUT, uow.at, private_chat_id(query))
    await edit_message(query, _unlink_words("done", actor, texts, base_url))


def _unlink_words(step: str, actor: Actor, texts: Texts, base_url: str | None) -> Html:
    """The sentence of a step; to staff, and where patients have pages, also that browsers end with the chat."""
    browsers = requester_of(actor) is Requester.STAFF or base_url is not None
    words = texts(f"unlink.{step}_phone" if actor.by_phone else f"unlink.{step}")
    return join_blocks(words, *([texts(f"unlink.{step}_browsers")] if browsers else []))


@requires(Permission.UNLOCK)
async def unlock(message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    await ask(message, await lock_chat(actor, state, uow), texts)


async def lock_chat(actor: Actor, state: FSMContext, uow: UnitOfWork) -> State:
    """Ask for the password or the telephone and store the open form, to continue it afterwards."""
    asked = proof_state(actor, Unlocking.password)
    await interrupt(state, uow, asked)
    return asked


@requires(Permission.UNLOCK)
async def unlock_password(
    message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork, hasher: PasswordHasher
) -> None:
    await require_proof(message, actor, uow, hasher)
    async with uow.begin() as session:
        await sessions.unlock(session, actor, private_chat_id(message), uow.at)
        await resume(state, uow)
    keys_gone = ReplyKeyboardRemove() if message.contact else None
    await message.answer(texts("unlock.done"), reply_markup=keys_gone)
    await repeat_question(message, state, texts)


@requires(Permission.SEE_SESSIONS)
async def show(message: Message, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    """/sessions: list the linked chats, with buttons that unlink them."""
    here = private_chat_id(message)
    async with uow.read() as session:
        places = await sessions.places(session, actor)
    await message.answer(_list(places, here, texts), reply_markup=_chat_buttons(places, here, actor, texts))


@requires(Permission.SEE_SESSIONS)
async def end(
    query: CallbackQuery, callback_data: callbacks.EndSession, actor: Actor, texts: Texts, uow: UnitOfWork
) -> None:
    here = private_chat_id(query)
    async with uow.begin() as session:
        if callback_data.chat_id == here:
            await sessions.end_others(session, actor, here, uow.at)
        else:
            await sessions.end(session, actor, callback_data.chat_id, here, uow.at)
        places = await sessions.places(session, actor)
    await edit_message(query, _list(places, here, texts), _chat_buttons(places, here, actor, texts))


def _list(places: Sequence[sessions.Place], here: int, texts: Texts) -> Html:
    lines = [
        texts(
            "sessions.here" if place.number == here else "sessions.line",
            label=place.label or texts.plain("unknown"),
            linked=texts.time(place.since),
            seen=texts.time(place.seen_at),
        )
        for place in places
    ]
    return Html("\n".join([texts("sessions.head"), *lines]))


def _chat_buttons(
    places: Sequence[sessions.Place], here: int, actor: Actor, texts: Texts
) -> InlineKeyboardMarkup | None:
    """A button for each other place, and one, with the id of this chat, that ends all; for patients a further chat."""
    others = [place for place in places if place.number != here]
    buttons: keyboards.Buttons = [
        (
            texts.plain("button.end_session", label=place.label or place.number),
            callbacks.EndSession(chat_id=place.number),
        )
        for place in others
    ]
    if len(others) > 1:
        buttons.append((texts.plain("button.end_others"), callbacks.EndSession(chat_id=here)))
    if requester_of(actor) is Requester.PATIENT:
        buttons.append((texts.plain("button.offer_chat"), OfferChat()))
    return keyboards.rows(buttons, width=1) if buttons else None


def routes() -> Router:
    router = Router(name=__name__)
    router.include_router(chat_linking.routes())
    router.include_router(proof.routes())
    router.message.register(link, Command("link", ignore_case=True))
    router.message.register(ask_unlink, Command("unlink", ignore_case=True))
    router.message.register(unlock, Command("unlock", ignore_case=True))
    router.message.register(show, Command("sessions", ignore_case=True))
    forms: dict[State, Handler] = {
        Linking.email: link_email,
        Linking.password: link_password,
        Linking.code: link_code,
        Unlocking.password: unlock_password,
    }
    register_answers(router, forms)
    register_contacts(router, {Unlocking.contact: unlock_password})
    router.callback_query.register(unlink, callbacks.Unlink.filter())
    router.callback_query.register(end, callbacks.EndSession.filter())
    return router
