"""Patients: search by name in any script, number or telephone, and a patient's page with the scans."""

from typing import Final

from aiohttp import web

from bot.services import Services
from bot.web.areas.guard import Visitor, form_of
from bot.web.desk.rendering import render
from bot.web.shared.session import acting
from handlers.ui.texts import plain_text
from handlers.views.facts import facts_block
from handlers.views.patients import contact_lines, match_line
from handlers.views.rejection import stage_text
from workflow.reporting import patients
from workflow.reporting.release import patient_number

MAX_SCANS: Final = 100


async def ask(request: web.Request, services: Services, visitor: Visitor) -> web.Response:  # noqa: ARG001 - a handler's form
    return render(request, "patients.html", visitor.texts, visitor=visitor, typed="", found=None, cut=0)


async def find(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    """The matches. What was typed is in the form's body, and so in no address, log or history."""
    typed, now = (await form_of(request)).get("typed", "")[: patients.MAX_QUERY], services.now()
    async with acting(services) as session:
        accounts = await patients.find_patients(session, visitor.actor, typed, now) if typed.strip() else []
    found = [(one.id, plain_text(match_line(one, visitor.texts, now))) for one in accounts]
    cut = patients.MAX_MATCHES if len(found) == patients.MAX_MATCHES else 0
    return render(request, "patients.html", visitor.texts, visitor=visitor, typed=typed, found=found, cut=cut)


async def show(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    """One patient with the newest scans; recorded."""
    texts, number, now = visitor.texts, int(request.match_info["account_id"]), services.now()
    async with acting(services) as session:
        story = await patients.story(session, visitor.actor, number, texts.language, now, MAX_SCANS)
    return render(
        request,
        "patient.html",
        texts,
        visitor=visitor,
        number=patient_number(story.account.id),
        title=plain_text(match_line(story.account, texts, now)),
        contacts=[plain_text(line) for line in contact_lines(story, texts)],
        facts=plain_text(facts_block(story.facts.facts if story.facts else None, texts)),
        total=story.history.total,
        scans=[(past.scan, stage_text(past.scan, texts), past.conclusion or "") for past in story.history.scans],
    )
