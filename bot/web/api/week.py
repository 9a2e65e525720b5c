"""The week in numbers, for administrators. Nobody's data are in it."""

from datetime import date

from bot.web.api.endpoint import Caller
from bot.web.api.shapes import Answer
from bot.web.shared import week
from bot.web.shared.lists import CsvFile
from bot.web.shared.week import WeekList
from models.tables.deliveries import Channel


class Day(Answer):
    """A day in the hospital's zone, and the scans that arrived in each of its 24 hours."""

    day: date
    hours: list[int]


class StageTime(Answer):
    """Minutes to this moment from the one before it, of scans that came to it in the week; `whole`: from arrival.

    `ninety_minutes`: nine of ten did not take longer."""

    stage: str
    scans: int
    median_minutes: float
    ninety_minutes: float


class Retakes(Answer):
    """Scans sent back for a ready reason, or for one in own words (`other`)."""

    reason: str
    scans: int


class ChannelCount(Answer):
    channel: Channel
    sent: int
    failed: int
    waiting: int


class Week(Answer):
    """Today and the six days before it. `late`: of the scans that arrived. `agreed`: doctors with the model."""

    days: list[Day]
    stages: list[StageTime]
    retakes: list[Retakes]
    deliveries: list[ChannelCount]
    late: int
    agreed: int
    disagreed: int


async def show(call: Caller) -> Week:
    """Read the week."""
    read = await week.read(call.services, call.actor, call.texts)
    return Week(
        days=[Day(day=one.day, hours=list(one.hours)) for one in read.days],
        stages=[
            StageTime(stage=one.stage, scans=one.scans, median_minutes=one.median, ninety_minutes=one.ninety)
            for one in read.stages
        ],
        retakes=[Retakes(reason=reason, scans=scans) for reason, scans in read.retakes.items()],
        deliveries=[ChannelCount(**one._asdict()) for one in read.deliveries],
        late=read.late,
        agreed=read.agreed,
        disagreed=read.disagreed,
    )


async def export(call: Caller, name: WeekList) -> CsvFile:
    """Take a list of the week as a CSV file; asks for a recent code."""
    return await week.week_file(call.services, call.actor, name, call.texts)
