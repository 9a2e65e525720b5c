"""The week in numbers, and each of its lists as a file."""

from enum import StrEnum

from bot.services import Services
from bot.web.shared.lists import CsvFile
from handlers.ui.texts import Texts
from models.base import read_only
from workflow.actors import Actor
from workflow.reporting.week import HOURS, OTHER, WHOLE, Week, week_of
from workflow.scans.queries import DUPLICATE


class WeekList(StrEnum):
    """The lists that leave as a file."""

    HOURS = "hours"
    STAGES = "stages"
    RETAKES = "retakes"
    DELIVERIES = "deliveries"


async def read(services: Services, actor: Actor, texts: Texts) -> Week:
    """Days are those of the hospital's zone. Raises like `authorize`."""
    async with read_only(services.sessions) as session:
        return await week_of(session, actor, services.now(), texts.zone)


async def week_file(services: Services, actor: Actor, name: WeekList, texts: Texts) -> CsvFile:
    """One list of the week. Raises like `authorize`."""
    week = await read(services, actor, texts)
    match name:
        case WeekList.HOURS:
            return CsvFile("hours", ("day", *map(str, range(HOURS))), [(one.day, *one.hours) for one in week.days])
        case WeekList.STAGES:
            rows = [(one.stage, one.scans, round(one.median, 1), round(one.ninety, 1)) for one in week.stages]
            return CsvFile("stages", ("until", "scans", "median minutes", "nine of ten within minutes"), rows)
        case WeekList.RETAKES:
            named = [(reason_text(reason, texts), scans) for reason, scans in week.retakes.items()]
            return CsvFile("retakes", ("reason", "scans"), named)
        case WeekList.DELIVERIES:
            return CsvFile("deliveries", ("channel", "sent", "failed", "waiting"), week.deliveries)


def reason_text(reason: str, texts: Texts) -> str:
    """A reason in the reader's language."""
    return texts.plain({OTHER: "web.week_own_words", DUPLICATE: "stage.duplicate"}.get(reason, reason))


def stage_text(stage: str, texts: Texts) -> str:
    """The moment that ends a stage."""
    return texts.plain("web.week_whole" if stage == WHOLE else f"web.happened_{stage}")
