"""What Twilio needs of the web app: the locked copy to fetch, and an ear for how a message fared."""

import hmac
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from aiohttp import web

from bot.jobs.files import fetch
from bot.secrets import derive
from bot.services import Clinic
from models.base import looking
from models.crypto.keys import Erased
from models.crypto.vault import Content
from models.tables.scans import Report
from workflow.reporting.deliveries import came_back

CLINIC: Final = web.AppKey("clinic that writes by WhatsApp", Clinic)
GOOD_FOR: Final = timedelta(hours=24)
LOST: Final = {"failed", "undelivered"}


def add_twilio(app: web.Application, clinic: Clinic) -> None:
    app[CLINIC] = clinic
    app.router.add_get("/copies/{report_id:[0-9]{1,9}}-{until:[0-9]{1,11}}-{seal:[0-9a-f]{64}}.pdf", fetch_copy)
    app.router.add_post("/twilio", hear)


def copy_address(clinic: Clinic, report_id: int, at: datetime) -> str:
    """Good for a day. What it leads to is locked: the passphrase is in the patient's chat."""
    until = int((at + GOOD_FOR).timestamp())
    return f"{clinic.site}/copies/{report_id}-{until}-{_seal(clinic, report_id, until)}.pdf"


async def fetch_copy(request: web.Request) -> web.Response:
    clinic, asked = request.app[CLINIC], request.match_info
    report_id, until = int(asked["report_id"]), int(asked["until"])
    sealed = hmac.compare_digest(_seal(clinic, report_id, until), asked["seal"])
    if not sealed or until < datetime.now(UTC).timestamp():
        raise web.HTTPNotFound
    async with looking(clinic.sessions) as session:
        report = await session.get(Report, report_id)
    if report is None or report.copy_file is None:
        raise web.HTTPNotFound
    try:
        pdf = await fetch(clinic, report.scan.patient_id, report.copy_file, Content.COPY)
    except (Erased, FileNotFoundError):
        raise web.HTTPNotFound from None
    return web.Response(body=pdf, content_type="application/pdf", headers={"Cache-Control": "no-store"})


async def hear(request: web.Request) -> web.Response:
    """A message that did not arrive is told to administrator and patient, like a mail that came back."""
    clinic = request.app[CLINIC]
    form = {name: str(value) for name, value in (await request.post()).items()}
    signature = request.headers.get("X-Twilio-Signature", "")
    if clinic.whatsapp is None or not clinic.whatsapp.is_twilios(form, signature):
        raise web.HTTPForbidden
    if form.get("MessageStatus") in LOST:
        async with clinic.sessions.begin() as session:
            await came_back(session, form.get("MessageSid", ""), "whatsapp", datetime.now(UTC))
    return web.Response(status=204)


def _seal(clinic: Clinic, report_id: int, until: int) -> str:
    return hmac.new(derive(clinic.key, "copies"), f"{report_id} {until}".encode(), sha256).hexdigest()
