"""All routers, in the order in which they are tried."""

from typing import Final

from aiogram import Router

from handlers import errors
from handlers.account import authenticator, not_me, passwords, registration, roles, sessions, start
from handlers.admin import audit, invites, model, new_faq_entry, release, staff, taught_faq, unanswered, undelivered
from handlers.doctor import amendments, critical, reading, structured_reading
from handlers.patient import erasure, privacy, reports, scans, whatsapp
from handlers.pharmacist import prescription
from handlers.shared import desk, emergency, faq, queue, verify_report

ROOMS: Final = (
    errors,
    emergency,
    verify_report,
    not_me,
    start,
    registration,
    passwords,
    sessions,
    privacy,
    roles,
    erasure,
    authenticator,
    queue,
    reports,
    reading,
    structured_reading,
    amendments,
    critical,
    prescription,
    release,
    invites,
    staff,
    model,
    audit,
    undelivered,
    whatsapp,
    desk,
    unanswered,
    new_faq_entry,
    taught_faq,
    scans,
)


def routes() -> Router:
    """Emergencies come before everything; commands and open forms before the FAQ, which takes any other text."""
    router = Router(name=__name__)
    router.include_routers(
        *(room.routes() for room in ROOMS),
        start.late_routes(),
        passwords.late_routes(),
        faq.routes(),
        errors.late_routes(),
    )
    return router
