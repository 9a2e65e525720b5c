"""Emergencies in typed text: answered first, in whatever state the chat is, and reported to the staff."""

from typing import Any, Final, NamedTuple

from aiogram import Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import Message

from faq.answer import Faq
from faq.urgency import Urgency
from handlers.access import requires
from handlers.shared.my_case import is_staff
from handlers.ui.forms import GivingFacts, Linking, Registering, Resetting
from handlers.ui.parsing import TYPED_TEXT
from handlers.ui.replies import private_chat_id
from handlers.ui.texts import Catalogues, Html, Texts, escaped
from handlers.views.questions import repeat_question
from workflow.actors import Actor
from workflow.desk import tickets
from workflow.permissions import Permission
from workflow.unit_of_work import UnitOfWork

# Forms whose answers are searched here. Secrets are not searched; complaints are, where they are stored.
TEXT_STATES: Final = (
    *(Registering.name, Registering.email, Registering.birth, Registering.number),
    *(Linking.email, Resetting.email),
    *(GivingFacts.allergies, GivingFacts.current, GivingFacts.weight),
)


class Emergency(NamedTuple):
    """Text that describes an emergency, its language, and the answer in it."""

    text: str
    language: str
    answer: Html

    async def record(self, session: Any, message: Message, actor: Actor | None, uow: UnitOfWork) -> None:  # noqa: ANN401  handlers know no SQL
        """Report the emergency to the staff, in the given transaction."""
        await tickets.report_emergency(session, private_chat_id(message), actor, self.language, self.text, uow.at)


def detect_emergency(message: Message, texts: Texts, catalogues: Catalogues, faq: Faq) -> Emergency | None:
    """The emergency in the text or caption of the message, certain or possible; None without one."""
    text = message.text or message.caption or ""
    language = catalogues.of(faq.language(text, otherwise=texts.language)).language
    answer = faq.answer(text, language=language)
    return None if answer.urgency is Urgency.NONE else Emergency(text, language, escaped(answer.text))


async def emergency_in_form(
    message: Message, texts: Texts, catalogues: Catalogues, faq: Faq, actor: Actor | None = None
) -> dict[str, Emergency] | bool:
    """A filter: an emergency typed into a form is not the form's answer."""
    emergency = None if is_staff(actor) else detect_emergency(message, texts, catalogues, faq)
    return {"emergency": emergency} if emergency else False


@requires(Permission.PUBLIC_INFO)
async def answer(
    message: Message, emergency: Emergency, actor: Actor | None, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    """Answer the emergency, and repeat the question of the form, which stays open."""
    await message.answer(emergency.answer)
    async with uow.begin() as session:
        await emergency.record(session, message, actor, uow)
    await repeat_question(message, state, texts)


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(answer, StateFilter(*TEXT_STATES), TYPED_TEXT, emergency_in_form)
    return router
