"""Notices of changes of what opens an account, to its owner; of a denied one to the administrators."""

from datetime import datetime
from functools import partial

from aiogram.types import InlineKeyboardMarkup

from bot.channels.email import Email
from bot.jobs.notify import Translated, notify, send_email
from bot.services import Services
from handlers.ui import keyboards
from handlers.ui.callbacks.credentials import NOT_ME_PREFIX, NotMe
from handlers.ui.texts import Texts
from models.tables.accounts import Account
from models.tables.codes import Change, CredentialChange
from models.vocabulary import Role
from workflow.accounts.denial import seal
from workflow.scans import queries


async def notify_change(services: Services, change_id: int) -> None:
    """Tell the owner by mail, also at the address before a change of it, and in every other chat, each with "This was
    not me".

    A retry may send the mail again, with the same Message-ID."""
    async with services.sessions() as session:
        change = await session.get(CredentialChange, change_id)
        account = await session.get_one(Account, change.account_id) if change else None
    if change is None or account is None or account.closed_at is not None:
        return
    sentence, key = Translated(f"credential.{change.change}"), f"credential:{change_id}"
    texts = services.catalogues.of(account.language)
    when = partial(_time, change.at)
    buttons = partial(_button, change_id)
    guessed = change.change in {Change.GUESSED, Change.FACTOR_GUESSED}
    told = "credential.warned" if guessed else "credential.told"
    await notify(services, change.chats, key, told, texts, None if guessed else buttons, what=sentence, time=when)
    name = (await services.bot.me()).username
    link = f"https://t.me/{name}?start={NOT_ME_PREFIX}{change_id}_{seal(change_id, services.secret_key)}"
    what, time = texts.plain(sentence.key), texts.time(change.at)
    warned, changed = "mail.credential.warned", "mail.credential.text"
    text = texts.plain(warned if guessed else changed, what=what, time=time, link=link)
    subject = texts.plain("mail.credential.subject")
    for part, address in (("", account.email), ("-former", change.former_email)):
        if address is not None:
            message_id = f"<credential-{change_id}{part}@{services.mail_domain}>"
            await send_email(services, Email(address, subject, text, message_id))


async def notify_denied(services: Services, change_id: int) -> None:
    """Tell every administrator that somebody denied a change. Idempotent."""
    async with services.sessions() as session:
        change = await session.get_one(CredentialChange, change_id)
        account = await session.get_one(Account, change.account_id)
        chats = await queries.chats_of_role(session, Role.ADMINISTRATOR)
    what = Translated(f"credential.{change.change}")
    values = {"number": account.id, "role": Translated(f"role.{account.role}"), "what": what}
    await notify(services, chats, f"denied:{change_id}", "credential.denied", None, None, **values)


def _time(at: datetime, texts: Texts) -> str:
    return texts.time(at)


def _button(change_id: int, texts: Texts) -> InlineKeyboardMarkup:
    return keyboards.rows([(texts.plain("button.not_me"), NotMe(change_id=change_id))])
