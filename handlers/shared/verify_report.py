"""`/start verify_…`, the QR code of a report where the clinic has no public page: is this report still valid?"""

from typing import Final

from aiogram import F, Router
from aiogram.filters import CommandObject, CommandStart
from aiogram.types import Message

from handlers.access import does
from handlers.ui.replies import private_chat
from handlers.ui.texts import Html, Texts
from workflow.permissions import Verb
from workflow.reporting.verification import Pace, Standing, Version, version_of
from workflow.unit_of_work import Effects

VERIFICATION: Final = "verify_"
MARKS: Final = {Standing.CURRENT: "✅", Standing.SUPERSEDED: "⚠️", Standing.WITHDRAWN: "▫️", Standing.UNKNOWN: "❌"}


@does(Verb.TALK)
async def verify(message: Message, command: CommandObject, texts: Texts, effects: Effects, pace: Pace) -> None:
    """Whoever holds the paper may ask; they learn nothing about anybody."""
    if not pace.allows(private_chat(message), effects.at):
        await message.answer(texts("verify.too_many"))
        return
    async with effects.look() as session:
        version = await version_of(session, (command.args or "").removeprefix(VERIFICATION))
    await message.answer(_story(version, texts))


def judgement(version: Version | None, texts: Texts) -> Html:
    """One sentence, the same in the chat and on the page."""
    standing = version.standing if version else Standing.UNKNOWN
    return texts(f"verify.{standing}", latest=version.latest if version else "")


def _story(version: Version | None, texts: Texts) -> Html:
    said = Html(f"{MARKS[version.standing if version else Standing.UNKNOWN]} {judgement(version, texts)}")
    if version is None or version.withdrawn:
        return said
    day = texts.on(version.issued_at)
    facts = texts("verify.facts", number=version.number, version=version.version, day=day)
    names = (texts("verify.chat_file"), texts("verify.mail_file"))
    hashes = [f"{name}\n<code>{one}</code>" for name, one in zip(names, version.hashes, strict=False)]
    return Html("\n\n".join([said, facts, texts("verify.by_hand"), *hashes]))


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(verify, CommandStart(deep_link=True, magic=F.args.startswith(VERIFICATION)))
    return router
