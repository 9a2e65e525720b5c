"""An earlier film beside the present one, with the conclusion of its report."""

import asyncio
from functools import partial
from typing import Final

from aiogram import F, Router
from aiogram.types import BufferedInputFile, CallbackQuery, Message

from handlers.access import requires
from handlers.ui import keyboards
from handlers.ui.callbacks import CardAction, OnCard
from handlers.ui.callbacks.history import CompareWith
from handlers.ui.texts import Texts
from handlers.views.paging import truncate
from handlers.views.reading.earlier import comparison_caption
from inference.film.side_by_side import side_by_side
from models.crypto.keys import DataKey
from models.crypto.vault import Content, Vault
from models.tables.accounts import load_patient_key
from models.tables.scans import Scan
from workflow.actors import Actor
from workflow.audit import chain
from workflow.permissions import Permission
from workflow.reporting import history
from workflow.unit_of_work import UnitOfWork

MAX_CONCLUSION: Final = 700  # characters of the caption
MAX_OTHERS: Final = 8  # buttons for further earlier films


@requires(Permission.SEE_HISTORY)
async def compare(
    query: CallbackQuery,
    message: Message,
    callback_data: OnCard | CompareWith,
    actor: Actor,
    texts: Texts,
    uow: UnitOfWork,
    vault: Vault,
) -> None:
    """Send both films in one picture; a button for each further earlier film. Both openings are audited."""
    earlier_id = callback_data.earlier_id if isinstance(callback_data, CompareWith) else None
    async with uow.begin() as session:
        scan, past = await history.earlier_scan(session, actor, callback_data.scan_id, earlier_id, texts.language)
        others = await history.earlier_scans(session, actor, scan, texts.language, MAX_OTHERS + 1)
        for one in (past.scan, scan):
            await chain.record_read(session, actor, one, "compare", uow.at)
        data_key = await load_patient_key(session, scan.patient_id)
    await query.answer()
    picture = await asyncio.to_thread(_picture, vault, data_key, (past.scan, scan), texts)
    buttons: keyboards.Buttons = [
        (texts.plain("button.compare_with", scan=one), CompareWith(scan_id=scan.id, earlier_id=one))
        for one in [other.id for other, _ in others.scans if other.id != past.scan.id][:MAX_OTHERS]
    ]
    await message.answer_photo(
        BufferedInputFile(picture, "comparison.jpg"),
        caption=comparison_caption(scan, past, texts, partial(truncate, most=MAX_CONCLUSION)),
        reply_markup=keyboards.rows(buttons) if buttons else None,
        protect_content=True,
    )


def _picture(vault: Vault, data_key: DataKey, scans: tuple[Scan, Scan], texts: Texts) -> bytes:
    films = [vault.get(scan.picture_file, data_key, Content.PICTURE) for scan in scans]
    left, right = (f"#{scan.id}  {scan.created_at.astimezone(texts.zone).date().isoformat()}" for scan in scans)
    return side_by_side(films[0], films[1], (left, right))


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(compare, OnCard.filter(F.action == CardAction.COMPARE))
    router.callback_query.register(compare, CompareWith.filter())
    return router
