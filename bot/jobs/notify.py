"""Notices in chat and by mail: each delivered once per chat, in the reader's language."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, NamedTuple

from aiogram.types import InlineKeyboardMarkup

from bot.channels.email import Email, MailMisconfigured
from bot.services import Services
from handlers.ui.texts import Html, Texts
from handlers.views.identity import who_line
from handlers.views.paging import join_blocks, split_messages
from models.base import read_only
from models.tables.accounts import Account, ChatLink, Invite
from models.vocabulary import Role
from workflow.accounts import sessions
from workflow.jobs import RETRIED_FOREVER, JobKind
from workflow.scans import queries

PROTECTED: Final = (
    "retake",
    "critical.",
    "correction.",
    "amend.ask",
    "clarify.",
    "walk_in.",
)  # notices with health data
# a locked chat gets a notice without content instead; /queue or the card shows it
DEFERRED_WHEN_LOCKED: Final = ("amend.ask", "clarify.", "walk_in.")


class Translated(NamedTuple):
    """A value of a sentence that is itself a catalogue key, translated for each reader."""

    key: str


class About(NamedTuple):
    """The key of a sentence for a patient, who is named above it to everybody else, and the patient."""

    sentence: str
    patient: Account


class Outgoing(NamedTuple):
    """A message ready to be sent; `protected` forbids forwarding and marks it for automatic deletion."""

    text: Html
    keyboard: InlineKeyboardMarkup | None
    protected: bool


async def notify(
    services: Services,
    chats: Sequence[int],
    key: str,
    sentence: str | About,
    fallback: Texts | None = None,
    buttons: Callable[[Texts], InlineKeyboardMarkup | None] | None = None,
    **values: object,
) -> int:
    """Send a notice to each chat, once per `key` and chat. Returns how many chats it reached just now.

    A notice whose outcome a crash hid is not sent again; after an outage the retried job sends it.
    `fallback`: the language of chats without an account. `buttons`: builds the keyboard in the reader's language.
    A value that is a `partial` is called with the reader's texts."""
    reached = 0
    for chat_id in chats:
        send = partial(_send_notice, services, chat_id, sentence, fallback, buttons, values)
        reached += await services.deliveries.deliver(f"{key}:{chat_id}", send, resend_unknown=False)
    return reached


async def _send_notice(
    services: Services,
    chat_id: int,
    written: str | About,
    fallback: Texts | None,
    buttons: Callable[[Texts], InlineKeyboardMarkup | None] | None,
    values: dict[str, object],
) -> str:
    sentence, patient = written if isinstance(written, About) else (written, None)
    async with read_only(services.sessions) as session:
        link = await session.get(ChatLink, chat_id)
        actor = await sessions.actor_for(session, chat_id, services.now() - services.idle_limit)
    texts = services.catalogues.of(link.account.language) if link else fallback or services.catalogues.of(None)
    translated = {name: _translate(value, texts) for name, value in values.items()}
    deferred = sentence.startswith(DEFERRED_WHEN_LOCKED) and actor is not None and actor.locked
    text = texts("asleep.card" if deferred else sentence, **translated)
    named = patient is not None and link is not None and link.account_id != patient.id and not deferred
    if patient is not None and named:
        text = join_blocks(who_line(patient, texts), text)
    text = text if deferred else with_neutral_line(sentence, text, texts, named)
    keyboard = buttons(texts) if buttons and not deferred else None
    return await send_pages(services, chat_id, Outgoing(text, keyboard, named or sentence.startswith(PROTECTED)))


def with_neutral_line(sentence: str, text: Html, texts: Texts, named: bool = False) -> Html:
    """Put a line above a notice with health data that names neither a finding nor a person: lock screens show it.

    `named`: the notice names a patient in any case."""
    if not named and not sentence.startswith(PROTECTED):
        return text
    urgent = sentence.startswith("critical.") and sentence != "critical.heard"
    return Html(f"{texts('notice.urgent' if urgent else 'notice.neutral')}\n\n{text}")


def _translate(value: object, texts: Texts) -> object:
    if isinstance(value, Translated):
        return texts(value.key)
    return value(texts) if isinstance(value, partial) else value


async def send_pages(services: Services, chat_id: int, message: Outgoing) -> str:
    """Send in as many messages as the length requires, the keyboard below the last. Returns the last message's id."""
    *before, last = split_messages(message.text)
    protected = message.protected or None
    for page in before:
        await services.bot.send_message(chat_id, page, protect_content=protected)
    sent = await services.bot.send_message(chat_id, last, reply_markup=message.keyboard, protect_content=protected)
    return str(sent.message_id)


async def send_email(services: Services, email: Email) -> None:
    """Send a mail. When the mail settings are wrong, notify administrators once a day and raise MailMisconfigured."""
    try:
        await services.mailer.send(email)
    except MailMisconfigured as refused:
        async with services.sessions() as session:
            chats = await queries.chats_of_role(session, Role.ADMINISTRATOR)
        key = f"mail-trouble:{refused.reason}:{services.now():%Y%m%d}"
        await notify(services, chats, key, "mail.trouble", reason=Translated(f"failure.{refused.reason}"))
        raise


async def notify_job_failure(services: Services, kind: str, scan_id: int | None, job: int = 0) -> None:
    """Notify administrators of a failed job, and doctors of a failed analysis, once per job and day. Idempotent."""
    async with services.sessions() as session:
        chats = await queries.chats_of_role(session, Role.ADMINISTRATOR)
        doctors = await queries.chats_of_role(session, Role.DOCTOR) if kind == JobKind.ANALYSE else ()
    key, sentence = f"failure:{job}:{services.now():%Y%m%d}", "job.lasts" if kind in RETRIED_FOREVER else "job.failed"
    await notify(services, doctors, key, "analysis.failed", scan=scan_id)
    await notify(services, chats, key, sentence, kind=kind, scan=scan_id or "–")


async def notify_invitation(services: Services, invite_id: int, used: bool) -> None:
    """Tell every administrator that an invitation was made or used. Idempotent."""
    async with services.sessions() as session:
        invitation = await session.get_one(Invite, invite_id)
        inviter = await session.get(Account, invitation.created_by) if invitation.created_by else None
        guest = await session.get(Account, invitation.used_by) if invitation.used_by else None
        chats = await queries.chats_of_role(session, Role.ADMINISTRATOR)
    values: dict[str, object] = {
        "role": Translated(f"role.{invitation.role}"),
        "invited": invitation.email or "–",
        "inviter": inviter.name if inviter else Translated("invite.command_line"),
    }
    if used and guest:
        values |= {"name": guest.name, "email": guest.email}
        await notify(services, chats, f"invite-used:{invite_id}", "invite.used", None, None, **values)
    else:
        await notify(services, chats, f"invite-made:{invite_id}", "invite.made", None, None, **values)
