"""A scan's story: what is recorded of it, what happened when, its report's versions and deliveries, its rows."""

from aiohttp import web
from markupsafe import Markup

from bot.services import Services
from bot.web.areas.guard import Visitor, form_of
from bot.web.areas.rendering import redirect
from bot.web.desk.rendering import render
from bot.web.shared import story
from bot.web.shared.session import acting
from handlers.ui.texts import Texts, plain_text
from handlers.views.cards import Reader, full_text
from handlers.views.identity import identity_line
from handlers.views.rejection import stage_text
from models.tables.deliveries import Delivery
from workflow.permissions import GRANTS, Permission
from workflow.reporting import deliveries


async def show(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    """The page. Opening it is recorded; the record's rows are shown to those who may search the record."""
    actor, texts = visitor.actor, visitor.texts
    read = await story.read(services, actor, int(request.match_info["scan_id"]))
    scan = read.scan
    return render(
        request,
        "scan.html",
        texts,
        visitor=visitor,
        scan=scan,
        title=plain_text(identity_line(scan, texts)),
        stage=stage_text(scan, texts),
        blocks=[Markup(page) for page in full_text(scan, Reader(actor.role, actor.account_id), texts)],  # noqa: S704 - escaped by `Texts`
        happened=read.happened,
        versions=read.versions,
        deliveries=[_delivery(one, texts) for one in read.deliveries],
        may_resend=actor.role in GRANTS[Permission.RESEND],
        rows=read.rows,
        may_claim=story.may_claim(scan, actor),
    )


async def resend(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    """Send a failed delivery again; asks for a recent code like `/undelivered`."""
    form = await form_of(request)
    async with acting(services) as session:
        await deliveries.resend(session, visitor.actor, form.get("key", "")[:160], services.now())
    back = form.get("scan", "")
    return redirect(f"/desk/scans/{back}" if back.isdecimal() else "/desk/house")


def _delivery(delivery: Delivery, texts: Texts) -> dict[str, object]:
    reason = texts.plain(f"failure.{delivery.reason}") if delivery.reason else ""
    return {
        "key": delivery.key,
        "channel": texts.plain(f"channel.{delivery.channel}"),
        "state": texts.plain(f"web.delivery_{delivery.state}"),
        "failed": delivery.state == "failed",
        "reason": reason,
        "at": texts.time(delivery.ended_at or delivery.started_at),
    }
