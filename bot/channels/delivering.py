"""One-time delivery: begin, send and end of a message, each its own transaction, keyed in the deliveries table."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, NamedTuple

from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.channels.email import UndeliverableMail
from bot.channels.whatsapp import WhatsAppRefused
from bot.observability.traces import Traces
from models.base import Sessions
from models.tables.deliveries import DeliveryState
from workflow.reporting.deliveries import PriorAttempt, begin_delivery, end_delivery, fail_delivery

TELEGRAM_REFUSALS: Final = (TelegramForbiddenError, TelegramBadRequest)  # bot blocked, chat gone, or message rejected
RECORD_PAUSES: Final = (0.1, 0.5, 1, 2, 4, 8, 8)  # seconds between attempts to record what was sent


class Deliveries(NamedTuple):
    """Delivers each key at most once to the end: what was sent, refused or cancelled is never sent again."""

    sessions: Sessions
    now: Callable[[], datetime]
    traces: Traces

    async def deliver(
        self,
        key: str,
        send: Callable[[], Awaitable[str | None]],
        *,
        resend_unknown: bool = True,
        on_sent: Callable[[AsyncSession], Awaitable[None]] | None = None,
    ) -> bool:
        """Call `send` unless the delivery has ended, and record its outcome. Returns whether it was sent just now.

        `send` returns the receipt, or None to cancel where nobody is to receive it. A permanent refusal ends the
        delivery as failed; any other error is raised for a retry. Where a crash hid the outcome of an earlier
        attempt, `resend_unknown` sends again, otherwise nothing is sent. `on_sent` joins the final transaction."""
        async with self.sessions.begin() as session:
            prior = await begin_delivery(session, key, self.now())
        if prior is PriorAttempt.FINISHED or (prior is PriorAttempt.UNKNOWN and not resend_unknown):
            return False
        try:
            with self.traces.span("delivery", kind=key.partition(":")[0]):
                receipt = await send()
        except TELEGRAM_REFUSALS:
            await self._fail(key, "chat")
            return False
        except (UndeliverableMail, WhatsAppRefused) as refused:
            await self._fail(key, refused.reason)
            return False
        except Exception:
            if not resend_unknown:  # known not to have arrived: the retry may send it
                await self._end(key, DeliveryState.QUEUED)
            raise
        if receipt is None:
            await self._end(key, DeliveryState.CANCELLED)
            return False
        await self._record_sent(key, receipt, on_sent)
        return True

    async def _record_sent(
        self, key: str, receipt: str, on_sent: Callable[[AsyncSession], Awaitable[None]] | None
    ) -> None:
        """Record that it was sent, again while the database is away: a retry of the whole would send it twice."""
        for pause in (*RECORD_PAUSES, None):
            try:
                async with self.sessions.begin() as session:
                    await end_delivery(session, key, self.now(), receipt)
                    if on_sent is not None:
                        await on_sent(session)
            except DBAPIError:
                if pause is None:
                    raise
                await asyncio.sleep(pause)
            else:
                return

    async def _fail(self, key: str, reason: str) -> None:
        async with self.sessions.begin() as session:
            await fail_delivery(session, key, reason, self.now())

    async def _end(self, key: str, state: DeliveryState) -> None:
        async with self.sessions.begin() as session:
            await end_delivery(session, key, self.now(), state=state)
