"""/role: switch the role of this chat; the switch is offered, too, when a refused action needs another role."""

from contextlib import suppress

from aiogram import Router
from aiogram.filters import Command
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message, Update

from handlers.access import requires
from handlers.ui import keyboards
from handlers.ui.callbacks import OnAmendment, OnCard, SignText, SwitchRole
from handlers.ui.replies import acknowledge, edit_message, private_chat_id
from handlers.ui.texts import Texts
from models.vocabulary import Role
from workflow.accounts import roles
from workflow.actors import Actor
from workflow.errors import NotAllowed, NotFound, SeparationOfDuties, Suspended, WorkflowError
from workflow.permissions import Permission
from workflow.unit_of_work import UnitOfWork


@requires(Permission.SWITCH_ROLE)
async def choose_role(message: Message, actor: Actor, texts: Texts) -> None:
    others = [role for role in actor.roles if role is not actor.role]
    key = "acting.which" if others else "acting.only"
    keyboard = keyboards.switch_role(texts, others) if others else None
    await message.answer(texts(key, role=texts(f"role.{actor.role}")), reply_markup=keyboard)


@requires(Permission.SWITCH_ROLE)
async def switch_role(
    query: CallbackQuery, callback_data: SwitchRole, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    """Switch the role and discard the open form, which belongs to the previous role."""
    async with uow.begin() as session:
        actor = await roles.switch(session, private_chat_id(query), callback_data.role, uow.at)
        await state.clear()
    await edit_message(query, texts("acting.now", role=texts(f"role.{actor.role}")))


async def role_for_refused(
    refusal: WorkflowError, update: Update, actor: Actor | None, uow: UnitOfWork | None
) -> Role | None:
    """Another role of the person in which the refused operation is permitted; None where switching does not help."""
    refused = isinstance(refusal, NotAllowed | NotFound) and not isinstance(refusal, SeparationOfDuties | Suspended)
    if not refused or actor is None or uow is None or uow.operation is None or len(actor.roles) < 2:
        return None
    async with uow.read() as session:
        return await roles.other_role_for(session, actor, uow.operation, _scan_id_in(update))


async def offer_role(update: Update, actor: Actor, role: Role, texts: Texts) -> None:
    """Offer the switch as a message, for an alert has no buttons."""
    text = texts("acting.needed", role=texts(f"role.{role}"), acting=texts(f"role.{actor.role}"))
    if event := update.callback_query or update.message:
        message = await acknowledge(event)
        await message.answer(text, reply_markup=keyboards.switch_role(texts, [role]))


def _scan_id_in(update: Update) -> int | None:
    """Id of the scan whose card carries the pressed button."""
    for kind in (OnCard, SignText, OnAmendment):
        with suppress(TypeError, ValueError):
            return kind.unpack(update.callback_query.data or "").scan_id if update.callback_query else None
    return None


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(choose_role, Command("role", ignore_case=True))
    router.callback_query.register(switch_role, SwitchRole.filter())
    return router
