"""The week in numbers, with plots drawn here, for administrators."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from aiohttp import web

from bot.services import Services
from bot.web.areas.guard import Visitor
from bot.web.desk.rendering import csv_file, render
from bot.web.shared import week
from bot.web.shared.week import WeekList
from handlers.ui.texts import Texts
from workflow.errors import NotFound
from workflow.reporting.week import Day, StageTime

BAR_WIDTH: Final = 400  # of the longest bar, in the units of its plot


class DayRow(NamedTuple):
    """A row of the plot and of the table below it; `busiest` is empty for a day without scans."""

    name: str
    hours: Sequence[int]
    total: int
    busiest: str


class StageRow(NamedTuple):
    """`bar` and `line`: how long median and nine of ten are drawn."""

    name: str
    scans: int
    median: int
    ninety: int
    bar: int
    line: int


async def show(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    texts, read = visitor.texts, await week.read(services, visitor.actor, visitor.texts)
    days = [_day(one, texts) for one in read.days]
    longest = max((one.ninety for one in read.stages), default=0)
    return render(
        request,
        "week.html",
        texts,
        visitor=visitor,
        week=read,
        days=days,
        most=max(max(one.hours) for one in days),
        total=sum(one.total for one in days),
        stages=[_stage(one, longest, texts) for one in read.stages],
        retakes=[(week.reason_text(reason, texts), scans) for reason, scans in read.retakes.items()],
        deliveries=[(texts.plain(f"channel.{one.channel}"), *one[1:]) for one in read.deliveries],
    )


async def export(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    """A list of the page as CSV. Raises NotFound for any other name."""
    try:
        name = WeekList(request.match_info["name"])
    except ValueError:
        raise NotFound from None
    return csv_file(await week.week_file(services, visitor.actor, name, visitor.texts))


def _day(day: Day, texts: Texts) -> DayRow:
    most = max(day.hours)
    busiest = f"{day.hours.index(most)}:00 ({most})" if most else ""
    return DayRow(texts.weekday(day.day), day.hours, sum(day.hours), busiest)


def _stage(stage: StageTime, longest: float, texts: Texts) -> StageRow:
    scale = BAR_WIDTH / longest if longest else 0
    lengths = (round(stage.median * scale), round(stage.ninety * scale))
    name = week.stage_text(stage.stage, texts)
    return StageRow(name, stage.scans, round(stage.median), round(stage.ninety), *lengths)
