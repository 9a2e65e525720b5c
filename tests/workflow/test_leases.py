"""A role of one process at a time: who has it, when a spare takes over, and that no machine's clock decides."""

from sqlalchemy import update

from bot.process_role import HELD, INTERVAL, PATIENCE, RoleHolder
from models.base import Sessions
from models.tables.jobs import RoleLease
from workflow.job_owner import OWN_NAME
from workflow.leases import ProcessRole, beat

OTHER = "another-machine|17|abc"


class Clock:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def hands_to(sessions: Sessions, owner: str, number: int) -> None:
    async with sessions.begin() as session:
        await beat(session, ProcessRole.POLLING, None, is_gone=lambda _: True)
        await session.execute(update(RoleLease).values(owner=owner, beat=number))


async def test_a_spare_waits_while_the_holder_beats_and_takes_over_when_it_stands_still(sessions: Sessions) -> None:
    """On both databases; the whole wait is shorter than fifteen seconds."""
    clock = Clock()
    holder = RoleHolder(sessions, ProcessRole.POLLING, shared=True, clock=clock)
    for number in range(10):
        await hands_to(sessions, OTHER, number)
        await holder.beat()
        assert not holder.is_held
        clock.now += INTERVAL
    last_beat = clock.now
    while not holder.is_held:
        clock.now += INTERVAL
        await holder.beat()
    assert HELD < PATIENCE <= clock.now - last_beat + INTERVAL
    assert clock.now - last_beat + INTERVAL < 15


async def test_a_holder_that_cannot_renew_stops_before_a_spare_may_begin(sessions: Sessions) -> None:
    clock = Clock()
    holder = RoleHolder(sessions, ProcessRole.POLLING, shared=True, clock=clock)
    await holder.beat()
    assert holder.is_held
    clock.now += HELD
    assert not holder.is_held
    await hands_to(sessions, OTHER, 7)
    await holder.beat()
    assert not holder.is_held


async def test_a_role_that_is_given_back_or_of_a_dead_process_is_taken_at_once(sessions: Sessions) -> None:
    """A dead process is known as such on its own machine only."""
    async with sessions.begin() as session:
        assert (await beat(session, ProcessRole.ROUNDS, None)).owner == OWN_NAME
    holder = RoleHolder(sessions, ProcessRole.ROUNDS, shared=True)
    await holder.beat()
    await holder.give_back()
    assert not holder.is_held
    async with sessions.begin() as session:
        row = await session.get_one(RoleLease, ProcessRole.ROUNDS)
        assert row.owner == ""
        row.owner = OTHER
    async with sessions.begin() as session:
        assert (await beat(session, ProcessRole.ROUNDS, None)).owner == OTHER
        assert (await beat(session, ProcessRole.ROUNDS, None, is_gone=lambda name: name == OTHER)).owner == OWN_NAME


async def test_a_role_that_nobody_shares_is_always_held(sessions: Sessions) -> None:
    """One process on SQLite writes no beats."""
    holder = RoleHolder(sessions, ProcessRole.POLLING, shared=False)
    await holder.beat()
    assert holder.is_held
    async with sessions() as session:
        assert await session.get(RoleLease, ProcessRole.POLLING) is None
