"""The page of medicines of each released report: what to take when, with the report's pictures of the day."""

from typing import Final

from aiohttp import web

from bot.services import Services
from bot.web.areas.guard import Visitor
from bot.web.patient.pages import render
from bot.web.shared.session import acting
from reports.pdf.dosage import PARTS, DosageTexts
from reports.pdf.words import ReportTexts
from workflow.audit import chain
from workflow.reporting.language import report_language
from workflow.reporting.prescription import build_prescription
from workflow.scans import queries

MOST_SHOWN: Final = 20


async def show(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    """Newest report first, in the language of this page. Each opening is recorded."""
    language = report_language(visitor.actor.language)
    words = ReportTexts(language, services.issuer.zone)
    async with acting(services) as session:
        scans = await queries.released_scans(session, visitor.actor, MOST_SHOWN)
        for scan in scans:
            await chain.record_read(session, visitor.actor, scan, "medicines", services.now())
    prescribed = [
        {
            "scan": scan,
            "day": visitor.texts.date_of(scan.released_at or scan.changed_at),
            "name": scan.patient.name if scan.patient_id != visitor.actor.account_id else "",
            "prescription": build_prescription(scan.prescription, language),
        }
        for scan in scans
        if scan.prescription is not None and scan.prescription.completed_at is not None
    ]
    return render(
        request,
        "medicines.html",
        visitor.texts,
        visitor=visitor,
        prescribed=prescribed,
        parts_of_day=PARTS,
        dosage=DosageTexts(words),
        text=words.text,
    )
