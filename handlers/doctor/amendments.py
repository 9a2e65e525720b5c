"""A released report is changed or added to by a doctor, and approved anew by an administrator with a new code."""

from typing import Any, Final

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import CallbackQuery, Message

from handlers.access import does
from handlers.account.codes import use_code
from handlers.doctor.reading import LONGEST
from handlers.ui import keyboards
from handlers.ui.decisions import OnChange, on_change
from handlers.ui.forms import Amending
from handlers.ui.keyboards import AmendBand, CardAction, OnCard
from handlers.ui.parsing import WORDS
from handlers.ui.questions import ask, values
from handlers.ui.replies import edit, known, private_chat, say
from handlers.ui.texts import Texts
from handlers.views.cards import sheets
from models.tables.amendments import Amendment
from models.tables.scans import Scan
from reports.content.document import Band
from workflow.accounts.codes import Verdict
from workflow.actors import Actor
from workflow.audit import chain
from workflow.errors import StaleAction
from workflow.permissions import Verb
from workflow.reporting import amendments
from workflow.reporting.amendments import Change, numbered
from workflow.scans import queries
from workflow.unit_of_work import Effects

STEPS: Final = (Amending.reason, Amending.findings, Amending.impression, Amending.recommendations, Amending.band)


@does(Verb.AMEND)
async def begin(
    query: CallbackQuery, callback_data: OnCard, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects
) -> None:
    first = Amending.addendum if callback_data.action is CardAction.ADDENDUM else Amending.reason
    async with effects.begin() as session:
        scan = await queries.scan_for(session, callback_data.scan_id, known(actor), Verb.AMEND)
        if scan.status != "REPORT_READY":
            raise StaleAction
        await state.set_data({"scan_id": scan.id})
        await state.set_state(first)
    await query.answer()
    if isinstance(query.message, Message):
        await ask(query.message, first, texts, scan=callback_data.scan_id)


@does(Verb.AMEND)
async def take_words(message: Message, state: FSMContext, texts: Texts, effects: Effects) -> None:
    words = (message.text or "").strip()
    if len(words) > LONGEST:
        await message.answer(texts("reading.too_long", most=LONGEST))
        return
    await _go_on(message, words, state, texts, effects)


@does(Verb.AMEND)
async def skip(query: CallbackQuery, state: FSMContext, texts: Texts, effects: Effects) -> None:
    """What is not said anew: no impression at all, or the recommendations as they were."""
    await query.answer()
    if isinstance(query.message, Message):
        await _go_on(query.message, None, state, texts, effects)


async def _go_on(message: Message, words: str | None, state: FSMContext, texts: Texts, effects: Effects) -> None:
    async with effects.begin():
        here = await state.get_state()
        following: State = dict(zip([step.state for step in STEPS], STEPS[1:], strict=False))[here]
        await state.update_data({str(here).split(":")[1]: words})
        await state.set_state(following)
        told = await state.get_data()
    await ask(message, following, texts, **values(told, texts))


@does(Verb.AMEND)
async def take_addendum(
    message: Message, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects
) -> None:
    words = (message.text or "").strip()
    if len(words) > LONGEST:
        await message.answer(texts("reading.too_long", most=LONGEST))
        return
    await _propose(message, {"reason": words}, actor, state, texts, effects)


@does(Verb.AMEND)
async def take_band(
    query: CallbackQuery,
    callback_data: AmendBand,
    actor: Actor | None,
    state: FSMContext,
    texts: Texts,
    effects: Effects,
) -> None:
    """The last answer: what the patient should do now."""
    if callback_data.band not in set(Band):
        raise StaleAction
    await query.answer()
    if isinstance(query.message, Message):
        await _propose(query.message, {"band": callback_data.band}, actor, state, texts, effects)


async def _propose(
    message: Message, last: dict[str, str], actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects
) -> None:
    """What the form was told before, and its last answer."""
    async with effects.begin() as session:
        told = {**await state.get_data(), **last}
        scan_id = told["scan_id"]
        change = Change(**{name: told[name] for name in Change._fields if name in told})
        await amendments.propose(session, known(actor), scan_id, change, effects.at)
        await state.clear()
    await message.answer(texts("amend.proposed", scan=scan_id))


def asked(scan: Scan, change: Amendment) -> dict[str, object]:
    """What an administrator is told of a change."""
    words = [change.findings, change.impression, change.recommendations]
    said = {"doctor": change.doctor.name, "reason": change.reason, "words": "\n".join(filter(None, words)) or "–"}
    return {"scan": scan.id, "report": numbered(scan, change.version), "patient": scan.patient.name, **said}


@does(Verb.JUDGE_AMENDMENT)
async def show(
    query: CallbackQuery, callback_data: OnChange, actor: Actor | None, texts: Texts, effects: Effects
) -> None:
    """From the queue: what came once may have left the chat again."""
    scan_id, number = callback_data.scan_id, callback_data.number
    async with effects.begin() as session:
        scan, change = await amendments.proposed(session, known(actor), scan_id, number)
        await chain.look(session, known(actor), scan, "change", effects.at)
    *before, last = sheets(texts("amend.ask", **asked(scan, change)))
    for page in before:
        await say(query, page, private=True)
    await say(query, last, on_change(texts, scan_id, number), private=True)


@does(Verb.JUDGE_AMENDMENT)
async def approve(
    query: CallbackQuery,
    callback_data: OnChange,
    actor: Actor | None,
    state: FSMContext,
    texts: Texts,
    effects: Effects,
) -> None:
    async with effects.begin() as session:
        scan_id, number = callback_data.scan_id, callback_data.number
        code = await amendments.ask_code(session, known(actor), scan_id, number, private_chat(query), effects.at)
        await state.set_data({"scan_id": scan_id})
        await state.set_state(Amending.code)
    await say(query, texts(f"amend.{code.factor}", scan=scan_id, email=code.email))


@does(Verb.JUDGE_AMENDMENT)
async def decline(
    query: CallbackQuery, callback_data: OnChange, actor: Actor | None, texts: Texts, effects: Effects
) -> None:
    async with effects.begin() as session:
        await amendments.decline(session, known(actor), callback_data.scan_id, callback_data.number, effects.at)
    await edit(query, texts("amend.is_declined", scan=callback_data.scan_id))


@does(Verb.JUDGE_AMENDMENT)
async def take_code(
    message: Message, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects, key: bytes
) -> None:
    async def judge(session: Any, told: dict[str, Any]) -> Verdict:  # noqa: ANN401  handlers know no SQL
        return await amendments.approve(session, known(actor), told["scan_id"], message.text or "", key, effects.at)

    told = await use_code(message, state, effects, judge)
    await message.answer(texts("amend.approved", scan=told["scan_id"]))


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(begin, OnCard.filter(F.action.in_({CardAction.AMEND, CardAction.ADDENDUM})))
    router.callback_query.register(show, OnChange.filter(F.action == CardAction.OPEN))
    router.callback_query.register(approve, OnChange.filter(F.action == CardAction.APPROVE_CHANGE))
    router.callback_query.register(decline, OnChange.filter(F.action == CardAction.DECLINE_CHANGE))
    router.callback_query.register(take_band, AmendBand.filter(), StateFilter(Amending.band))
    router.callback_query.register(
        skip, keyboards.Skip.filter(), StateFilter(Amending.impression, Amending.recommendations)
    )
    router.message.register(take_words, StateFilter(*STEPS[:-1]), WORDS)
    router.message.register(take_addendum, StateFilter(Amending.addendum), WORDS)
    router.message.register(take_code, StateFilter(Amending.code), WORDS)
    return router
