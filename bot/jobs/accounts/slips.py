"""Claim slips of patients' files: the PDF for whoever asked for it, and the notice that a file was claimed."""

from contextlib import suppress
from functools import partial
from urllib.parse import urlencode

from aiogram.exceptions import TelegramForbiddenError
from aiogram.types import BufferedInputFile
from sqlalchemy import select

from bot.jobs.notify import notify
from bot.services import Services
from handlers.views.files.walk_ins import CLAIM_PREFIX
from handlers.views.identity import who_line
from models.tables.accounts import Account, ChatLink
from models.tables.codes import Code
from models.tables.proxies import Proxy
from models.vocabulary import Relation, Role
from reports.content.slip import ClaimSlip
from workflow.accounts import sessions
from workflow.accounts.codes import is_open
from workflow.accounts.files import slips
from workflow.reporting.language import report_language
from workflow.reporting.release import patient_number
from workflow.scans import queries


async def send_slip(services: Services, code_id: int) -> None:
    """Make the token, draw the slip and send it to the chat that asked, if that still has an account.

    Not idempotent: a retry sends another slip, and the one before is void."""
    async with services.sessions.begin() as session:
        code = await session.get_one(Code, code_id)
        actor = await sessions.actor_for(session, code.chat_id)
        if actor is None or not is_open(code, services.now()):
            return
        account = await session.get_one(Account, code.account_id)
        token = slips.make_token(code)
    link = f"https://t.me/{(await services.bot.me()).username}?{urlencode({'start': CLAIM_PREFIX + token})}"
    slip = ClaimSlip(
        hospital=services.issuer.hospital,
        language=report_language(account.language),
        number=patient_number(account.id),
        link=link,
        expires=code.expires_at.astimezone(services.issuer.zone).date(),
    )
    texts = services.catalogues.of(actor.language)
    pdf = BufferedInputFile(await services.pdf.render_slip(slip), f"slip-{slip.number}.pdf")
    caption = texts("slip.caption", name=account.name, number=slip.number, link=link, day=texts.day(slip.expires))
    with suppress(TelegramForbiddenError):
        await services.bot.send_document(code.chat_id, pdf, caption=caption)


async def notify_claimed(services: Services, code_id: int) -> None:
    """Tell the chat that asked for the slip, and the relatives whose acting has ended, that the file was claimed.

    Idempotent. The notice holds no health data."""
    async with services.sessions() as session:
        code = await session.get_one(Code, code_id)
        account = await session.get_one(Account, code.account_id)
        ended = select(Proxy.proxy_id).where(Proxy.patient_id == account.id, Proxy.ended_at == code.used_at)
        relatives = select(ChatLink.chat_id).where(
            ChatLink.account_id.in_(ended.where(Proxy.relation != Relation.DESK))
        )
        chats = sorted({code.chat_id, *await session.scalars(relatives)} - {0})
    values = {"name": account.name, "number": patient_number(account.id)}
    await notify(services, chats, f"claimed:{code_id}", "slip.claimed", None, None, **values)


async def notify_file_at_desk(services: Services, account_id: int, since: str) -> None:
    """Tell the administrators that nobody acts for this patient any more, so that the file is the desk's. Idempotent.

    `since`: ISO time of the change."""
    async with services.sessions() as session:
        account = await session.get_one(Account, account_id)
        chats = await queries.chats_of_role(session, Role.ADMINISTRATOR)
    values = {"identity": partial(who_line, account), "number": patient_number(account_id)}
    await notify(services, chats, f"file-at-desk:{account_id}:{since}", "walk_in.at_desk", None, None, **values)
