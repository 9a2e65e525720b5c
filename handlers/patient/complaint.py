"""The patient's complaint and its duration: pressed or typed, each may be skipped."""

from collections.abc import Sequence
from functools import partial

from aiogram import Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import CallbackQuery, Message

from faq.answer import Faq
from faq.urgency import Urgency
from handlers.access import requires
from handlers.shared.emergency import Emergency
from handlers.shared.pictures import upload
from handlers.ui.callbacks import Skip
from handlers.ui.callbacks.form import ChooseSince, ComplaintDone, DescribeScan, ToggleComplaint
from handlers.ui.forms import Describing
from handlers.ui.parsing import TYPED_TEXT
from handlers.ui.replies import View, edit_message, show_alert
from handlers.ui.taken_words import TakenWords, remember
from handlers.ui.texts import DEFAULT, Catalogues, Html, Texts, escaped
from handlers.views.facts import (
    COMPLAINTS,
    OTHER,
    SINCE,
    complaint_keyboard,
    confirm_keyboard,
    facts_block,
    offer_keyboard,
)
from handlers.views.files import family
from handlers.views.identity import who_line
from handlers.views.paging import join_blocks
from handlers.views.questions import ask
from workflow.accounts.files import proxies
from workflow.actors import Actor
from workflow.errors import StaleAction
from workflow.permissions import Permission
from workflow.scans import intake, patient_facts, queries
from workflow.text_thread import read_text
from workflow.unit_of_work import UnitOfWork


@requires(Permission.DESCRIBE)
async def begin(
    query: CallbackQuery,
    message: Message,
    callback_data: DescribeScan,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
) -> None:
    """Ask about a scan that came from the patient's page. Raises NotFound, StaleAction once a doctor has signed."""
    async with uow.begin() as session:
        scan = await queries.scan_for(session, callback_data.scan_id, actor, Permission.DESCRIBE)
        if scan.status not in intake.UNSIGNED:
            raise StaleAction
        about = {} if scan.patient_id == actor.account_id else {"identity": who_line(scan.patient, texts)}
        await state.set_state(Describing.complaint)
        await state.set_data({"scan_id": scan.id, "album": scan.media_group_id, "patient": scan.patient_id, **about})
    await query.answer()
    await ask(message, Describing.complaint, texts, identity=about.get("identity", ""))


@requires(Permission.DESCRIBE)
async def toggle(
    query: CallbackQuery, callback_data: ToggleComplaint, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    """Choose or unchoose; "something else" asks to type it. Raises StaleAction for a complaint that is not listed."""
    name = callback_data.name
    if name == OTHER:
        await show_alert(query, texts("complaint.type"))
        return
    if name not in COMPLAINTS:
        raise StaleAction
    async with uow.begin():
        chosen = list((await state.get_data()).get("chosen", ()))
        chosen = [one for one in chosen if one != name] if name in chosen else [*chosen, name]
        await state.update_data(chosen=chosen)
        about = Html((await state.get_data()).get("identity", ""))
    question = texts("scan.complaint")
    await edit_message(query, join_blocks(about, question) if about else question, complaint_keyboard(texts, chosen))


@requires(Permission.DESCRIBE)
async def take_chosen(
    query: CallbackQuery,
    message: Message,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    catalogues: Catalogues,
    faq: Faq,
    uow: UnitOfWork,
) -> None:
    """Store the chosen complaints. Those that may be an emergency are asked about as when they are typed."""
    chosen = await save("", "complaint", Describing.since, actor, state, texts, catalogues, uow)
    await edit_message(query, texts("complaint.chosen", words=", ".join(_labels(chosen, texts))))
    await _ask_if_bad_now(chosen, message, actor, texts, faq, uow)
    await ask(message, Describing.since, texts)


async def _ask_if_bad_now(
    chosen: Sequence[str], message: Message, actor: Actor, texts: Texts, faq: Faq, uow: UnitOfWork
) -> None:
    words = ", ".join(_labels(chosen, texts))
    found = await read_text(words, partial(faq.answer, words, language=texts.language, complaint=True))
    if found.urgency is Urgency.NONE:
        return
    heard = Emergency(words, texts, escaped(found.text), certain=False)
    async with uow.independent() as session:
        question_id = await heard.record(session, message, actor, uow)
    await message.answer(heard.answer)
    await heard.ask(message, question_id)


@requires(Permission.DESCRIBE)
async def take_typed(
    message: Message, actor: Actor, state: FSMContext, texts: Texts, catalogues: Catalogues, uow: UnitOfWork
) -> None:
    """Store the typed complaint after those that were chosen."""
    async with uow.begin():
        await _remember(message, "complaint", state, uow)
        await save(message.text or "", "complaint", Describing.since, actor, state, texts, catalogues, uow)
    await ask(message, Describing.since, texts)


@requires(Permission.DESCRIBE)
async def skip_complaint(
    query: CallbackQuery, message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    async with uow.begin():
        await state.set_state(Describing.since)
    await edit_message(query, texts("scan.skipped"))
    await ask(message, Describing.since, texts)


@requires(Permission.DESCRIBE)
async def take_since(
    message: Message, actor: Actor, state: FSMContext, texts: Texts, catalogues: Catalogues, uow: UnitOfWork
) -> None:
    async with uow.begin():
        await _remember(message, "since", state, uow)
        await save(message.text or "", "since", None, actor, state, texts, catalogues, uow)
        view = await thanks(actor, state, texts, uow)
    await message.answer(view.text, reply_markup=view.keyboard)


@requires(Permission.DESCRIBE)
async def choose_since(
    query: CallbackQuery,
    callback_data: ChooseSince,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    catalogues: Catalogues,
    uow: UnitOfWork,
) -> None:
    """Raises StaleAction for a time that is not offered."""
    if callback_data.name not in SINCE:
        raise StaleAction
    words = _in_two_languages(f"since.{callback_data.name}", texts, catalogues)
    async with uow.begin():
        await save(words, "since", None, actor, state, texts, catalogues, uow)
        view = await thanks(actor, state, texts, uow)
    await edit_message(query, view.text, view.keyboard)


@requires(Permission.DESCRIBE)
async def skip_since(query: CallbackQuery, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    async with uow.begin():
        await state.set_state(None)
        view = await thanks(actor, state, texts, uow)
    await edit_message(query, view.text, view.keyboard)


async def thanks(actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork) -> View:
    """The end of the description; where the patient's facts are due, with the offer to ask or confirm."""
    async with uow.read() as session:
        data = await state.get_data()
        patient = await proxies.act_for(session, actor, data.get("patient") or actor.account_id or 0)
        due = await patient_facts.are_due(session, patient, uow.at)
        known = await patient_facts.facts_of(session, patient.account_id)
    if not due:
        return View(texts("scan.thanks"))
    about = Html(data.get("identity", "")) if patient.proxy else Html("")
    offer = texts("facts.confirm", facts=facts_block(known, texts)) if known else texts("facts.offer")
    if patient.proxy:
        keyboard = family.facts_keyboard(texts, patient.account_id or 0, bool(known))
    else:
        keyboard = confirm_keyboard(texts) if known else offer_keyboard(texts)
    return View(join_blocks(texts("scan.thanks"), *([about] if about else []), offer), keyboard)


async def save(
    typed: str,
    field: str,
    following: State | None,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    catalogues: Catalogues,
    uow: UnitOfWork,
) -> Sequence[str]:
    """Store the text for the doctor, after the complaints that were chosen, which it returns."""
    async with uow.begin():
        chosen = [one for one in (await state.get_data()).get("chosen", ()) if field == "complaint"]
        labels = [_in_two_languages(f"complaint.{one}", texts, catalogues) for one in chosen]
        await upload.save_description(", ".join(filter(None, (*labels, typed.strip()))), field, actor, state, uow)
        await state.update_data(chosen=[])
        await state.set_state(following)
    return chosen


async def _remember(message: Message, field: str, state: FSMContext, uow: UnitOfWork) -> None:
    """Note whose field the message fills, for an edit of it."""
    async with uow.begin():
        scan_id = (await state.get_data())["scan_id"]
        await remember(message, TakenWords(field, scan_id, (message.text or "").strip()), state, uow)


def _labels(chosen: Sequence[str], texts: Texts) -> list[str]:
    return [texts.plain(f"complaint.{one}") for one in chosen]


def _in_two_languages(key: str, texts: Texts, catalogues: Catalogues) -> str:
    """A pressed answer as the patient read it, and in English, which every doctor reads."""
    own, english = texts.plain(key), catalogues.of(DEFAULT).plain(key)
    return own if own == english else f"{own} ({english})"


def routes() -> Router:
    router = Router(name=__name__)
    asked, since = StateFilter(Describing.complaint), StateFilter(Describing.since)
    router.callback_query.register(begin, DescribeScan.filter())
    router.message.register(take_typed, asked, TYPED_TEXT)
    router.message.register(take_since, since, TYPED_TEXT)
    router.callback_query.register(toggle, ToggleComplaint.filter(), asked)
    router.callback_query.register(take_chosen, ComplaintDone.filter(), asked)
    router.callback_query.register(choose_since, ChooseSince.filter(), since)
    router.callback_query.register(skip_complaint, Skip.filter(), asked)
    router.callback_query.register(skip_since, Skip.filter(), since)
    return router
