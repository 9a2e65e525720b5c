"""The desk's opening hours and holidays, for the page and the API."""

from collections.abc import Sequence

from bot.services import Services
from bot.web.shared.session import acting
from models.base import read_only
from workflow.actors import Actor
from workflow.desk import schedule
from workflow.desk.hours import DeskHours, Holiday
from workflow.desk.schedule import NewHoliday


async def in_force(services: Services) -> tuple[DeskHours, Sequence[Holiday]]:
    """The hours, and the holidays from today on."""
    async with read_only(services.sessions) as session:
        hours = await schedule.load(session, services.promise.hours)
    return hours, schedule.coming(hours, services.now())


async def save_week(services: Services, actor: Actor, week: Sequence[str]) -> None:
    """The hours of each weekday as typed. Raises ProofMissing, HoursUnreadable or WeekClosed."""
    async with acting(services) as session:
        typed = [schedule.typed_hours(day) for day in week]
        await schedule.set_week(session, actor, services.promise.hours, typed, services.now())


async def add_holiday(services: Services, actor: Actor, holiday: NewHoliday) -> None:
    """Raises ProofMissing or HolidayInvalid."""
    async with acting(services) as session:
        await schedule.add_holiday(session, actor, holiday, services.promise.hours.zone, services.now())


async def remove_holiday(services: Services, actor: Actor, number: int) -> None:
    """Raises ProofMissing or NotFound."""
    async with acting(services) as session:
        await schedule.remove_holiday(session, actor, number, services.now())
