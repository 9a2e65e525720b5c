"""Data requests of patients: the export as ZIP files, and the erasure of accounts and files."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from io import BytesIO
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile

from aiogram.types import BufferedInputFile
from sqlalchemy.ext.asyncio import AsyncSession

from bot.jobs.notify import notify
from bot.services import Services
from models.base import read_only
from models.crypto.keys import DataKey
from models.crypto.vault import Vault
from models.post_upgrade import vacuum
from models.tables.accounts import load_patient_key
from models.vocabulary import Role
from workflow.accounts import sessions
from workflow.actors import Actor
from workflow.privacy import erasure, export
from workflow.privacy.export import ExportFile
from workflow.scans import queries

MAX_PART_BYTES: Final = 45 * 1024 * 1024  # Telegram accepts 50 MB from a bot
MAGIC_BYTES: Final = {b"\xff\xd8\xff": "jpg", b"\x89PNG": "png"}


class DatabaseInUse(Exception):
    """Readers keep the database's log from being truncated; a later retry may succeed."""


async def send_export(services: Services, account_id: int, chat_id: int, asked: str) -> None:
    """Send the patient's data as ZIP files. Idempotent per part, except that a part is sent again where a crash hid
    the outcome. `asked` is the ISO time of the request. Sends nothing to a chat that is no longer the patient's."""
    async with services.sessions() as session:
        actor = await sessions.actor_for(session, chat_id, services.now() - services.idle_limit)
        if actor is None or actor.account_id != account_id or actor.role is not Role.PATIENT:
            return
        if actor.locked:
            await notify(services, [chat_id], f"asleep:export:{account_id}:{asked}", "asleep.export")
            return
        data = await export.gather(session, actor, datetime.fromisoformat(asked))
        data_key = await load_patient_key(session, account_id)
    parts = await asyncio.to_thread(_split_parts, services.vault, data.files)
    record = export.canonical(data.data)
    for number, files in enumerate(parts, 1):
        contents = partial(pack, services.vault, data_key, files, record if number == 1 else None)
        send = partial(_send_part, services, actor, chat_id, contents, (number, len(parts)))
        key = f"export:{account_id}:{asked}:{number}:{chat_id}"
        await services.deliveries.deliver(key, send, on_sent=partial(_record_export, services, actor))


async def _send_part(
    services: Services, actor: Actor, chat_id: int, contents: Callable[[], bytes], part: tuple[int, int]
) -> str:
    number, count = part
    name = "my-data.zip" if count == 1 else f"my-data-{number}-of-{count}.zip"
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


def pack(vault: Vault, data_key: DataKey, files: Sequence[ExportFile], record: bytes | None) -> bytes:
    """One ZIP file; only the JSON record is compressed, as pictures and PDFs are compressed already."""
    buffer = BytesIO()
    with ZipFile(buffer, "w") as archive:
        if record is not None:
            archive.writestr("record.json", record, ZIP_DEFLATED)
        for file in files:
            data = vault.get(file.name, data_key, file.content)
            archive.writestr(f"{file.path}{_extension(data)}" if file.path.endswith(".") else file.path, data)
    return buffer.getvalue()


def _extension(data: bytes) -> str:
    if data[128:132] == b"DICM":
        return "dcm"
    return next((extension for magic, extension in MAGIC_BYTES.items() if data.startswith(magic)), "bin")


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

    The account must have been erased. Raises DatabaseInUse, for a retry."""
    async with read_only(services.sessions) as session:
        names = await queries.files_of(session, account_id)
    for name in names:
        await asyncio.to_thread(services.vault.delete, name)
    if not await vacuum(services.sessions.kw["bind"]):
        raise DatabaseInUse
