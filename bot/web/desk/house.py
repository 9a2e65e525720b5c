"""The house: staff, what was not delivered, questions that the FAQ could not answer. For administrators."""

from aiohttp import web

from bot.services import Services
from bot.web.desk.guard import Visitor
from bot.web.desk.rendering import csv_file, render
from bot.web.shared import lists


async def show(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    texts, house = visitor.texts, await lists.house(services, visitor.actor)
    return render(
        request,
        "house.html",
        texts,
        visitor=visitor,
        staff=[lists.member(one, texts) for one in house.staff],
        lost=[
            (*lists.undelivered(delivery, report, texts), lists.failed_key(delivery), report.scan_id)
            for delivery, report in house.undelivered
        ],
        misses=[(one.text, one.times, texts.plain(f"language.{one.language}")) for one in house.misses],
        total=house.misses_total,
    )


async def settings(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    """The settings in force, without secrets; they are changed where the bot is installed."""
    return render(request, "settings.html", visitor.texts, visitor=visitor, settings=services.settings)


async def export(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    """A list of the page as CSV. Raises NotFound for any other name."""
    return csv_file(await lists.house_file(services, visitor.actor, request.match_info["name"], visitor.texts))
