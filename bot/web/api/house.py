"""The house: staff, what was not delivered, questions without an answer. For administrators."""

from datetime import datetime
from enum import StrEnum

from bot.web.api.endpoint import Caller
from bot.web.api.shapes import Answer
from bot.web.shared import lists
from bot.web.shared.lists import CsvFile
from models.tables.deliveries import Channel, DeliveryState
from models.vocabulary import Role


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


class House(Answer):
    """`misses_total`: of all questions without an answer; `misses` are the most frequent ones."""

    staff: list[Member]
    undelivered: list[Undelivered]
    misses: list[Miss]
    misses_total: int


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
    )


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
