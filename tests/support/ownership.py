"""Steps for tests of role and ownership."""

from datetime import UTC, datetime

from sqlalchemy import func, select

from bot.dev.sandbox import Person
from models.tables.accounts import Account, AdditionalRole, ChatLink, Invite
from models.tables.amendments import Amendment
from models.tables.chats import Form
from models.tables.codes import Code
from models.tables.jobs import Job
from models.tables.model_watch import FeatureFlag
from models.tables.readings import ReadingVersion
from models.tables.scans import AiFinding, CriticalResult, Prescription, Reading, Report, Scan, ScanEvent
from models.vocabulary import Role, Sex
from tests.support.people import Clinic
from tests.support.rows import UNUSABLE
from tests.support.steps import rows
from workflow.accounts import registration, sessions

KEPT = (
    Amendment,
    Scan,
    AiFinding,
    Reading,
    ReadingVersion,
    Prescription,
    CriticalResult,
    Report,
    ScanEvent,
    Code,
    Invite,
    Account,
    AdditionalRole,
    ChatLink,
    Form,
    FeatureFlag,
)


async def _kept(clinic: Clinic) -> tuple[object, ...]:
    async with clinic.app.services.sessions() as session:
        job_count = await session.scalar(select(func.count()).select_from(Job))
    return (job_count, *await rows(clinic, *KEPT))


async def _moves_in(clinic: Clinic, name: str, email: str, role: Role) -> Person:
    person, now = await clinic.telegram.person(name), datetime.now(UTC)
    staff_member = registration.Person(name, email, UNUSABLE, "en", None, Sex.UNKNOWN)
    async with clinic.app.services.sessions.begin() as session:
        await registration.add_staff(session, staff_member, role, now)
        await sessions.sign_in(session, person.chat_id, email, now)
    await person.sends("/start")
    await person.sees("Hello")
    return person
