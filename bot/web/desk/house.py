"""The house: opening hours, staff, what was not delivered, questions without an answer. For administrators."""

from collections.abc import Mapping

from aiohttp import web

from bot.services import Services
from bot.web.areas.guard import Visitor
from bot.web.desk.rendering import csv_file, render
from bot.web.shared import hours, lists
from handlers.views.desk.hours import day_text
from workflow.desk.hours import WEEK, written
from workflow.errors import ProofMissing
from workflow.permissions import Permission, require_proof


async def show(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    return await page_with(request, services, visitor)


async def page_with(
    request: web.Request,
    services: Services,
    visitor: Visitor,
    status: int = 200,
    message: str = "",
    typed: Mapping[str, str] = {},
) -> web.Response:
    """The page; `message`: why what was `typed` into a form of the hours is not saved."""
    texts, house = visitor.texts, await lists.house(services, visitor.actor)
    in_force, holidays = await hours.in_force(services)
    return render(
        request,
        "house.html",
        texts,
        status,
        visitor=visitor,
        message=message,
        typed=typed,
        week=list(zip(WEEK, texts.day_names, map(written, in_force.week), strict=True)),
        holidays=[(one.number, texts.day(one.day), one.name, day_text(one.hours)) for one in holidays],
        first_day=services.now().astimezone(texts.zone).date().isoformat(),
        may_change=_is_proved(visitor, services),
        staff=[lists.member(one, texts) for one in house.staff],
        lost=[
            (*lists.undelivered(delivery, report, texts), lists.failed_key(delivery), report.scan_id)
            for delivery, report in house.undelivered
        ],
        misses=[(one.text, one.times, texts.plain(f"language.{one.language}")) for one in house.misses],
        total=house.misses_total,
    )


def _is_proved(visitor: Visitor, services: Services) -> bool:
    """Whether the forms of the hours can be sent; else they would ask for a code, and what was typed would be lost."""
    try:
        require_proof(visitor.actor, Permission.SET_HOURS, services.now())
    except ProofMissing:
        return False
    return True


async def settings(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    """The settings in force, without secrets; they are changed where the bot is installed."""
    return render(request, "settings.html", visitor.texts, visitor=visitor, settings=services.settings)


async def export(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    """A list of the page as CSV. Raises NotFound for any other name."""
    return csv_file(await lists.house_file(services, visitor.actor, request.match_info["name"], visitor.texts))
