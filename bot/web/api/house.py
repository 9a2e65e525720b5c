"""The house: opening hours, staff, what was not delivered, questions without an answer. For administrators."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from bot.web.api.endpoint import Caller
from bot.web.api.shapes import Answer, Body, BodyDay, Text
from bot.web.shared import hours, lists
from bot.web.shared.lists import CsvFile
from models.tables.deliveries import Channel, DeliveryState
from models.vocabulary import Role
from workflow.desk import schedule
from workflow.desk.hours import written

TypedHours = Annotated[Text, Field(max_length=80)]


class ListName(StrEnum):
    """The lists that leave as a file."""

    STAFF = "staff"
    UNDELIVERED = "undelivered"
    MISSES = "misses"


class Member(Answer):
    name: str
    email: str | None
    roles: list[Role]
    since: datetime
    suspended_since: datetime | None


class Undelivered(Answer):
    """`key`: sends a failed one again; null for one that still waits."""

    report: str
    scan: int
    channel: Channel | None
    state: DeliveryState
    reason: str | None
    since: datetime
    key: str | None


class Miss(Answer):
    """A question to which the FAQ had no answer, in its known words."""

    question: str
    times: int
    language: str


class Holiday(Answer):
    """A day whose hours differ from those of its weekday; `hours`: empty where it is closed all day."""

    number: int
    day: date
    name: str
    hours: str


class Hours(Answer):
    """`week`: the hours of each weekday from Monday on, like "08:00-13:00 14:00-20:00"; empty on a closed day.

    `holidays`: from today on."""

    week: list[str]
    time_zone: str
    holidays: list[Holiday]


class NewWeek(Body):
    """As in `Hours`."""

    week: Annotated[list[TypedHours], Field(min_length=7, max_length=7)]


class NewHoliday(Body):
    """Takes the place of one on the same day. Without `hours` the desk is closed all day."""

    day: BodyDay
    name: Annotated[Text, Field(max_length=schedule.MAX_NAME)]
    hours: TypedHours = ""


class House(Answer):
    """`misses_total`: of all questions without an answer; `misses` are the most frequent ones."""

    staff: list[Member]
    undelivered: list[Undelivered]
    misses: list[Miss]
    misses_total: int
    hours: Hours


async def show(call: Caller) -> House:
    """Read the lists of the house."""
    house = await lists.house(call.services, call.actor)
    return House(
        staff=[
            Member(
                name=one.name,
                email=one.email,
                roles=list(one.roles),
                since=one.created_at,
                suspended_since=one.suspended_at,
            )
            for one in house.staff
        ],
        undelivered=[
            Undelivered(
                report=report.number,
                scan=report.scan_id,
                channel=delivery.channel,
                state=delivery.state,
                reason=delivery.reason,
                since=delivery.started_at,
                key=lists.failed_key(delivery) or None,
            )
            for delivery, report in house.undelivered
        ],
        misses=[Miss(question=one.text, times=one.times, language=one.language) for one in house.misses],
        misses_total=house.misses_total,
        hours=await _hours(call),
    )


async def _hours(call: Caller) -> Hours:
    in_force, holidays = await hours.in_force(call.services)
    coming = [Holiday(number=one.number, day=one.day, name=one.name, hours=written(one.hours)) for one in holidays]
    return Hours(week=list(map(written, in_force.week)), time_zone=str(in_force.zone), holidays=coming)


async def save_week(call: Caller, body: NewWeek) -> Hours:
    """Save the opening hours of the week; asks for a recent code."""
    await hours.save_week(call.services, call.actor, body.week)
    return await _hours(call)


async def add_holiday(call: Caller, body: NewHoliday) -> Hours:
    """Save a holiday, or a day with other hours; asks for a recent code."""
    holiday = schedule.NewHoliday(body.day, body.name, schedule.typed_hours(body.hours))
    await hours.add_holiday(call.services, call.actor, holiday)
    return await _hours(call)


async def remove_holiday(call: Caller, number: int) -> None:
    """Let the week's hours hold on that day again; asks for a recent code."""
    await hours.remove_holiday(call.services, call.actor, number)


class Setting(Answer):
    """A setting in force; `value`: null where nothing is set, "•••" for a secret. `own`: differs from the default."""

    name: str
    value: str | None
    own: bool
    meaning: str


class Settings(Answer):
    """The settings in force."""

    settings: list[Setting]


async def settings(call: Caller) -> Settings:
    """Read the settings in force, without secrets."""
    return Settings(settings=[Setting(**one._asdict()) for one in call.services.settings])


async def export(call: Caller, name: ListName) -> CsvFile:
    """Take a list as a CSV file; asks for a recent code."""
    return await lists.house_file(call.services, call.actor, name, call.texts)
