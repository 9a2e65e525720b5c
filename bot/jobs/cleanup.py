"""Removal of data that is no longer needed: chat messages, old rows, erased accounts and orphaned files."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from bot.channels.delivering import TELEGRAM_REFUSALS
from bot.channels.email import Email
from bot.files.places import owner_mark
from bot.jobs.data_requests import erase_due_accounts
from bot.observability.audit_anchor import record_anchor, send_to_syslog
from bot.observability.audit_verification import VERIFIED_FILE, Result, Way, is_due, last_verification, verify_chain
from bot.secrets import anchor_key
from bot.services import Services
from models.base import read_only
from workflow.accounts import codes, profile
from workflow.accounts.browsers import sessions as browsers
from workflow.credentials import changes
from workflow.faq import unanswered
from workflow.jobs import delete_idle_slots, delete_old_jobs
from workflow.scans import analysis, queries
from workflow.unit_of_work import delete_old_updates

logger = logging.getLogger(__name__)
BATCH: Final = 500  # rows of one transaction
MIN_ORPHAN_AGE: Final = timedelta(hours=1)  # a younger file may belong to a transaction in progress


async def remove_message(services: Services, chat_id: int, message_id: int) -> None:
    """Delete a message from a chat. Idempotent: a deleted message or a blocked bot counts as done."""
    try:
        await services.bot.delete_message(chat_id, message_id)
    except TELEGRAM_REFUSALS:
        return


async def clean_up(services: Services) -> None:
    """Delete expired rows, erase accounts that are due, delete orphaned files, record the audit anchor.

    Once a day the audit chain is verified. Idempotent."""
    async with services.sessions.begin() as session:
        await delete_old_updates(session, services.now())
        await unanswered.delete_old(session, services.now())
        await profile.delete_old_choices(session, services.now())
        await changes.delete_old(session, services.now())
        await browsers.delete_old(session, services.now())
        await analysis.delete_unused(session)
        await delete_idle_slots(session, services.now())
    await _in_batches(services, delete_old_jobs)
    await _in_batches(services, codes.delete_old)
    await erase_due_accounts(services)
    await delete_orphaned_files(services)
    await anchor_head(services)
    await verify_daily(services)


async def anchor_head(services: Services) -> None:
    """Note the head of the audit chain outside the database, and outside the data folder where a setting says so:
    each at the syslog server, the first one of a day by mail."""
    places, key, now = services.anchors, anchor_key(services.secret_key), services.now()
    line = await record_anchor(services.sessions, places.file, key, now)
    if line is None:
        return
    if places.syslog is not None:
        await send_to_syslog(places.syslog, line)
    if places.mail is not None:
        day = f"{now:%Y%m%d}"
        message_id = f"<audit-head-{day}@{services.mail_domain}>"
        texts = services.catalogues.of(None)
        text = texts.plain("mail.anchor.text", line=line)
        email = Email(places.mail, texts.plain("mail.anchor.subject"), text, message_id)
        try:
            await services.deliveries.deliver(f"audit-head:{day}", partial(_mail, services, email))
        except Exception as error:  # noqa: BLE001 - the next hour tries again
            logger.warning("the audit head was not mailed", extra={"error": type(error).__name__})


async def verify_daily(services: Services) -> None:
    """Verify the audit chain unless that was done within a day, in whatever way. A fault is logged as an error."""
    file, key, now = services.anchors.file, anchor_key(services.secret_key), services.now()
    if not is_due(await asyncio.to_thread(last_verification, file.with_name(VERIFIED_FILE), key), now):
        return
    found = await verify_chain(services.sessions, file, key, Way.BOT, now)
    if found.result is not Result.WHOLE:
        logger.error("the audit record is not whole: run `csss audit verify`", extra={"kind": found.result.value})


async def _mail(services: Services, email: Email) -> str:
    await services.mailer.send(email)
    return email.message_id


async def _in_batches(services: Services, delete: Callable[[AsyncSession, datetime, int], Awaitable[int]]) -> None:
    """Call `delete` in short transactions until it deletes fewer rows than it may: others write in between."""
    deleted = BATCH
    while deleted == BATCH:
        async with services.sessions.begin() as session:
            deleted = await delete(session, services.now(), BATCH)


async def delete_orphaned_files(services: Services, batch: int = BATCH) -> None:
    """Delete files without a row, left by a kill between writing the file and committing the row. Idempotent."""
    store = services.vault.store
    if not await asyncio.to_thread(store.claim, owner_mark(services.secret_key)):
        logger.error("the bucket of CSSS_FILES_BUCKET is another installation's: no file is removed there")
        return
    orphans = await asyncio.to_thread(store.names_before, services.now() - MIN_ORPHAN_AGE)
    last: int | None = 0
    while last is not None:
        async with read_only(services.sessions) as session:
            stored, last = await queries.stored_files(session, last, batch)
        orphans -= stored
    async with read_only(services.sessions) as session:
        orphans -= await queries.conversation_files(session)
    for name in orphans:
        await asyncio.to_thread(services.vault.delete, name)
