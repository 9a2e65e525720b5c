"""Words of danger: answered first wherever they are typed, and told to the staff."""

from typing import Any, NamedTuple

from aiogram.types import Message

from faq.answer import Faq
from faq.pages import Topic
from handlers.answers import private_chat
from handlers.texts import Catalogues, Html, Texts, quoted
from workflow import desk
from workflow.actors import Actor
from workflow.updates import Effects


class Cry(NamedTuple):
    """Somebody needs help now."""

    words: str
    language: str
    answer: Html

    async def note(self, session: Any, message: Message, actor: Actor | None, effects: Effects) -> None:  # noqa: ANN401  handlers know no SQL
        """Who, when and what, for the staff; the answer does not wait for them."""
        await desk.cry(session, private_chat(message), actor, self.language, self.words, effects.at)


def heard(message: Message, texts: Texts, catalogues: Catalogues, faq: Faq) -> Cry | None:
    """A cry in these words, or in those below a picture, with what to answer in their language."""
    words = message.text or message.caption or ""
    language = catalogues.of(faq.language(words, otherwise=texts.language)).language
    if not faq.answer(words, language=language).emergency:
        return None
    return Cry(words, language, quoted(faq.entry(Topic.EMERGENCY, language).text))
