"""All routers, in the order in which they are tried."""

from aiogram import Router

from handlers import errors
from handlers.account import authenticator, passwords, registration, roles, sessions, start
from handlers.admin import audit, invites, model, new_faq_entry, release, staff, taught_faq, unanswered, undelivered
from handlers.doctor import amendments, critical, reading, structured_reading
from handlers.patient import erasure, privacy, reports, scans, whatsapp
from handlers.pharmacist import prescription
from handlers.shared import desk, emergency, faq, queue, verify_report


def routes() -> Router:
    """Emergencies come before everything; commands and open forms before the FAQ, which takes any other text."""
    router = Router(name=__name__)
    router.include_routers(
        errors.routes(),
        emergency.routes(),
        verify_report.routes(),
        start.routes(),
        registration.routes(),
        passwords.routes(),
        sessions.routes(),
        privacy.routes(),
        roles.routes(),
        erasure.routes(),
        authenticator.routes(),
        queue.routes(),
        reports.routes(),
        reading.routes(),
        structured_reading.routes(),
        amendments.routes(),
        critical.routes(),
        prescription.routes(),
        release.routes(),
        invites.routes(),
        staff.routes(),
        model.routes(),
        audit.routes(),
        undelivered.routes(),
        whatsapp.routes(),
        desk.routes(),
        unanswered.routes(),
        new_faq_entry.routes(),
        taught_faq.routes(),
        scans.routes(),
        start.late_routes(),
        passwords.late_routes(),
        faq.routes(),
        errors.late_routes(),
    )
    return router
