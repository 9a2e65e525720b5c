"""Data requests of patients: the export as ZIP files, and the erasure of accounts and files."""

import asyncio
import hmac
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Final

from aiogram.types import BufferedInputFile
from sqlalchemy.ext.asyncio import AsyncSession

from bot.backup.database import BEFORE_UPGRADE
from bot.backup.repository import note_destroyed
from bot.channels.email import Email, UndeliverableMail
from bot.jobs.notify import notify, send_email
from bot.locked_zip import LockedZip
from bot.secrets import derive
from bot.services import Services
from inference.upload.open import file_extension
from models.base import read_only
from models.crypto.keys import DataKey
from models.crypto.vault import Vault
from models.post_upgrade import vacuum
from models.tables.accounts import Account, ChatLink, load_patient_key
from models.vocabulary import Role
from workflow.accounts import sessions
from workflow.accounts.files import proxies
from workflow.actors import Actor
from workflow.errors import NotFound
from workflow.privacy import erasure, export
from workflow.privacy.export import ExportFile
from workflow.reporting.release import patient_number
from workflow.requester import Requester
from workflow.scans import queries

logger = logging.getLogger(__name__)
PASSPHRASE_DIGITS: Final = 20  # 66 bits; every telephone's keys type them
MAX_PART_BYTES: Final = 45 * 1024 * 1024  # Telegram accepts 50 MB from a bot


class DatabaseInUse(Exception):
    """Readers keep the database's log from being truncated; a later retry may succeed."""


async def send_export(services: Services, account_id: int, chat_id: int, asked: str) -> None:
    """Send the patient's data as ZIP files. Idempotent per part, except that a part is sent again where a crash hid
    the outcome. `asked` is the ISO time of the request. Sends nothing to a chat that is no longer the patient's, nor of
    somebody who acts for them."""
    async with services.sessions() as session:
        actor = await sessions.actor_for(session, chat_id, services.now() - services.idle_limit)
        if actor is None or actor.role is not Role.PATIENT:
            return
        if actor.locked:
            await notify(services, [chat_id], f"asleep:export:{account_id}:{asked}", "asleep.export")
            return
        try:
            actor = await proxies.act_for(session, actor, account_id)
        except NotFound:
            return
        data = await export.gather(session, actor, datetime.fromisoformat(asked))
        data_key = await load_patient_key(session, account_id)
        person = actor.person.account_id or account_id  # one request has one passphrase, for all patients
        address = (await session.get_one(Account, person)).email
    parts = await asyncio.to_thread(_split_parts, services.vault, data.files)
    record, passphrase = export.canonical(data.data), export_passphrase(services.secret_key, person, asked)
    for number, files in enumerate(parts, 1):
        contents = partial(pack, services.vault, data_key, files, record if number == 1 else None, passphrase)
        send = partial(_send_part, services, actor, chat_id, contents, (number, len(parts)))
        key = f"export:{account_id}:{asked}:{number}:{chat_id}"
        await services.deliveries.deliver(key, send, on_sent=partial(_record_export, services, actor))
    await _send_passphrase(services, f"export-key:{person}:{asked}", chat_id, address, passphrase)


async def _send_passphrase(services: Services, key: str, chat_id: int, address: str | None, passphrase: str) -> None:
    """Send the passphrase of an export by mail, so that it travels apart from the files; without an address, or where
    the mailbox refuses it, to the chat. Idempotent."""
    if address is not None:
        await services.deliveries.deliver(key, partial(_mail_passphrase, services, key, chat_id, address, passphrase))
    else:
        await notify(services, [chat_id], key, "export.passphrase", passphrase=passphrase)


async def _mail_passphrase(services: Services, key: str, chat_id: int, address: str, passphrase: str) -> str:
    async with read_only(services.sessions) as session:
        link = await session.get(ChatLink, chat_id)
    texts = services.catalogues.of(link.account.language if link else None)
    message_id = f"<{sha256(key.encode()).hexdigest()[:32]}@{services.mail_domain}>"
    text = texts.plain("mail.export.text", passphrase=passphrase)
    email = Email(address, texts.plain("mail.export.subject"), text, message_id, requester=Requester.PATIENT)
    try:
        await send_email(services, email)
    except UndeliverableMail:
        await notify(services, [chat_id], key, "export.passphrase", passphrase=passphrase)
    return message_id


def export_passphrase(secret_key: bytes, account_id: int, asked: str) -> str:
    """Twenty digits, the same for every run of one request's job."""
    digest = hmac.new(derive(secret_key, "export"), f"{account_id}|{asked}".encode(), sha256).digest()
    return f"{int.from_bytes(digest) % 10**PASSPHRASE_DIGITS:0{PASSPHRASE_DIGITS}}"


async def _send_part(
    services: Services, actor: Actor, chat_id: int, contents: Callable[[], bytes], part: tuple[int, int]
) -> str:
    number, count = part
    label = patient_number(actor.account_id or 0) if actor.proxy else "my-data"
    name = f"{label}.zip" if count == 1 else f"{label}-{number}-of-{count}.zip"
    document = BufferedInputFile(await asyncio.to_thread(contents), name)
    caption = services.catalogues.of(actor.language)("export.caption", part=number, parts=count)
    sent = await services.bot.send_document(chat_id, document, caption=caption, protect_content=True)
    return str(sent.message_id)


async def _record_export(services: Services, actor: Actor, session: AsyncSession) -> None:
    await export.record_export(session, actor, services.now())


def _split_parts(vault: Vault, files: Sequence[ExportFile]) -> list[list[ExportFile]]:
    """Split the files into parts in a stable order, so that a retry makes the same parts."""
    parts: list[list[ExportFile]] = [[]]
    part_bytes = 0
    for file in files:
        size = vault.size(file.name)
        if part_bytes + size > MAX_PART_BYTES and parts[-1]:
            parts.append([])
            part_bytes = 0
        parts[-1].append(file)
        part_bytes += size
    return parts


def pack(vault: Vault, data_key: DataKey, files: Sequence[ExportFile], record: bytes | None, passphrase: str) -> bytes:
    """One locked ZIP file; only the JSON record is compressed, as pictures and PDFs are compressed already."""
    archive = LockedZip(passphrase)
    if record is not None:
        archive.add("record.json", record, compress=True)
    for file in files:
        data = vault.get(file.name, data_key, file.content)
        archive.add(f"{file.path}{file_extension(data)}" if file.path.endswith(".") else file.path, data)
    return archive.content()


async def erase_due_accounts(services: Services) -> None:
    """Continue every pending erasure as far as the retention period allows. Idempotent."""
    async with read_only(services.sessions) as session:
        waiting = await erasure.accounts_to_erase(session)
    for account_id in waiting:
        async with services.sessions.begin() as session:
            account = await erasure.lock_account(session, account_id)
            await erasure.continue_erasure(session, account, services.retention, services.now())


async def delete_files(services: Services, account_id: int) -> None:
    """Delete the files of an erased account and vacuum the database. Idempotent.

    A restored backup erases the account again. The account must have been erased. Raises DatabaseInUse, for a retry."""
    async with read_only(services.sessions) as session:
        names = await queries.files_of(session, account_id)
        destroyed = await erasure.destroyed_keys(session)
    await asyncio.to_thread(_forget_in_backups, services, destroyed)
    for name in names:
        await asyncio.to_thread(services.vault.delete, name)
    if not await vacuum(services.sessions.kw["bind"]):
        raise DatabaseInUse


def _forget_in_backups(services: Services, destroyed: Sequence[str]) -> None:
    """List the destroyed keys beside the backups, and delete the copy that an upgrade kept."""
    services.anchors.file.with_name(BEFORE_UPGRADE).unlink(missing_ok=True)
    if services.backups is None or not services.backups.is_dir():
        return
    try:
        note_destroyed(services.backups, destroyed)
    except OSError as error:
        logger.warning("the next backup lists the keys of erased people", extra={"error": type(error).__name__})
