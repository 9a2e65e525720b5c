"""Routes for Twilio: the encrypted copy of a report, and the status callback of a WhatsApp message."""

from typing import Final
from urllib.parse import parse_qsl

from aiohttp import web

from bot.channels.copy_links import is_valid
from bot.patient_files import read_file
from bot.services import Services
from bot.web.bodies import read_body
from models.base import read_only
from models.crypto.keys import Erased
from models.crypto.vault import Content
from models.tables.scans import Report
from workflow.reporting.deliveries import record_bounce

SERVICES: Final = web.AppKey("services of the Twilio routes", Services)
FAILED_STATUSES: Final = {"failed", "undelivered"}
MAX_FIELDS: Final = 100  # of a callback
MAX_FORM: Final = 65_536  # bytes of a callback


def add_twilio_routes(app: web.Application, services: Services) -> None:
    app[SERVICES] = services
    app.router.add_get("/copies/{report_id:[0-9]{1,9}}-{until:[0-9]{1,11}}-{seal:[0-9a-f]{64}}.pdf", fetch_copy)
    app.router.add_post("/twilio", status_callback)


async def fetch_copy(request: web.Request) -> web.Response:
    """The encrypted PDF; 404 for an invalid or expired link, an erased patient, or a report without a copy."""
    services, link = request.app[SERVICES], request.match_info
    report_id, until = int(link["report_id"]), int(link["until"])
    if not is_valid(services.secret_key, report_id, until, link["seal"], services.now()):
        raise web.HTTPNotFound
    async with read_only(services.sessions) as session:
        report = await session.get(Report, report_id)
    if report is None or report.copy_file is None:
        raise web.HTTPNotFound
    try:
        pdf = await read_file(services, report.scan.patient_id, report.copy_file, Content.COPY)
    except (Erased, FileNotFoundError):
        raise web.HTTPNotFound from None
    return web.Response(body=pdf, content_type="application/pdf", headers={"Cache-Control": "no-store"})


async def status_callback(request: web.Request) -> web.Response:
    """Record a failed message like a bounced mail, which notifies administrator and patient.

    403 unless Twilio signed the request; without a signature the body is not read. 400 for another body than a form."""
    services = request.app[SERVICES]
    signature = request.headers.get("X-Twilio-Signature", "")
    if not signature:
        raise web.HTTPForbidden
    try:
        form = dict(
            parse_qsl((await read_body(request, MAX_FORM)).decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS)
        )
    except ValueError:
        raise web.HTTPBadRequest from None
    if services.whatsapp is None or not services.whatsapp.is_signed_by_twilio(form, signature):
        raise web.HTTPForbidden
    if form.get("MessageStatus") in FAILED_STATUSES:
        async with services.sessions.begin() as session:
            await record_bounce(session, form.get("MessageSid", ""), "whatsapp", services.now())
    return web.Response(status=204)
