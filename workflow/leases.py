"""Roles that one process has at a time, such as polling Telegram; the others wait as spares.

The holder counts beats. A spare takes over when the count stands still for long enough on its own monotonic clock: no
clocks of two machines are compared, so that a wrong one neither steals a role nor keeps it."""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.jobs import RoleLease
from workflow.job_owner import OWN_NAME, is_dead


class ProcessRole(StrEnum):
    """The values are stored."""

    POLLING = "polling"  # asks Telegram for updates
    ROUNDS = "rounds"  # cleans up, ends claims, tells delays


class Beat(NamedTuple):
    """The holder's name, empty where there is none, and the number of its beat."""

    owner: str
    number: int


async def beat(
    session: AsyncSession, role: ProcessRole, stale: Beat | None, is_gone: Callable[[str], bool] = is_dead
) -> Beat:
    """Renew the role, or take it where nobody has it, its holder is gone, or it still stands at `stale`.

    Returns the beat as it is now; its owner says who has the role."""
    current = select(RoleLease).where(RoleLease.role == role).with_for_update()
    row = (await session.scalars(current)).one_or_none()
    if row is None:
        insert = sqlite.insert if session.bind.dialect.name == "sqlite" else postgresql.insert
        await session.execute(insert(RoleLease).values(role=role, owner="", beat=0).on_conflict_do_nothing())
        row = (await session.scalars(current)).one()
    now = Beat(row.owner, row.beat)
    if now.owner in {"", OWN_NAME} or now == stale or is_gone(now.owner):
        row.owner, row.beat = OWN_NAME, row.beat + 1
    return Beat(row.owner, row.beat)


async def give_back(session: AsyncSession, role: ProcessRole) -> None:
    """Let a spare take the role at once. Does nothing where another process has it."""
    own = update(RoleLease).where(RoleLease.role == role, RoleLease.owner == OWN_NAME)
    await session.execute(own.values(owner=""))
