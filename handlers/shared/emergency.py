"""Words of danger: answered first wherever they are typed, and told to the staff."""

from typing import Any, Final, NamedTuple

from aiogram import Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import Message

from faq.answer import Faq
from faq.entries import Topic
from handlers.access import does
from handlers.shared.my_case import is_staff
from handlers.ui.forms import Linking, Registering, Resetting
from handlers.ui.parsing import WORDS
from handlers.ui.questions import ask_open
from handlers.ui.replies import private_chat
from handlers.ui.texts import Catalogues, Html, Texts, quoted
from workflow.actors import Actor
from workflow.desk import tickets
from workflow.permissions import Verb
from workflow.unit_of_work import Effects

# A secret is heard by nobody; what troubles somebody is told where it is taken.
FORMS: Final = (
    *(Registering.name, Registering.email, Registering.birth, Registering.number),
    *(Linking.email, Resetting.email),
)


class Cry(NamedTuple):
    """Somebody needs help now."""

    words: str
    language: str
    answer: Html

    async def note(self, session: Any, message: Message, actor: Actor | None, effects: Effects) -> None:  # noqa: ANN401  handlers know no SQL
        """Who, when and what, for the staff; the answer does not wait for them."""
        await tickets.cry(session, private_chat(message), actor, self.language, self.words, effects.at)


def heard(message: Message, texts: Texts, catalogues: Catalogues, faq: Faq) -> Cry | None:
    """A cry in these words, or in those below a picture, with what to answer in their language."""
    words = message.text or message.caption or ""
    language = catalogues.of(faq.language(words, otherwise=texts.language)).language
    if not faq.answer(words, language=language).emergency:
        return None
    return Cry(words, language, quoted(faq.entry(Topic.EMERGENCY, language).text))


async def in_a_form(
    message: Message, texts: Texts, catalogues: Catalogues, faq: Faq, actor: Actor | None = None
) -> dict[str, Cry] | bool:
    """A filter: a cry where a form asks for something else, which then is no answer to it."""
    cry = None if is_staff(actor) else heard(message, texts, catalogues, faq)
    return {"cry": cry} if cry else False


@does(Verb.TALK)
async def answer(
    message: Message, cry: Cry, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects
) -> None:
    """Help first; the form waits as it was."""
    await message.answer(cry.answer)
    async with effects.begin() as session:
        await cry.note(session, message, actor, effects)
    await ask_open(message, state, texts)


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(answer, StateFilter(*FORMS), WORDS, in_a_form)
    return router
