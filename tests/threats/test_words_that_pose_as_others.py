"""Threat: words of a patient or stranger look like lines of the bot, of staff or of somebody else to their reader.

Every column of typed words is named here: whose words it holds. Patients' and strangers' are stored visible and in one
line, so that no card, list, page or file shows them otherwise."""

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC
from typing import Any, Final
from unicodedata import category

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models import tables
from models.base import Base, Sessions
from models.crypto.columns import Encrypted
from models.plain_words import JOINERS
from models.tables.accounts import PatientFacts
from models.tables.clarifications import Clarification
from models.tables.desk import TicketMessage, UrgencyQuestion
from models.tables.scans import Scan
from models.vocabulary import Role
from tests.support.people import Clinic
from tests.support.rows import NOW, Staff, a_scan, a_staff
from workflow.desk import alarms, edits, tickets, urgency
from workflow.desk.hours import DeskHours
from workflow.scans import clarifications, intake, patient_facts

CHAT: Final = 77
FORGED: Final = "cough\n\n✅ Checked by the computer: Normal\u2028➡️ Go home\u202e\u2066\u200b\x07\x85#7 Kumar க்\u200d"
PATIENTS: Final = {  # the words of patients and strangers
    *("clarifications.answer", "patient_facts.facts", "scans.complaint", "scans.since"),
    *("ticket_words.text", "urgency_questions.text"),
}
OTHERS: Final = {  # why no stranger's words pose as another's there: columns
    "words of staff": {
        *("amendments.findings", "amendments.impression", "amendments.override", "amendments.reason"),
        *("amendments.recommendations", "clarifications.question", "faq_phrases.phrase", "prescriptions.lines"),
        *("prescriptions.overrides", "reading_presets.phrases", "readings.findings", "readings.impression"),
        *("readings.no_alert", "readings.override", "readings.own_reading", "readings.recommendations", "readings.why"),
        *("reading_versions.content", "scans.reason"),
    },
    "chosen or computed": {
        *("amendments.band", "findings.heart", "prescriptions.needs_doctor", "prescriptions.read", "read_ahead.result"),
        *("reading_presets.recent", "readings.band", "readings.diagnosis", "readings.proposed", "readings.regions"),
        *("reports.passphrase", "scans.picture_hash", "scans.same_as"),
    },
    "parsed: a name, a telephone number, an address, known words": {
        *("accounts.identity", "accounts.phone", "faq_misses.text", "push_subscriptions.target"),
    },
    "read by its author alone": {"forms.data"},
}
Door = Callable[[AsyncSession, Staff], Awaitable[object]]


async def _describe(session: AsyncSession, staff: Staff) -> None:
    scan = await a_scan(session, staff, "PENDING_AI")
    for field in ("complaint", "since"):
        await intake.record_complaint(session, staff.patient, scan.id, field, FORGED, NOW)


async def _describe_by_captions(session: AsyncSession, staff: Staff) -> None:
    scan = await a_scan(session, staff, "PENDING_AI")
    for words in ("cough", FORGED):
        await intake.add_to_complaint(session, staff.patient, scan.id, words, NOW)


async def _edit_the_description(session: AsyncSession, staff: Staff) -> None:
    scan = await a_scan(session, staff, "PENDING_AI")
    scan.complaint = "a\nb"  # as earlier releases stored it
    change = intake.Change("complaint", "a\nb", FORGED)
    assert await intake.change_description(session, staff.patient, scan.id, change, NOW)


async def _write_to_staff(session: AsyncSession, _: Staff) -> None:
    hours = DeskHours.parse("00:00-24:00", "mon tue wed thu fri sat sun", UTC)
    await tickets.request_staff(session, CHAT, None, "en", hours, NOW)
    await tickets.message_staff(session, CHAT, FORGED, NOW)


async def _edit_what_staff_have_not_read(session: AsyncSession, staff: Staff) -> None:
    await _write_to_staff(session, staff)
    [message] = await session.scalars(select(TicketMessage))
    assert await edits.edit_message(session, CHAT, message.id, FORGED, NOW)


async def _report_an_emergency(session: AsyncSession, _: Staff) -> None:
    await alarms.report_emergency(session, CHAT, None, "en", FORGED, NOW)


async def _possible_emergency(session: AsyncSession, _: Staff) -> None:
    await urgency.hear(session, None, urgency.Words(CHAT, "en", FORGED, certain=False), NOW)


async def _answer_a_question(session: AsyncSession, staff: Staff) -> None:
    scan = await a_scan(session, staff, "DOCTOR_VERIFIED")
    one = await clarifications.ask(session, staff.pharmacist, scan.id, Role.DOCTOR, "Which dose?", NOW)
    one.addressee = Role.PATIENT
    await session.flush()
    await clarifications.answer(session, staff.patient, scan.id, one.number, FORGED, NOW)


async def _type_a_list(session: AsyncSession, staff: Staff) -> None:
    await patient_facts.record_facts(session, staff.patient, {"allergies": patient_facts.split_list(FORGED)}, NOW)


DOORS: Final[Mapping[str, Door]] = {
    "complaint": _describe,
    "captions": _describe_by_captions,
    "edit": _edit_the_description,
    "conversation": _write_to_staff,
    "edited message": _edit_what_staff_have_not_read,
    "emergency": _report_an_emergency,
    "possible emergency": _possible_emergency,
    "answer": _answer_a_question,
    "list": _type_a_list,
}


async def _words(session: AsyncSession) -> list[str]:
    """All words of patients and strangers in the database."""
    columns: list[Any] = [Scan.complaint, Scan.since, TicketMessage.text, UrgencyQuestion.text, Clarification.answer]
    found = list[Any]()
    for column in columns:
        for row in await session.scalars(select(column.class_)):
            found.append(getattr(row, column.key))
    for facts in await session.scalars(select(PatientFacts)):
        found += (facts.facts or {}).get("allergies", [])
    return [one for one in found if one]


@pytest.mark.parametrize("door", DOORS)
async def test_words_of_patients_and_strangers_are_visible_and_in_one_line(sessions: Sessions, door: str) -> None:
    async with sessions.begin() as session:
        await DOORS[door](session, await a_staff(session))
    async with sessions() as session:
        words = await _words(session)
    assert any("Kumar" in one for one in words)
    for one in words:
        assert [sign for sign in one if category(sign)[0] in {"C", "Z"} and sign not in f" {JOINERS}"] == []


def test_every_column_of_typed_words_is_named_once() -> None:
    for module in pkgutil.iter_modules(tables.__path__):
        importlib.import_module(f"models.tables.{module.name}")
    columns = [one for table in Base.metadata.tables.values() for one in table.columns]
    found = sorted(f"{one.table.name}.{one.name}" for one in columns if isinstance(one.type, Encrypted))
    assert found == sorted([*PATIENTS, *(one for group in OTHERS.values() for one in group)])


@pytest.mark.slow
async def test_a_complaint_adds_no_line_to_the_doctors_card(clinic: Clinic) -> None:
    await clinic.amina.sends_photo(clinic.picture)
    await clinic.amina.sees("What troubles you")
    await clinic.amina.sends(FORGED)
    card = await clinic.rao.sees("Kumar")
    [line] = [line for line in card.text.splitlines() if "Checked by the computer" in line]
    assert line.startswith("Complaint: cough / ✅")
    assert not set("\u202e\u2066\u200b") & set(card.text)
