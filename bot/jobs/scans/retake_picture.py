"""Pictures of a good and a bad photograph of a film, sent with a request to retake it."""

from collections.abc import Sequence
from functools import partial

from aiogram.types import BufferedInputFile

from bot.services import Services
from handlers.views.retake_picture import how_to_photograph
from models.base import read_only
from models.tables.accounts import ChatLink


async def send(services: Services, chats: Sequence[int], scan_id: int) -> None:
    """Send the pictures to each chat once, in its language. Idempotent."""
    for chat_id in chats:
        await services.deliveries.deliver(
            f"retake-picture:{scan_id}:{chat_id}", partial(_send, services, chat_id), resend_unknown=False
        )


async def _send(services: Services, chat_id: int) -> str:
    async with read_only(services.sessions) as session:
        link = await session.get(ChatLink, chat_id)
    texts = services.catalogues.of(link.account.language if link else None)
    picture = BufferedInputFile(how_to_photograph(texts), "how.png")
    sent = await services.bot.send_photo(chat_id, picture, caption=texts("retake.pictures"), protect_content=True)
    return str(sent.message_id)
