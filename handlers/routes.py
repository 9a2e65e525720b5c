"""All routers, in the order in which they are tried."""

from typing import Final

from aiogram import Router

from handlers import errors
from handlers.account import authenticator, claiming, not_me, passwords, registration, roles, sessions, start
from handlers.account.secrets import own_password
from handlers.admin import (
    audit,
    hours,
    invites,
    model,
    new_faq_entry,
    release,
    staff,
    taught_faq,
    unanswered,
    undelivered,
    walk_ins,
)
from handlers.doctor import amendments, critical, reading, structured_reading
from handlers.patient import erasure, privacy, reports, scans, whatsapp, withdrawal
from handlers.pharmacist import prescription
from handlers.shared import beside_form, desk, emergency, faq, queue, verify_report
from handlers.shared.files import original, voices

ROOMS: Final = (
    errors,
    emergency,
    own_password,
    beside_form,
    verify_report,
    not_me,
    claiming,
    start,
    registration,
    passwords,
    sessions,
    privacy,
    withdrawal,
    roles,
    erasure,
    authenticator,
    queue,
    original,
    voices,
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
    hours,
    walk_ins,
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
