"""Holds a role of `workflow.leases` for this process while it lives; where it cannot be had, waits as a spare."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Final

from models.base import Sessions
from workflow import leases
from workflow.job_owner import OWN_NAME
from workflow.leases import Beat, ProcessRole

logger = logging.getLogger(__name__)
INTERVAL: Final = 2.0  # seconds between two beats
HELD: Final = 6.0  # seconds after a beat for which the holder counts on its role
PATIENCE: Final = 8.0  # seconds without a beat after which a spare takes over; more than HELD


class RoleHolder:
    """One role of this process. On SQLite, which one process uses, `shared` is false and the role is always held."""

    def __init__(
        self, sessions: Sessions, role: ProcessRole, *, shared: bool, clock: Callable[[], float] = monotonic
    ) -> None:
        self._sessions, self._role, self._shared, self._clock = sessions, role, shared, clock
        self._renewed = -HELD
        self._seen: tuple[Beat, float] | None = None  # another holder's beat, and since when it stands
        self._is_spare = False

    @property
    def is_held(self) -> bool:
        """Whether this process may act in the role now."""
        return not self._shared or self._clock() - self._renewed < HELD

    async def keep(self, stop: asyncio.Event) -> None:
        """Renew the role, or watch its holder, until `stop`; then give it back."""
        while self._shared and not stop.is_set():
            try:
                await self.beat()
            except Exception as error:  # noqa: BLE001 - an outage of the database: the role runs out
                logger.warning(
                    "the role could not be renewed", extra={"kind": self._role, "error": type(error).__name__}
                )
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), INTERVAL)

    async def give_back(self) -> None:
        """At a stop, when nothing acts in the role any more; a failure only makes the spare wait."""
        if self._shared and self.is_held:
            with suppress(Exception):
                async with self._sessions.begin() as session:
                    await leases.give_back(session, self._role)
            self._renewed = -HELD

    async def beat(self) -> None:
        """Renew or take the role once."""
        if not self._shared:
            return
        began = self._clock()
        stale = self._seen[0] if self._seen and began - self._seen[1] >= PATIENCE else None
        async with self._sessions.begin() as session:
            now = await leases.beat(session, self._role, stale)
        if now.owner == OWN_NAME:
            if self._is_spare:
                logger.warning("the spare takes over", extra={"kind": self._role})
            self._renewed, self._seen, self._is_spare = began, None, False
            return
        if self._seen is None or self._seen[0] != now:
            self._seen = (now, began)
        if not self._is_spare:
            logger.warning("another process has this role: this one waits as its spare", extra={"kind": self._role})
        self._renewed, self._is_spare = -HELD, True
