"""Emergencies: heard in every message before all other handlers, answered first, and reported to the staff."""

from functools import partial
from typing import Any, Final, NamedTuple

from aiogram import Router
from aiogram.dispatcher.event.bases import SkipHandler
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from faq.answer import Faq
from faq.urgency import Urgency
from handlers.access import requires
from handlers.shared.my_case import is_staff
from handlers.ui import keyboards
from handlers.ui.callbacks.urgency import AnswerUrgency
from handlers.ui.forms import SECRET_STATES, Describing
from handlers.ui.replies import delete_message, edit_message, private_chat_id
from handlers.ui.texts import Catalogues, Html, Texts, escaped
from handlers.views.questions import repeat_question
from workflow.actors import Actor
from workflow.desk import urgency
from workflow.permissions import Permission
from workflow.requester import answering_urgently
from workflow.text_thread import read_text
from workflow.unit_of_work import UnitOfWork

SECRETS: Final = frozenset(state.state for state in SECRET_STATES)
COMPLAINTS: Final = frozenset(state.state for state in Describing.__all_states__)
WITHHELD: Final = "…"  # stands for words typed where a password or a code is asked for


class Emergency(NamedTuple):
    """Text that describes an emergency, certain or possible, the texts in its language, and the answer in it."""

    text: str
    texts: Texts
    answer: Html
    certain: bool

    async def record(self, session: Any, message: Message, actor: Actor | None, uow: UnitOfWork) -> int | None:  # noqa: ANN401  handlers know no SQL
        """Report the emergency to the staff, in the given transaction, or return the id of the question to ask."""
        words = urgency.Words(private_chat_id(message), self.texts.language, self.text, self.certain)
        return await urgency.hear(session, actor, words, uow.at)

    async def ask(self, message: Message, question_id: int | None) -> None:
        """Ask whether it is bad right now, if there is a question."""
        if question_id is not None:
            await message.answer(self.texts("urgency.ask"), reply_markup=keyboards.bad_now(self.texts, question_id))


async def detect_emergency(
    message: Message,
    actor: Actor | None,
    texts: Texts,
    catalogues: Catalogues,
    faq: Faq,
    raw_state: str | None = None,
) -> dict[str, Emergency] | bool:
    """A filter: the emergency in the text or caption of any message, in any form; staff type symptoms all day.

    Below a picture and in its form the words are judged as a complaint. Where a secret is asked for only certain words
    count, several of them, and they are withheld from everybody."""
    text = message.text or message.caption or ""
    if not text or is_staff(actor):
        return False
    texts = catalogues.of(await read_text(text, partial(faq.language, text, otherwise=texts.language)))
    complaint = raw_state in COMPLAINTS or _is_picture(message)
    answer = await read_text(text, partial(faq.answer, text, language=texts.language, complaint=complaint))
    secret, certain = raw_state in SECRETS, answer.urgency is Urgency.NOW
    if answer.urgency is Urgency.NONE or (secret and not (certain and " " in text.strip())):
        return False
    return {"emergency": Emergency(WITHHELD if secret else text, texts, escaped(answer.text), certain)}


@requires(Permission.PUBLIC_INFO)
async def hear(
    message: Message,
    emergency: Emergency,
    actor: Actor | None,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
    raw_state: str | None = None,
) -> None:
    """Report and answer the emergency; then files, commands and complaints go on to their own handlers.

    Idempotent: after an outage of Telegram it is answered again, and its report joins the first one. Other text typed
    into a form is not the form's answer: its question is repeated."""
    async with uow.independent() as session:
        question_id = await emergency.record(session, message, actor, uow)
    with answering_urgently():
        await message.answer(emergency.answer)
        await emergency.ask(message, question_id)
    if raw_state in SECRETS:
        await delete_message(message)
    elif message.edit_date is None and _goes_on(message, raw_state):
        raise SkipHandler
    async with uow.begin():
        await repeat_question(message, state, texts)


def _is_picture(message: Message) -> bool:
    return bool(message.photo or message.document)


def _goes_on(message: Message, raw_state: str | None) -> bool:
    return message.text is None or message.text.startswith("/") or raw_state in COMPLAINTS


@requires(Permission.CALL_DESK)
async def answer_urgency(
    query: CallbackQuery, callback_data: AnswerUrgency, actor: Actor | None, texts: Texts, uow: UnitOfWork
) -> None:
    """Yes calls the staff; No marks the patient's scan as urgent, or the next one."""
    async with uow.begin() as session:
        scan_id = await urgency.answer(
            session, private_chat_id(query), actor, callback_data.question_id, callback_data.now, uow.at
        )
    if callback_data.now:
        await edit_message(query, texts("urgency.now"))
    elif scan_id is not None:
        await edit_message(query, texts("urgency.marked", scan=scan_id))
    else:
        await edit_message(query, texts("urgency.not_now"))


def routes() -> Router:
    """Registered before all others: no form and no kind of message takes its words first."""
    router = Router(name=__name__)
    router.message.register(hear, detect_emergency)
    router.edited_message.register(hear, detect_emergency)
    router.callback_query.register(answer_urgency, AnswerUrgency.filter())
    return router
