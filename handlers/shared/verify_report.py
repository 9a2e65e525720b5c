"""`/start verify_…`, the QR code of a report when no public page is configured: whether the report is still valid."""

from aiogram import F, Router
from aiogram.filters import CommandObject, CommandStart
from aiogram.types import Message

from handlers.access import requires
from handlers.ui.replies import private_chat_id
from handlers.ui.texts import Html, Texts
from handlers.views.reports import VALIDITY_SYMBOLS, VERIFY_PREFIX, validity_sentence
from workflow.permissions import Permission
from workflow.reporting.verification import ReportVersion, Validity, version_of
from workflow.token_bucket import TokenBuckets
from workflow.unit_of_work import UnitOfWork


@requires(Permission.PUBLIC_INFO)
async def verify(
    message: Message, command: CommandObject, texts: Texts, uow: UnitOfWork, lookups: TokenBuckets
) -> None:
    """Anybody with the report may verify it; the answer names no person."""
    if not lookups[private_chat_id(message)].spend():
        await message.answer(texts("verify.too_many"))
        return
    async with uow.read() as session:
        version = await version_of(session, (command.args or "").removeprefix(VERIFY_PREFIX))
    await message.answer(_validity_text(version, texts))


def _validity_text(version: ReportVersion | None, texts: Texts) -> Html:
    verdict = Html(
        f"{VALIDITY_SYMBOLS[version.validity if version else Validity.UNKNOWN]} {validity_sentence(version, texts)}"
    )
    if version is None or version.withdrawn:
        return verdict
    day = texts.date_of(version.issued_at)
    facts = texts("verify.facts", number=version.number, version=version.version, day=day)
    names = (texts("verify.chat_file"), texts("verify.mail_file"))
    hashes = [f"{name}\n<code>{one}</code>" for name, one in zip(names, version.hashes, strict=False)]
    return Html("\n\n".join([verdict, facts, texts("verify.by_hand"), *hashes]))


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(verify, CommandStart(deep_link=True, magic=F.args.startswith(VERIFY_PREFIX)))
    return router
