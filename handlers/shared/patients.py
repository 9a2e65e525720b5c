"""/patient: find a patient by name, number or telephone, and see the story."""

from aiogram import Router
from aiogram.filters import Command, CommandObject, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.access import requires
from handlers.ui.callbacks.history import OpenPatient
from handlers.ui.forms import FindingPatient
from handlers.ui.parsing import TYPED_TEXT
from handlers.ui.replies import reply, send_view
from handlers.ui.texts import Texts
from handlers.views.patients import matches_view, story_view
from handlers.views.questions import ask
from workflow.actors import Actor
from workflow.permissions import Permission
from workflow.reporting import patients
from workflow.unit_of_work import UnitOfWork


@requires(Permission.FIND_PATIENT)
async def find(
    message: Message, command: CommandObject, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    """/patient with a name, number or telephone; alone it asks for one."""
    if command.args:
        await _search(message, command.args, actor, texts, uow)
        return
    async with uow.begin():
        await state.set_state(FindingPatient.query)
    await ask(message, FindingPatient.query, texts)


@requires(Permission.FIND_PATIENT)
async def take_query(message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    async with uow.begin():
        await state.clear()
    await _search(message, message.text or "", actor, texts, uow)


@requires(Permission.FIND_PATIENT)
async def open_patient(
    query: CallbackQuery, callback_data: OpenPatient, actor: Actor, texts: Texts, uow: UnitOfWork
) -> None:
    async with uow.begin() as session:
        told = await patients.story(session, actor, callback_data.account_id, texts.language, uow.at)
    view = story_view(told, texts, uow.at)
    await reply(query, view.text, view.keyboard, protected=True)


async def _search(message: Message, typed: str, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    """Show the matches, each with a button for its story."""
    async with uow.begin() as session:
        found = await patients.find_patients(session, actor, typed, uow.at)
    await send_view(message, matches_view(found, texts, uow.at))


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(find, Command("patient", ignore_case=True))
    router.message.register(take_query, StateFilter(FindingPatient.query), TYPED_TEXT)
    router.callback_query.register(open_patient, OpenPatient.filter())
    return router
