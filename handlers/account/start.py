"""The first words: /start, /help, /cancel, /language."""

from aiogram import F, Router
from aiogram.filters import Command, CommandObject, CommandStart, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.access import does
from handlers.ui import keyboards
from handlers.ui.forms import Joining
from handlers.ui.parsing import WORDS, registration_number_in
from handlers.ui.replies import edit, known, private_chat
from handlers.ui.texts import Catalogues, Texts
from workflow.accounts import registration
from workflow.actors import Actor
from workflow.permissions import Verb
from workflow.unit_of_work import Effects

INVITATION = "join_"


@does(Verb.TALK)
async def start(message: Message, actor: Actor | None, texts: Texts) -> None:
    if actor is None:
        await message.answer(texts("start.stranger"))
    else:
        await message.answer(texts(f"start.{actor.role}", name=actor.name))


@does(Verb.TALK)
async def start_invited(
    message: Message, command: CommandObject, state: FSMContext, actor: Actor | None, texts: Texts, effects: Effects
) -> None:
    """An invitation: who has an account is asked to confirm, anybody else registers first."""
    token = (command.args or "").removeprefix(INVITATION)
    async with effects.begin() as session:
        role = await registration.invited_role(session, token, effects.at)
        await state.clear()
        await state.update_data(invite=token)
    name = texts(f"role.{role}")
    if actor is None:
        await message.answer(texts("invite.stranger", role=name))
    else:
        await message.answer(texts("invite.accept", role=name), reply_markup=keyboards.accept(texts))


@does(Verb.JOIN)
async def accept_invitation(
    query: CallbackQuery, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects
) -> None:
    """Doctors and pharmacists are asked for their number first: no report is printed without it."""
    async with effects.begin() as session:
        token = (await state.get_data()).get("invite", "")
        await registration.may_join(session, known(actor), token, effects.at)
        numbered = await registration.asks_number(session, token, effects.at)
        if numbered:
            await state.set_state(Joining.number)
        else:
            joined = await registration.accept_invite(session, private_chat(query), token, effects.at)
            await state.clear()
    text = texts("register.number") if numbered else texts(f"start.{joined.role}", name=joined.name)
    await edit(query, text)


@does(Verb.JOIN)
async def take_number(message: Message, state: FSMContext, texts: Texts, effects: Effects) -> None:
    number = registration_number_in(message.text)
    if number is None:
        await message.answer(texts("register.number_bad"))
        return
    async with effects.begin() as session:
        token = (await state.get_data()).get("invite", "")
        joined = await registration.accept_invite(session, private_chat(message), token, effects.at, number)
        await state.clear()
    await message.answer(texts(f"start.{joined.role}", name=joined.name))


@does(Verb.TALK)
async def help_(message: Message, actor: Actor | None, texts: Texts) -> None:
    await message.answer(texts(f"help.{actor.role}" if actor else "help.stranger"))


@does(Verb.TALK)
async def cancel(message: Message, state: FSMContext, texts: Texts, effects: Effects) -> None:
    async with effects.begin():
        was_typing = await state.get_state() is not None
        await state.clear()
    await message.answer(texts("cancel.done" if was_typing else "cancel.nothing"))


@does(Verb.TALK)
async def language(message: Message, texts: Texts) -> None:
    await message.answer(texts("language.ask"), reply_markup=keyboards.languages(texts))


@does(Verb.SPEAK)
async def choose_language(
    query: CallbackQuery, callback_data: keyboards.ChooseLanguage, effects: Effects, catalogues: Catalogues
) -> None:
    chosen = catalogues.of(callback_data.language)
    async with effects.begin() as session:
        await registration.speak(session, private_chat(query), chosen.language, effects.at)
    await edit(query, chosen("language.done"))


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(start_invited, CommandStart(deep_link=True, magic=F.args.startswith(INVITATION)))
    router.message.register(start, CommandStart())
    router.message.register(help_, Command("help"))
    router.message.register(cancel, Command("cancel"))
    router.message.register(language, Command("language"))
    router.message.register(take_number, StateFilter(Joining.number), WORDS)
    router.callback_query.register(accept_invitation, keyboards.Accept.filter())
    return router


def late_routes() -> Router:
    """A language chosen outside any form; the registration form's own question comes before it."""
    router = Router(name=f"{__name__}.late")
    router.callback_query.register(choose_language, keyboards.ChooseLanguage.filter())
    return router
