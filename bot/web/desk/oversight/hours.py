"""The forms of the house that change the desk's opening hours and holidays."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from aiohttp import web

from bot.services import Services
from bot.web.areas.guard import Visitor, form_of
from bot.web.areas.rendering import redirect
from bot.web.desk import house
from bot.web.shared import hours
from workflow.desk import schedule
from workflow.desk.hours import WEEK
from workflow.desk.schedule import HolidayInvalid, HoursUnreadable, NewHoliday, WeekClosed
from workflow.errors import NotFound, WorkflowError

LONGEST: Final = 80  # characters of a field


async def save_week(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    """Save the week; hours that cannot be read stand in the form again, as they were typed."""
    form = await form_of(request)
    typed = {day: form.get(day, "")[:LONGEST] for day in WEEK}
    try:
        await hours.save_week(services, visitor.actor, list(typed.values()))
    except (HoursUnreadable, WeekClosed) as refusal:
        return await _again(request, services, visitor, refusal, typed)
    return redirect("/desk/house#hours")


async def add_holiday(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    form = await form_of(request)
    typed = {name: form.get(name, "")[:LONGEST] for name in ("day", "name", "hours")}
    try:
        holiday = NewHoliday(_day(typed["day"]), typed["name"], schedule.typed_hours(typed["hours"]))
        await hours.add_holiday(services, visitor.actor, holiday)
    except (HoursUnreadable, HolidayInvalid) as refusal:
        return await _again(request, services, visitor, refusal, typed)
    return redirect("/desk/house#hours")


async def remove_holiday(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    number = (await form_of(request)).get("number", "")
    if not (number.isascii() and number.isdecimal() and len(number) < 10):
        raise NotFound
    await hours.remove_holiday(services, visitor.actor, int(number))
    return redirect("/desk/house#hours")


async def _again(
    request: web.Request, services: Services, visitor: Visitor, refusal: WorkflowError, typed: Mapping[str, Any]
) -> web.Response:
    message = visitor.texts.plain(refusal.key, **refusal.values)
    return await house.page_with(request, services, visitor, 422, message=message, typed=typed)


def _day(text: str) -> date:
    """Raises HolidayInvalid for anything but a date."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise HolidayInvalid(most=schedule.MAX_HOLIDAYS) from None
