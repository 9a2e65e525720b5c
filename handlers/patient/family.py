"""/family: the relatives for whom a person acts, each with a file of their own."""

from typing import Any

from aiogram import Bot, F, Router
from aiogram.filters import Command, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import CallbackQuery, Message

from handlers.access import requires
from handlers.patient import for_whom
from handlers.shared.form import birth_answer, take_step
from handlers.shared.pictures.upload import IntakeTools
from handlers.ui import pending
from handlers.ui.callbacks import ChooseSex
from handlers.ui.callbacks.family import AgreeFor, ChooseRelation, FamilyAction, NewPerson, OnPerson
from handlers.ui.file_forms import AddingPerson
from handlers.ui.parsing import parse_name, register_answers
from handlers.ui.replies import edit_message, private_chat_id, send_view, show_toast
from handlers.ui.texts import Html, Texts
from handlers.views.files.family import consent_text, dependant_of, family_view, person_view
from handlers.views.questions import ask
from inference.model.classifier import Classifier
from inference.upload.decoder import DecoderPool
from models.crypto.vault import Vault
from workflow import consent
from workflow.accounts.files import dependants, proxies, slips
from workflow.actors import Actor
from workflow.errors import NotFound, StaleAction
from workflow.permissions import Permission
from workflow.unit_of_work import UnitOfWork

STEPS = (AddingPerson.name, AddingPerson.birth, AddingPerson.sex, AddingPerson.relation, AddingPerson.consent)


@requires(Permission.MANAGE_FAMILY)
async def show(message: Message, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    async with uow.read() as session:
        family = await dependants.of(session, actor)
    await send_view(message, family_view(family, texts))


@requires(Permission.MANAGE_FAMILY)
async def open_person(
    query: CallbackQuery, message: Message, callback_data: OnPerson, actor: Actor, texts: Texts, uow: UnitOfWork
) -> None:
    async with uow.read() as session:
        family = await dependants.of(session, actor)
        one = next((one for one in family if one.patient_id == callback_data.patient_id), None)
        if one is None:
            raise NotFound
        agreed = await consent.has_agreed(session, proxies.in_place_of(actor, one.patient))
    await query.answer()
    await send_view(message, person_view(one, agreed, texts, uow.at.date()))


@requires(Permission.MANAGE_FAMILY)
async def draw_slip(query: CallbackQuery, callback_data: OnPerson, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    """The slip with which an adult opens the own file comes to this chat. Raises NotFound."""
    async with uow.begin() as session:
        await slips.issue(session, actor, callback_data.patient_id, private_chat_id(query), uow.at)
    await show_toast(query, texts.plain("slip.coming"))


@requires(Permission.MANAGE_FAMILY)
async def give_up(query: CallbackQuery, callback_data: OnPerson, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    async with uow.begin() as session:
        account = await dependants.give_up(session, actor, callback_data.patient_id, uow.at)
    await edit_message(query, texts("family.given_up", name=account.name))


@requires(Permission.MANAGE_FAMILY)
async def begin(query: CallbackQuery, message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    async with uow.begin():
        await state.set_data({})
        await state.set_state(AddingPerson.name)
    await query.answer()
    await ask(message, AddingPerson.name, texts)


async def _answer(
    message: Message, asked: State, state: FSMContext, texts: Texts, uow: UnitOfWork, **given: object
) -> None:
    def shown(data: dict[str, Any]) -> Html:
        return consent_text(dependant_of(data), texts, uow.at.date())

    await take_step(message, STEPS, asked, shown, state, texts, uow, **given)


@requires(Permission.MANAGE_FAMILY)
async def take_name(message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    name = parse_name(message.text)
    if name is None:
        await message.answer(texts("register.name_bad"))
        return
    await _answer(message, AddingPerson.name, state, texts, uow, name=name)


@requires(Permission.MANAGE_FAMILY)
async def take_birth(message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    given = birth_answer(message.text, uow.at.date())
    if given is None:
        await message.answer(texts("walk_in.birth_bad"))
        return
    await _answer(message, AddingPerson.birth, state, texts, uow, **given)


@requires(Permission.MANAGE_FAMILY)
async def take_sex(
    query: CallbackQuery, message: Message, callback_data: ChooseSex, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    await query.answer()
    await _answer(message, AddingPerson.sex, state, texts, uow, sex=callback_data.sex)


@requires(Permission.MANAGE_FAMILY)
async def take_relation(
    query: CallbackQuery,
    message: Message,
    callback_data: ChooseRelation,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
) -> None:
    if callback_data.relation not in dependants.RELATIONS:
        raise StaleAction
    await query.answer()
    await _answer(message, AddingPerson.relation, state, texts, uow, relation=callback_data.relation)


@requires(Permission.MANAGE_FAMILY)
async def agree(
    query: CallbackQuery,
    message: Message,
    bot: Bot,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
    classifier: Classifier,
    decoder: DecoderPool,
    vault: Vault,
) -> None:
    """Open the person's file with the consent given for them, or renew that consent; take in what waits.

    Idempotent: after the first press the form names the file."""
    uow.mark_idempotent()
    async with uow.begin() as session:
        data = await state.get_data()
        if "patient" in data:
            patient = await proxies.act_for(session, actor, data["patient"])
            await consent.agree(session, patient, uow.at)
        else:
            patient = await dependants.add(session, actor, dependant_of(data), uow.at)
        await state.set_data({"patient": patient.account_id})
        if not await pending.pending_pictures(state):
            await state.clear()
    await for_whom.take_waiting(message, patient, state, texts, uow, IntakeTools(bot, classifier, decoder, vault))
    await edit_message(query, texts("family.added", name=patient.name))


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(show, Command("family", ignore_case=True))
    register_answers(router, {AddingPerson.name: take_name, AddingPerson.birth: take_birth})
    press = router.callback_query.register
    press(begin, NewPerson.filter())
    press(take_sex, ChooseSex.filter(), StateFilter(AddingPerson.sex))
    press(take_relation, ChooseRelation.filter(), StateFilter(AddingPerson.relation))
    press(agree, AgreeFor.filter(), StateFilter(AddingPerson.consent))
    press(open_person, OnPerson.filter(F.action == FamilyAction.OPEN_PERSON))
    press(draw_slip, OnPerson.filter(F.action == FamilyAction.OWN_SLIP))
    press(give_up, OnPerson.filter(F.action == FamilyAction.GIVE_UP))
    return router
