"""The patient's facts: asked with buttons, skippable, shown to doctor and pharmacist, exported and erased."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from handlers.ui.callbacks.prescription import ConfirmFacts
from models.base import Sessions
from models.tables.accounts import Account, PatientFacts
from models.tables.audit import AuditRow
from models.vocabulary import Role, ScanStatus, Sex
from tests.support.people import Clinic
from tests.support.rows import NOW, a_person
from tests.support.steps import a_scan, actor
from workflow.formulary.checking import conditions_of
from workflow.formulary.load import load
from workflow.formulary.records import Patient
from workflow.privacy import erasure, export
from workflow.scans import patient_facts
from workflow.scans.patient_facts import Topic


@pytest.mark.slow
async def test_allergies_are_asked_after_the_first_scan_and_reach_the_pharmacist(clinic: Clinic) -> None:
    """Typed and pressed answers; the doctor and the pharmacist see them, and /me changes them."""
    await clinic.uploads()
    await clinic.amina.presses("Answer", on="pharmacist should know")
    await clinic.amina.sees("must not take")
    await clinic.amina.sends("penicillin - rash, aspirin")
    await clinic.amina.sees("Which medicines do you take")
    await clinic.amina.presses("None", on="Which medicines")
    for _ in range(3):
        question = await clinic.amina.sees("?")
        if "kidneys or of the liver" in question.text:
            break
        await clinic.amina.presses("Skip")
    await clinic.amina.presses("Kidneys", on="kidneys or of the liver")
    done = await clinic.amina.sees("Doctor and pharmacist see")
    assert "allergies: penicillin - rash, aspirin · takes: none" in done.text
    await clinic.rao.sees("allergies: penicillin - rash, aspirin")
    await clinic.amina.sends("/me")
    await clinic.amina.presses("Allergies, medicines", on="kidney disease: yes")
    await clinic.amina.presses("None", on="must not take")
    await clinic.rao.sees("allergies: none")
    async with clinic.app.services.sessions() as session:
        acts = await session.scalar(select(func.count()).where(AuditRow.act == "describe:facts"))
    assert acts is not None
    assert acts >= 4


async def test_not_now_is_taken_for_an_answer_until_thirty_days_have_passed(clinic: Clinic) -> None:
    await clinic.uploads()
    await clinic.amina.presses("Not now", on="pharmacist should know")
    await clinic.amina.sees("/me takes the answers")
    async with clinic.app.services.sessions() as session:
        amina, now = await actor(session, "amina@example.org"), datetime.now(UTC)
        assert not await patient_facts.are_due(session, amina, now)
        assert await patient_facts.are_due(session, amina, now + timedelta(days=31))


@pytest.mark.parametrize(
    ("sex", "born", "asked"),
    [
        (Sex.FEMALE, date(1990, 1, 1), {Topic.PREGNANCY}),
        (Sex.FEMALE, date(1950, 1, 1), set()),
        (Sex.FEMALE, None, {Topic.PREGNANCY}),
        (Sex.FEMALE, date(2012, 1, 1), {Topic.PREGNANCY, Topic.WEIGHT}),
        (Sex.MALE, date(2020, 1, 1), {Topic.WEIGHT}),
        (Sex.MALE, date(1980, 1, 1), set()),
    ],
)
async def test_only_what_applies_is_asked(sex: Sex, born: date | None, asked: set[Topic], sessions: Sessions) -> None:
    async with sessions.begin() as session:
        patient = await a_person(session, Role.PATIENT, sex=sex, date_of_birth=born)
        topics = await patient_facts.topics(session, patient.account_id, NOW)
    assert set(topics) - {Topic.ALLERGIES, Topic.CURRENT, Topic.CONDITIONS, Topic.ORGANS} == asked


@pytest.mark.slow
async def test_facts_are_exported_and_go_with_the_account(clinic: Clinic) -> None:
    await a_scan(clinic, ScanStatus.REJECTED)
    async with clinic.app.services.sessions.begin() as session:
        amina, now = await actor(session, "amina@example.org"), datetime.now(UTC)
        await patient_facts.record_facts(session, amina, {"allergies": ["penicillin"]}, now)
        assert (await export.gather(session, amina, now)).data["facts"] == {"allergies": ["penicillin"]}
        account = await session.get_one(Account, amina.account_id)
        await erasure.continue_erasure(session, account, timedelta(0), now)
        assert await session.scalar(select(func.count()).select_from(PatientFacts)) == 0


async def test_illnesses_are_pressed_and_typed_and_reach_the_checks(clinic: Clinic) -> None:
    """Two are pressed, one is taken back; the pharmacist's beta blocker is stopped by the asthma that is left."""
    await clinic.uploads()
    await clinic.amina.presses("Answer", on="pharmacist should know")
    for question in ("must not take", "Which medicines", "pregnant"):
        await clinic.amina.presses("Skip", on=question)
    await clinic.amina.presses("Asthma", on="one of these illnesses")
    await clinic.amina.presses("Diabetes", on="one of these illnesses")
    await clinic.amina.presses("✅ Diabetes", on="one of these illnesses")
    await clinic.amina.presses("Done", on="one of these illnesses")
    await clinic.amina.presses("Skip", on="kidneys or of the liver")
    await clinic.amina.sees("illnesses: Asthma")
    async with clinic.app.services.sessions() as session:
        amina = await actor(session, "amina@example.org")
        assert await patient_facts.facts_of(session, amina.account_id) == {"conditions": ["asthma"]}


async def test_old_facts_are_confirmed_by_one_press_and_not_by_not_now(clinic: Clinic) -> None:
    then = datetime.now(UTC) - timedelta(days=31)
    async with clinic.app.services.sessions.begin() as session:
        amina = await actor(session, "amina@example.org")
        session.add(PatientFacts(account_id=amina.account_id, facts={"allergies": ["penicillin"]}, asked_at=then))
    await clinic.uploads()
    await clinic.amina.sees("allergies: penicillin")
    await clinic.amina.presses("Not now", on="Is it still so?")
    await clinic.amina.sees("/me takes the answers")
    async with clinic.app.services.sessions() as session:
        assert await patient_facts.are_due(session, amina, datetime.now(UTC))
    await clinic.amina.forges(ConfirmFacts().pack())
    async with clinic.app.services.sessions() as session:
        assert not await patient_facts.are_due(session, amina, datetime.now(UTC))
        assert await patient_facts.facts_of(session, amina.account_id) == {"allergies": ["penicillin"]}


def test_every_illness_that_is_asked_has_a_rule_of_the_formulary() -> None:
    formulary = load()
    for name in patient_facts.CONDITIONS:
        known = conditions_of(Patient(conditions=(name,)), formulary)
        assert known & {rule.condition for rule in formulary.conditions}, name
