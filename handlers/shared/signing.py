"""Signing buttons carry a hash of the text shown above them, so that a stale button signs nothing."""

from collections.abc import Callable

from aiogram.types import CallbackQuery

from handlers.ui.replies import View, message_of, send_view, show_alert
from handlers.ui.texts import Texts
from models.tables.scans import Scan
from workflow.actors import Actor
from workflow.audit import chain
from workflow.errors import WordsChanged
from workflow.scans import queries
from workflow.unit_of_work import UnitOfWork


async def show_changed_draft(
    query: CallbackQuery,
    scan_id: int,
    actor: Actor,
    texts: Texts,
    uow: UnitOfWork,
    draft: Callable[[Scan, Texts], View],
) -> None:
    """Report that the text has changed since it was shown, and send the current draft with new signing buttons."""
    async with uow.begin() as session:
        scan = await queries.scan_for(session, scan_id, actor)
        await chain.record_read(session, actor, scan, "draft", uow.at)
    await show_alert(query, texts(WordsChanged.key))
    await send_view(message_of(query), draft(scan, texts))
