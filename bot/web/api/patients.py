"""Patients: the search, and one patient with the scans."""

from datetime import date, datetime
from typing import Annotated

from pydantic import StringConstraints

from bot.web.api.endpoint import Caller
from bot.web.api.shapes import NO_NUL, Answer, Body, Patient
from bot.web.shared.session import acting
from handlers.ui.texts import plain_text
from handlers.views.facts import facts_block
from handlers.views.rejection import stage_text
from models.vocabulary import ScanStatus
from workflow.reporting import patients

MAX_SCANS = 100


class Search(Body):
    """A name in any script, a patient number, or the end of a telephone number."""

    typed: Annotated[str, StringConstraints(min_length=1, max_length=patients.MAX_QUERY, pattern=NO_NUL)]


class Match(Patient):
    date_of_birth: date | None


class Matches(Answer):
    """Best first. `cut`: there may be more."""

    patients: list[Match]
    cut: bool


class PastScan(Answer):
    """`conclusion`: of the newest report, in the caller's language."""

    scan: int
    created_at: datetime
    status: ScanStatus
    stage: str
    conclusion: str | None


class PatientStory(Answer):
    """`facts`: allergies and the like, as a card shows them; `total` counts all scans in the caller's scope."""

    patient: Match
    phone: str | None
    facts: str
    total: int
    scans: list[PastScan]


async def search(call: Caller, body: Search) -> Matches:
    """Find patients. What is typed stands in the body, and so in no address and no log."""
    now = call.services.now()
    async with acting(call.services) as session:
        found = await patients.find_patients(session, call.actor, body.typed, now) if body.typed.strip() else ()
    today = now.date()
    matches = [Match(**dict(Patient.of(one, today)), date_of_birth=one.date_of_birth) for one in found]
    return Matches(patients=matches, cut=len(matches) == patients.MAX_MATCHES)


async def show(call: Caller, account_id: int) -> PatientStory:
    """Read one patient with the newest scans; recorded."""
    texts, now = call.texts, call.services.now()
    async with acting(call.services) as session:
        story = await patients.story(session, call.actor, account_id, texts.language, now, MAX_SCANS)
    account = story.account
    return PatientStory(
        patient=Match(**dict(Patient.of(account, now.date())), date_of_birth=account.date_of_birth),
        phone=account.phone,
        facts=plain_text(facts_block(story.facts.facts if story.facts else None, texts)),
        total=story.history.total,
        scans=[
            PastScan(
                scan=past.scan.id,
                created_at=past.scan.created_at,
                status=past.scan.status,
                stage=stage_text(past.scan, texts),
                conclusion=past.conclusion,
            )
            for past in story.history.scans
        ],
    )
