"""Mails of one-time codes and of account security."""

from functools import partial
from typing import Final

from aiogram.types import InlineKeyboardMarkup

from bot.channels.email import Email, UndeliverableMail
from bot.jobs.notify import notify, send_email
from bot.services import Services
from handlers.ui.callbacks.account import DecideChat
from handlers.ui.keyboards import rows
from handlers.ui.texts import Texts
from handlers.views.identity import identity_line
from handlers.views.reports import release_content
from models.tables.accounts import Account, ChatLink
from models.tables.codes import Code, Purpose
from models.tables.scans import Scan
from workflow.accounts import codes, profile
from workflow.accounts.browsers.sessions import is_browser
from workflow.reporting import amendments
from workflow.requester import Requester
from workflow.scans import queries

SENTENCES: Final = {
    Purpose.CONFIRM_EMAIL: "confirm",
    Purpose.RESET_PASSWORD: "reset",
    Purpose.SIGN_IN: "sign_in",
    Purpose.STAFF: "staff",
    Purpose.INVITE: "staff",
    Purpose.PROVE: "staff",
}


async def mail_code(services: Services, code_id: int) -> None:
    """Generate the digits and mail them; they are stored only as a digest.

    Not idempotent: a retry generates new digits. Notifies the chat when the code has expired or the address is
    refused, but not for a reset: an unknown address gets no mail and could give no such notice."""
    async with services.sessions.begin() as session:
        code = await session.get_one(Code, code_id)
        language = await profile.language_of(session, code.email)
        if code.purpose is Purpose.RESET_PASSWORD and language is None:
            return
        digits = codes.generate_digits(code, services.secret_key, services.now())
        requester = await codes.requester_for(session, code)
        scan = await session.get(Scan, code.scan_id) if code.scan_id else None
        amendment = await amendments.approved_by(session, code) if code.purpose is Purpose.AMEND else None
    if digits is None:
        await _notify_expired(services, code)
        return
    texts = services.catalogues.of(language or code.language)
    if code.purpose is Purpose.RELEASE and scan and scan.reading:
        text = texts.plain("mail.code.release", code=digits, scan=scan.id, content=release_content(scan, texts))
    elif amendment and scan:
        values = {"scan": scan.id, "version": amendment.version, "identity": identity_line(scan, texts)}
        text = texts.plain("mail.code.amend", code=digits, **values)
    else:
        text = texts.plain(f"mail.code.{SENTENCES[code.purpose]}", code=digits)
    message_id = f"<code-{code.id}-{code.digest[:16]}@{services.mail_domain}>"
    email = Email(code.email, texts.plain("mail.code.subject"), text, message_id, requester=requester)
    await _send(services, code, email)


async def mail_account_exists(services: Services, code_id: int) -> None:
    """Tell an existing account holder, in their own language, that the address is registered.

    It ends like the mail of a code, with the same notices. A retry may send it again, with the same Message-ID."""
    async with services.sessions() as session:
        code = await session.get_one(Code, code_id)
        language = await profile.language_of(session, code.email)
    if not code.email:  # erased on request
        return
    if not codes.is_open(code, services.now()):
        await _notify_expired(services, code)
        return
    texts = services.catalogues.of(language or code.language)
    email = Email(
        code.email,
        texts.plain("mail.exists.subject"),
        texts.plain("mail.exists.text"),
        f"<exists-{code.id}@{services.mail_domain}>",
        requester=Requester.STRANGER,
    )
    await _send(services, code, email)


async def notify_authenticator_reset(services: Services, account_id: int, on: str) -> None:
    """Tell the account holder, in every chat and by mail, that their authenticator was reset.

    A retry may send the mail again, with the same Message-ID. `on` is the time of the reset."""
    async with services.sessions() as session:
        account = await session.get_one(Account, account_id)
        chats = await queries.chats_of_account(session, account_id)
    await notify(services, chats, f"authenticator-reset:{account_id}:{on}", "authenticator.reset")
    if account.email is None:
        return
    texts = services.catalogues.of(account.language)
    suffix = "".join(filter(str.isalnum, on))
    email = Email(
        account.email,
        texts.plain("mail.authenticator.subject"),
        texts.plain("mail.authenticator.text"),
        f"<authenticator-reset-{account_id}-{suffix}@{services.mail_domain}>",
    )
    await send_email(services, email)


async def notify_chat_link(services: Services, code_id: int) -> None:
    """Ask the chat that made the link; once that has decided, tell the other chat. Idempotent."""
    async with services.sessions() as session:
        code = await session.get_one(Code, code_id)
        asking = code.asking_chat_id
        linked = asking is not None and await session.get(ChatLink, asking) is not None
    if asking is None:  # erased meanwhile
        return
    if linked:
        await notify(services, [asking], f"chat-linked:{code_id}", "link_chat.done")
    elif code.used_at is None:
        key, label, buttons = f"chat-link:{code_id}", code.asking_label or "–", partial(_decision_buttons, code_id)
        await notify(services, [code.chat_id], key, "link_chat.asked", None, buttons, label=label)


def _decision_buttons(code_id: int, texts: Texts) -> InlineKeyboardMarkup:
    return rows(
        [
            (texts.plain("button.link_chat"), DecideChat(code_id=code_id, yes=True)),
            (texts.plain("button.refuse_chat"), DecideChat(code_id=code_id, yes=False)),
        ]
    )


async def _notify_expired(services: Services, code: Code) -> None:
    """Tell the waiting chat that the code expired before the mail server accepted it."""
    if code.used_at is None and code.purpose is not Purpose.RESET_PASSWORD and not is_browser(code.chat_id):
        texts = services.catalogues.of(code.language)
        await notify(services, [code.chat_id], f"late:{code.id}", "code.late", texts)


async def _send(services: Services, code: Code, email: Email) -> None:
    """Send the mail; if the address is refused, void the code and tell the chat, whether or not an account exists."""
    try:
        await send_email(services, email)
    except UndeliverableMail:
        if code.purpose is Purpose.RESET_PASSWORD:
            return
        async with services.sessions.begin() as session:
            await codes.void(session, code.id, services.now())
        if is_browser(code.chat_id):
            return
        texts = services.catalogues.of(code.language)
        await notify(services, [code.chat_id], f"unmailable:{code.id}", "code.unmailable", texts, email=code.email)
