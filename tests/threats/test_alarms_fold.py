"""Threat: strangers ring the staff until nobody listens any more, or a real emergency drowns among theirs."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.audit import AuditRow
from models.tables.desk import Ticket, TicketMessage, TicketState
from models.tables.jobs import Job
from tests.support.jobs import forgets_that_it_was_done, settles
from tests.support.people import Clinic
from tests.support.rows import NOW, a_staff
from workflow.desk import alarms, tickets
from workflow.desk.alarms import pause_after

CRY = "I cannot breathe and my lips are blue"
ALARM = "words of an emergency"
MINUTE = timedelta(minutes=1)


async def cries(session: AsyncSession, chat_id: int, at: datetime) -> None:
    await alarms.report_emergency(session, chat_id, None, "en", CRY, at)
    await session.flush()


async def rings(session: AsyncSession) -> Sequence[Sequence[int]]:
    """The chats that each alarm names, as the worker sends them in the order of their time."""
    due = select(Job).where(Job.kind == "call_staff").order_by(Job.run_at, Job.id)
    sent = [await alarms.take_ring(session, **job.payload) for job in await session.scalars(due)]
    return [[ticket.chat_id for ticket in one] for one in sent if one]


async def test_ten_strangers_with_three_hundred_cries_an_hour_ring_a_few_times(session: AsyncSession) -> None:
    for number in range(300):
        await cries(session, 1 + number % 10, NOW + number * timedelta(seconds=12))
    rung = await rings(session)
    assert len(rung) <= 10
    assert {chat for one in rung for chat in one} == set(range(1, 11)), "nobody is lost"
    assert len((await session.scalars(select(TicketMessage))).all()) == 300


async def test_several_at_once_are_one_alarm_and_one_list(session: AsyncSession) -> None:
    await cries(session, 1, NOW)
    assert await rings(session) == [[1]]
    for chat in range(2, 8):
        await cries(session, chat, NOW + chat * timedelta(seconds=2))
    assert await rings(session) == [[1], [2, 3, 4, 5, 6, 7]], "a repeated job rings for the same one"


@pytest.mark.slow
async def test_a_chat_rings_once_until_it_is_taken_then_with_growing_pauses(session: AsyncSession) -> None:
    staff = await a_staff(session)
    for minute in range(50):
        await cries(session, 7, NOW + minute * MINUTE)
    ticket = (await session.scalars(select(Ticket))).one()
    assert ticket.alarms == 1
    await tickets.claim(session, staff.doctor, ticket.id, NOW + 50 * MINUTE)
    times = []
    for minute in range(51, 51 + 6 * 60):
        await cries(session, 7, NOW + minute * MINUTE)
        if ticket.alarmed_at == NOW + minute * MINUTE:
            times.append(minute)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert gaps == sorted(gaps)
    assert (gaps[0], gaps[-1]) == (4, 60)


async def test_an_alarm_that_nobody_takes_rings_again_after_an_hour(session: AsyncSession) -> None:
    for minute in (0, 59, 60):
        await cries(session, 7, NOW + minute * MINUTE)
    assert (await session.scalars(select(Ticket.alarms))).all() == [2]


async def test_ending_the_conversation_buys_no_new_alarm(session: AsyncSession) -> None:
    for minute in range(60):
        await cries(session, 7, NOW + minute * MINUTE)
        await tickets.withdraw(session, 7, None, NOW + minute * MINUTE)
    assert sum(await session.scalars(select(Ticket.alarms))) <= 5


async def test_a_muted_chat_rings_nobody_for_a_day_and_others_do(session: AsyncSession) -> None:
    staff = await a_staff(session)
    await cries(session, 7, NOW)
    first = (await session.scalars(select(Ticket))).one()
    await alarms.dismiss(session, staff.doctor, first.id, NOW, mute=True)
    await cries(session, 7, NOW + timedelta(hours=23))
    await cries(session, 8, NOW + timedelta(hours=23))
    await cries(session, 7, NOW + timedelta(hours=24, seconds=1))
    assert [one.alarms for one in await session.scalars(select(Ticket).order_by(Ticket.id))] == [1, 1, 1]
    muted = (await session.scalars(select(Ticket).where(Ticket.id == 2))).one()
    assert muted.alarmed_at == NOW + timedelta(hours=24, seconds=1), "not during the day"


@pytest.mark.parametrize(("count", "minutes"), [(1, 2), (2, 4), (5, 32), (6, 60), (900, 60)])
def test_pauses_double_up_to_an_hour(count: int, minutes: int) -> None:
    assert pause_after(count) == minutes * MINUTE


async def test_an_alarm_names_what_is_needed_and_no_emergency_is_recorded(clinic: Clinic) -> None:
    """Telephone, age, language and open scan; the press tells the person, and a repeated job rings nobody."""
    await clinic.uploads()
    await clinic.amina.sends(CRY)
    alarm = (await clinic.rao.sees(ALARM)).text
    for part in ("Amina", "☎️", "years", "English", "scan #1", CRY):
        assert part in alarm, part
    await clinic.rao.presses("No emergency")
    await clinic.rao.sees("the person has been told")
    await clinic.amina.sees("does not think that it is an emergency")
    await settles(clinic)
    await forgets_that_it_was_done(clinic, "call_staff")
    await settles(clinic)
    assert len([one for one in await clinic.meena.messages() if ALARM in one.text]) == 1
    async with clinic.app.services.sessions() as session:
        rows = (await session.execute(select(AuditRow.role, AuditRow.act).where(AuditRow.act == "no_emergency"))).all()
        [ticket] = await session.scalars(select(Ticket))
    assert rows == [("doctor", "no_emergency")]
    assert ticket.state is TicketState.CLOSED


async def test_mute_is_recorded_and_its_chat_still_gets_the_emergency_number(clinic: Clinic) -> None:
    stranger = await clinic.telegram.person("Nobody At All")
    await stranger.sends(CRY)
    await clinic.meena.presses("Mute for a day", on=ALARM)
    await clinic.meena.sees("rings nobody for a day")
    await stranger.sees("does not think that it is an emergency")
    await stranger.looks_away()
    await stranger.sends(CRY)
    await stranger.sees("112")
    await settles(clinic)
    assert len([one for one in await clinic.rao.messages() if ALARM in one.text]) == 1
    async with clinic.app.services.sessions() as session:
        acts = (await session.scalars(select(AuditRow.act).where(AuditRow.act.in_(("mute", "emergency"))))).all()
    assert sorted(acts) == ["emergency", "emergency", "mute"]
