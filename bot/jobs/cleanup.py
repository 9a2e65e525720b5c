"""Removal of data that is no longer needed: chat messages, old rows, erased accounts and orphaned files."""

import asyncio
from datetime import timedelta
from typing import Final

from bot.channels.delivering import TELEGRAM_REFUSALS
from bot.jobs.data_requests import erase_due_accounts
from bot.observability.audit_anchor import record_anchor
from bot.services import Services
from models.base import read_only
from workflow.accounts import profile
from workflow.credentials import changes
from workflow.faq import unanswered
from workflow.scans import analysis, queries
from workflow.unit_of_work import delete_old_updates

MIN_ORPHAN_AGE: Final = timedelta(hours=1)  # a younger file may belong to a transaction in progress


async def remove_message(services: Services, chat_id: int, message_id: int) -> None:
    """Delete a message from a chat. Idempotent: a deleted message or a blocked bot counts as done."""
    try:
        await services.bot.delete_message(chat_id, message_id)
    except TELEGRAM_REFUSALS:
        return


async def clean_up(services: Services) -> None:
    """Delete expired rows, erase accounts that are due, delete orphaned files, record the audit anchor. Idempotent."""
    async with services.sessions.begin() as session:
        await delete_old_updates(session, services.now())
        await unanswered.delete_old(session, services.now())
        await profile.delete_old_choices(session, services.now())
        await changes.delete_old(session, services.now())
        await analysis.delete_unused(session)
    await erase_due_accounts(services)
    await _delete_orphaned_files(services)
    await record_anchor(services.sessions, services.anchors_file, services.now())


async def _delete_orphaned_files(services: Services) -> None:
    """Delete files without a row, left by a kill between writing the file and committing the row."""
    old = await asyncio.to_thread(services.vault.names_before, services.now() - MIN_ORPHAN_AGE)
    async with read_only(services.sessions) as session:
        orphans = old - await queries.stored_files(session)
    for name in orphans:
        await asyncio.to_thread(services.vault.delete, name)
