"""The first words: /start, /help, /cancel, /language."""

from aiogram import F, Router
from aiogram.filters import Command, CommandObject, CommandStart
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers import keyboards
from handlers.answers import edit, private_chat
from handlers.texts import Catalogues, Texts
from workflow import accounts
from workflow.actors import Actor
from workflow.updates import Effects

INVITATION = "join_"


async def start(message: Message, actor: Actor | None, texts: Texts) -> None:
    if actor is None:
        await message.answer(texts("start.stranger"))
    else:
        await message.answer(texts(f"start.{actor.role}", name=actor.name))


async def start_invited(
    message: Message, command: CommandObject, state: FSMContext, actor: Actor | None, texts: Texts, effects: Effects
) -> None:
    """An invitation: who has an account is asked to confirm, anybody else registers first."""
    token = (command.args or "").removeprefix(INVITATION)
    async with effects.begin() as session:
        role = await accounts.invited_role(session, token, effects.at)
        await state.clear()
        await state.update_data(invite=token)
    name = texts(f"role.{role}")
    if actor is None:
        await message.answer(texts("invite.stranger", role=name))
    else:
        button = keyboards.rows([(texts.plain("button.accept"), keyboards.Accept())])
        await message.answer(texts("invite.accept", role=name), reply_markup=button)


async def accept_invitation(query: CallbackQuery, state: FSMContext, texts: Texts, effects: Effects) -> None:
    token = (await state.get_data()).get("invite", "")
    async with effects.begin() as session:
        actor = await accounts.accept_invite(session, private_chat(query), token, effects.at)
        await state.clear()
    await edit(query, texts(f"start.{actor.role}", name=actor.name))


async def help_(message: Message, actor: Actor | None, texts: Texts) -> None:
    await message.answer(texts(f"help.{actor.role}" if actor else "help.stranger"))


async def cancel(message: Message, state: FSMContext, texts: Texts) -> None:
    was_typing = await state.get_state() is not None
    await state.clear()
    await message.answer(texts("cancel.done" if was_typing else "cancel.nothing"))


async def language(message: Message, texts: Texts, catalogues: Catalogues) -> None:
    await message.answer(texts("language.ask"), reply_markup=keyboards.languages(texts, catalogues.languages))


async def choose_language(
    query: CallbackQuery, callback_data: keyboards.ChooseLanguage, effects: Effects, catalogues: Catalogues
) -> None:
    chosen = catalogues.of(callback_data.language)
    async with effects.begin() as session:
        await accounts.speak(session, private_chat(query), chosen.language, effects.at)
    await edit(query, chosen("language.done"))


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(start_invited, CommandStart(deep_link=True, magic=F.args.startswith(INVITATION)))
    router.message.register(start, CommandStart())
    router.message.register(help_, Command("help"))
    router.message.register(cancel, Command("cancel"))
    router.message.register(language, Command("language"))
    router.callback_query.register(accept_invitation, keyboards.Accept.filter())
    return router


def late_routes() -> Router:
    """A language chosen outside any form; the registration form's own question comes before it."""
    router = Router(name=f"{__name__}.late")
    router.callback_query.register(choose_language, keyboards.ChooseLanguage.filter())
    return router
