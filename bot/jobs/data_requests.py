"""What a patient asked for in their own right: the export as ZIP files, and the room that is cleared after erasure."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile

from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.types import BufferedInputFile

from bot.jobs.notify import tell
from bot.services import Clinic
from models.base import looking
from models.crypto.keys import Secret
from models.crypto.vault import Vault
from models.post_upgrade import scrub
from models.tables.jobs import DeliveryState
from models.tables.people import Role, patient_key
from workflow.accounts import registration
from workflow.actors import Actor
from workflow.privacy import erasure, export
from workflow.privacy.export import File
from workflow.reporting.deliveries import Outcome, begin_delivery, end_delivery
from workflow.scans import queries

LARGEST: Final = 45 * 1024 * 1024  # bytes of a part: Telegram takes 50 MB from a bot
KINDS: Final = {b"\xff\xd8\xff": "jpg", b"\x89PNG": "png"}


class StillRead(Exception):
    """Somebody reads in the database just now, so that its log cannot be cut: another try later."""


async def send_export(clinic: Clinic, account_id: int, chat_id: int, asked: str) -> None:
    """As many ZIP files as it takes. Each has a key of its own: what a crash hid goes again, what arrived does not."""
    async with clinic.sessions() as session:
        actor = await registration.actor_for(session, chat_id, _now() - clinic.idle)
        if actor is None or actor.account_id != account_id or actor.role is not Role.PATIENT:
            return
        if actor.asleep:
            await tell(clinic, [chat_id], f"asleep:export:{account_id}:{asked}", "asleep.export")
            return
        whole = await export.gather(session, actor, datetime.fromisoformat(asked))
        secret = await patient_key(session, account_id)
    parts = await asyncio.to_thread(_parts, clinic.vault, whole.files)
    record = export.canonical(whole.record)
    for number, files in enumerate(parts, 1):
        key = f"export:{account_id}:{asked}:{number}:{chat_id}"
        async with clinic.sessions.begin() as session:
            if await begin_delivery(session, key, _now()) is Outcome.OVER:
                continue
        packed = await asyncio.to_thread(pack, clinic.vault, secret, files, record if number == 1 else None)
        await _send(clinic, actor, (chat_id, key), packed, (number, len(parts)))


async def _send(clinic: Clinic, actor: Actor, to: tuple[int, str], packed: bytes, part: tuple[int, int]) -> None:
    (chat_id, key), texts = to, clinic.catalogues.of(actor.language)
    name = "my-data.zip" if part[1] == 1 else f"my-data-{part[0]}-of-{part[1]}.zip"
    receipt, state = None, DeliveryState.SENT
    try:
        caption = texts("export.caption", part=part[0], parts=part[1])
        document = BufferedInputFile(packed, name)
        sent = await clinic.bot.send_document(chat_id, document, caption=caption, protect_content=True)
        receipt = str(sent.message_id)
    except (TelegramForbiddenError, TelegramBadRequest):
        state = DeliveryState.FAILED
    async with clinic.sessions.begin() as session:
        await end_delivery(session, key, _now(), receipt, state)
        if state is DeliveryState.SENT:
            await export.handed_over(session, actor, _now())


def _parts(vault: Vault, files: Sequence[File]) -> list[list[File]]:
    """In their order, so that a second try cuts them alike; the first part bears the record besides."""
    parts: list[list[File]] = [[]]
    filled = 0
    for file in files:
        size = vault.size(file.name)
        if filled + size > LARGEST and parts[-1]:
            parts.append([])
            filled = 0
        parts[-1].append(file)
        filled += size
    return parts


def pack(vault: Vault, secret: Secret, files: Sequence[File], record: bytes | None) -> bytes:
    """Pictures and PDFs are small already; only the record is worth compressing."""
    whole = BytesIO()
    with ZipFile(whole, "w") as archive:
        if record is not None:
            archive.writestr("record.json", record, ZIP_DEFLATED)
        for file in files:
            data = vault.get(file.name, secret, file.content)
            archive.writestr(f"{file.path}{_kind(data)}" if file.path.endswith(".") else file.path, data)
    return whole.getvalue()


def _kind(data: bytes) -> str:
    if data[128:132] == b"DICM":
        return "dcm"
    return next((kind for mark, kind in KINDS.items() if data.startswith(mark)), "bin")


async def forget_due(clinic: Clinic) -> None:
    """Those who asked to be forgotten and had to wait: each goes as far as it may by now."""
    async with looking(clinic.sessions) as session:
        waiting = await erasure.due(session)
    for account_id in waiting:
        async with clinic.sessions.begin() as session:
            await erasure.go_on(session, await erasure.hold(session, account_id), clinic.keep, _now())


async def clear_away(clinic: Clinic, account_id: int) -> None:
    """The files of somebody who was forgotten, and what the database's own files still remember of the rows."""
    async with looking(clinic.sessions) as session:
        names = await queries.files_of(session, account_id)
    for name in names:
        await asyncio.to_thread(clinic.vault.drop, name)
    if not await scrub(clinic.sessions.kw["bind"]):
        raise StillRead


def _now() -> datetime:
    return datetime.now(UTC)
