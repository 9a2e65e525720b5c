"""The file of a scan as the patient sent it: uncut, not recompressed, with the depth of its pixels."""

import asyncio

from aiogram import F, Router
from aiogram.types import BufferedInputFile, CallbackQuery, Message

from handlers.access import requires
from handlers.shared.files.opening import open_files
from handlers.ui.callbacks import CardAction, OnCard
from handlers.ui.texts import Texts
from inference.upload.open import file_extension
from models.crypto.vault import Content, Vault
from workflow.actors import Actor
from workflow.permissions import Permission
from workflow.unit_of_work import UnitOfWork


@requires(Permission.SEE_HISTORY)
async def send_original(
    query: CallbackQuery,
    message: Message,
    callback_data: OnCard,
    actor: Actor,
    texts: Texts,
    uow: UnitOfWork,
    vault: Vault,
) -> None:
    """Send the original as a document named by the scan's number and its format. The opening is audited."""
    scan, data_key = await open_files(callback_data, actor, uow)
    await query.answer()
    data = await asyncio.to_thread(vault.get, scan.original_file, data_key, Content.ORIGINAL)
    await message.answer_document(
        BufferedInputFile(data, f"scan-{scan.id}.{file_extension(data)}"),
        caption=texts("original.caption", scan=scan.id),
        protect_content=True,
    )


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(send_original, OnCard.filter(F.action == CardAction.ORIGINAL))
    return router
