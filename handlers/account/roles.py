"""/role: act in another of one's roles in this chat, and the offer of it where a press or command needs one."""

from contextlib import suppress

from aiogram import Router
from aiogram.filters import Command
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message, Update

from handlers.access import does
from handlers.ui import keyboards
from handlers.ui.decisions import OnChange, OnWords
from handlers.ui.keyboards import ActAs, OnCard
from handlers.ui.replies import edit, known, private_chat
from handlers.ui.texts import Texts
from models.tables.people import Role
from workflow.accounts import roles
from workflow.actors import Actor
from workflow.errors import ClinicError, NotAllowed, NotFound, SameHand, Suspended
from workflow.permissions import Verb
from workflow.unit_of_work import Effects


@does(Verb.SWITCH_ROLE)
async def role(message: Message, actor: Actor | None, texts: Texts) -> None:
    who = known(actor)
    others = [one for one in who.roles if one is not who.role]
    said = "acting.which" if others else "acting.only"
    keyboard = keyboards.act_as(texts, others) if others else None
    await message.answer(texts(said, role=texts(f"role.{who.role}")), reply_markup=keyboard)


@does(Verb.SWITCH_ROLE)
async def act_as(query: CallbackQuery, callback_data: ActAs, state: FSMContext, texts: Texts, effects: Effects) -> None:
    """A form that was open belonged to the other role."""
    async with effects.begin() as session:
        actor = await roles.switch(session, private_chat(query), callback_data.role, effects.at)
        await state.clear()
    await edit(query, texts("acting.now", role=texts(f"role.{actor.role}")))


async def needed(refusal: ClinicError, update: Update, actor: Actor | None, effects: Effects | None) -> Role | None:
    """Which of this person's other roles may do what was refused; the cards of a role stay when the chat leaves it."""
    refused = isinstance(refusal, NotAllowed | NotFound) and not isinstance(refusal, SameHand | Suspended)
    if not refused or actor is None or effects is None or effects.deed is None or len(actor.roles) < 2:
        return None
    async with effects.look() as session:
        return await roles.other_for(session, actor, effects.deed, _scan_in(update))


async def offer(update: Update, actor: Actor, role: Role, texts: Texts) -> None:
    """A pop-up carries no button, so the offer is a message."""
    said = texts("acting.needed", role=texts(f"role.{role}"), acting=texts(f"role.{actor.role}"))
    keyboard = keyboards.act_as(texts, [role])
    query = update.callback_query
    if query is not None:
        await query.answer()
    message = query.message if query is not None else update.message
    if isinstance(message, Message):
        await message.answer(said, reply_markup=keyboard)


def _scan_in(update: Update) -> int | None:
    """The scan under whose card a button was pressed."""
    for kind in (OnCard, OnWords, OnChange):
        with suppress(TypeError, ValueError):
            return kind.unpack(update.callback_query.data or "").scan_id if update.callback_query else None
    return None


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(role, Command("role"))
    router.callback_query.register(act_as, ActAs.filter())
    return router
