"""Codes and nudges that must reach somebody. Commit, then speak; each once, each retried alone."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.types import InlineKeyboardMarkup, Message

from bot.channels.email import Letter, OutOfOrder, Unmailable
from bot.services import Clinic
from handlers.ui.texts import Html, Texts
from handlers.views.cards import reason, sheets, verdict
from models.tables.codes import Code, Purpose
from models.tables.jobs import DeliveryState
from models.tables.people import Account, Link, Role
from models.tables.scans import Scan
from workflow.accounts import codes, registration
from workflow.jobs import LASTING, JobKind
from workflow.reporting import amendments
from workflow.reporting.deliveries import Outcome, begin_delivery, end_delivery
from workflow.scans import queries

MAILS: Final = {Purpose.CONFIRM_EMAIL: "confirm", Purpose.RESET_PASSWORD: "reset", Purpose.STAFF: "staff"}


class Word(NamedTuple):
    """The key of a word that stands inside a sentence, each reader's own."""

    key: str


ABOUT_HEALTH: Final = ("retake", "critical.", "amend.ask")  # nudges that say something about somebody's health
CAN_WAIT: Final = "amend.ask"  # of them, what a chat that is asleep hears of only that it is there: /queue has it


async def mail_code(clinic: Clinic, code_id: int) -> None:
    """Make the digits now, so that they exist nowhere but in this mail. A retry makes new ones."""
    async with clinic.sessions.begin() as session:
        code = await session.get_one(Code, code_id)
        digits = codes.make_digits(code, clinic.key, _now())
        scan = await session.get(Scan, code.scan_id) if code.scan_id else None
        change = await amendments.meant(session, code) if code.purpose is Purpose.AMEND else None
    if digits is None:
        await _too_late(clinic, code)
        return
    texts = clinic.catalogues.of(code.language)
    if code.purpose is Purpose.RELEASE and scan and scan.finding:
        text = texts.plain("mail.code.release", code=digits, scan=scan.id, verdict=verdict(scan.finding, texts))
    elif change:
        text = texts.plain("mail.code.amend", code=digits, scan=change.scan_id, version=change.version)
    else:
        text = texts.plain(f"mail.code.{MAILS[code.purpose]}", code=digits)
    message_id = f"<code-{code.id}-{code.digest[:16]}@{clinic.domain}>"
    await _mail_for_code(clinic, code, Letter(code.email, texts.plain("mail.code.subject"), text, message_id))


async def mail_account_exists(clinic: Clinic, code_id: int) -> None:
    """Who has an account already reads so in the language that he reads here."""
    async with clinic.sessions() as session:
        code = await session.get_one(Code, code_id)
        language = await registration.language_of(session, code.email)
    if not code.email:  # who asked was forgotten
        return
    texts = clinic.catalogues.of(language or code.language)
    letter = Letter(
        code.email,
        texts.plain("mail.exists.subject"),
        texts.plain("mail.exists.text"),
        f"<exists-{code.id}@{clinic.domain}>",
    )
    await _mail_for_code(clinic, code, letter)


async def _too_late(clinic: Clinic, code: Code) -> None:
    """The mail server was away for as long as the code was good: whoever waits for it may ask again."""
    if code.used_at is None:
        texts = clinic.catalogues.of(code.language)
        await tell(clinic, [code.chat_id], f"late:{code.id}", "code.late", texts)


async def _mail_for_code(clinic: Clinic, code: Code, letter: Letter) -> None:
    """An address that is refused for good is told to the chat that waits for the code, whoever has an account."""
    try:
        await post(clinic, letter)
    except Unmailable:
        async with clinic.sessions.begin() as session:
            await codes.void(session, code.id, _now())
        texts = clinic.catalogues.of(code.language)
        await tell(clinic, [code.chat_id], f"unmailable:{code.id}", "code.unmailable", texts, email=code.email)


async def post(clinic: Clinic, letter: Letter) -> None:
    """Send a letter. Where the house's own mail is out of order it waits, and administrators hear of it."""
    try:
        await clinic.mail.send(letter)
    except OutOfOrder as trouble:
        async with clinic.sessions() as session:
            chats = await queries.chats_of(session, Role.ADMINISTRATOR)
        about = f"mail-trouble:{trouble.why}:{_now():%Y%m%d}"  # once a day
        await tell(clinic, chats, about, "mail.trouble", reason=Word(f"failure.{trouble.why}"))
        raise


async def ask_retake(clinic: Clinic, scan_id: int) -> None:
    """Tell the patient how to send a better picture; the card changes too, but only a message is heard."""
    async with clinic.sessions() as session:
        scan = await session.get_one(Scan, scan_id)
        chats = await queries.patient_chats(session, scan)
    why = reason(scan, clinic.catalogues.of(scan.patient.language))
    await tell(clinic, chats, f"retake:{scan_id}", "retake", scan=scan_id, reason=why)


async def tell_failure(clinic: Clinic, kind: str, scan_id: int | None, job: int = 0) -> None:
    """Administrators hear of every job that failed; doctors of an analysis, which they may ask for again."""
    async with clinic.sessions() as session:
        chats = await queries.chats_of(session, Role.ADMINISTRATOR)
        doctors = await queries.chats_of(session, Role.DOCTOR) if kind == JobKind.ANALYSE else ()
    about, sentence = f"failure:{job}:{_now():%Y%m%d}", "job.lasts" if kind in LASTING else "job.failed"
    await tell(clinic, doctors, about, "analysis.failed", scan=scan_id)
    await tell(clinic, chats, about, sentence, kind=kind, scan=scan_id or "–")


async def tell_authenticator_reset(clinic: Clinic, account_id: int, on: str) -> None:
    """Whoever did not ask for it learns in every place that somebody did."""
    async with clinic.sessions() as session:
        account = await session.get_one(Account, account_id)
        chats = await queries.chats_of_account(session, account_id)
    await tell(clinic, chats, f"authenticator-reset:{account_id}:{on}", "authenticator.reset")
    texts = clinic.catalogues.of(account.language)
    when = "".join(filter(str.isalnum, on))
    letter = Letter(
        account.email,
        texts.plain("mail.authenticator.subject"),
        texts.plain("mail.authenticator.text"),
        f"<authenticator-reset-{account_id}-{when}@{clinic.domain}>",
    )
    await post(clinic, letter)


async def tell(
    clinic: Clinic,
    chats: Sequence[int],
    key: str,
    sentence: str,
    stranger: Texts | None = None,
    buttons: Callable[[Texts], InlineKeyboardMarkup | None] | None = None,
    **values: object,
) -> int:
    """A nudge to each chat, once; one whose outcome a crash hid is dropped, one that failed comes again.
    Returns how many it reached just now.

    `stranger`: for a chat without account. `buttons`: made in each reader's language."""
    reached = 0
    for chat_id in chats:
        one = f"{key}:{chat_id}"
        async with clinic.sessions.begin() as session:
            outcome = await begin_delivery(session, one, _now())
            link = await session.get(Link, chat_id)
            actor = await registration.actor_for(session, chat_id, _now() - clinic.idle)
        if outcome is not Outcome.NEW:
            continue
        texts = clinic.catalogues.of(link.account.language) if link else stranger or clinic.catalogues.of(None)
        said = {name: texts(value.key) if isinstance(value, Word) else value for name, value in values.items()}
        knocks = sentence == CAN_WAIT and actor is not None and actor.asleep
        text = texts("asleep.card" if knocks else sentence, **said)
        keyboard = buttons(texts) if buttons and not knocks else None
        try:
            sent = await _say(clinic, chat_id, text, keyboard, sentence.startswith(ABOUT_HEALTH) or None)
        except (TelegramForbiddenError, TelegramBadRequest):
            await _end(clinic, one, None, DeliveryState.FAILED)
        except Exception:  # an outage: the job comes again, better twice than never
            await _end(clinic, one, None, DeliveryState.OWED)
            raise
        else:
            await _end(clinic, one, str(sent.message_id))
            reached += 1
    return reached


async def _say(
    clinic: Clinic, chat_id: int, text: Html, keyboard: InlineKeyboardMarkup | None, guarded: bool | None
) -> Message:
    """In as many messages as it needs; the buttons stand below the last."""
    *before, last = sheets(text)
    for page in before:
        await clinic.bot.send_message(chat_id, page, protect_content=guarded)
    return await clinic.bot.send_message(chat_id, last, reply_markup=keyboard, protect_content=guarded)


async def _end(clinic: Clinic, key: str, receipt: str | None, state: DeliveryState = DeliveryState.SENT) -> None:
    async with clinic.sessions.begin() as session:
        await end_delivery(session, key, _now(), receipt, state)


def _now() -> datetime:
    return datetime.now(UTC)
