"""/export: patients get all data kept about them, and nothing that no doctor has released."""

import json
import re
from io import BytesIO
from zipfile import ZipFile

import pytest
from sqlalchemy import select

from bot.dev.demo import PASSWORD
from bot.dev.sandbox import Person
from bot.jobs import data_requests
from bot.jobs.data_requests import send_export
from bot.locked_zip import LockedZip
from models.tables.accounts import Account
from models.tables.audit import AuditRow
from models.tables.jobs import Job
from models.vocabulary import Role, ScanStatus
from tests.support.jobs import settles
from tests.support.locked_zip import unlock
from tests.support.ownership import _moves_in
from tests.support.people import FINDINGS, Clinic
from tests.support.steps import a_scan, sentence_for
from workflow.jobs import JobKind
from workflow.privacy.export import MODEL


async def passphrase_of(clinic: Clinic, email: str = "amina@example.org") -> str:
    """The passphrase from the newest mail that brings one."""

    await settles(clinic)
    mails = [mail.text for mail in await clinic.telegram.mails(email) if mail.subject == "Your passphrase"]
    return str(re.findall(r"\b\d{20}\b", "".join(mails))[-1])


async def fetches(clinic: Clinic, person: Person) -> ZipFile:
    await person.looks_away()
    await person.sends("/export")
    await person.sees("First type your password")
    await person.sends(PASSWORD)
    await person.sees("Packing")
    sent = await person.receives_document(timeout=30)
    assert sent.name == "my-data.zip"
    with pytest.raises(RuntimeError, match="encrypted"):
        ZipFile(BytesIO(sent.data)).read("record.json")
    return unlock(sent.data, await passphrase_of(clinic))


async def _writes_to_the_desk(patient: Person) -> None:
    await patient.sends("breathless on stairs since two months")
    await patient.presses("No, for days", on="bad right now")
    await patient.sees("Noted")
    await patient.sends("/human")
    await patient.sees("I have called somebody")
    await patient.sends("May I fly with this?")
    await patient.sees("Passed on")
    await patient.presses("End the conversation")  # else a password typed beside it would be for the staff


@pytest.mark.slow
async def test_the_export_holds_all_that_is_the_patients_and_no_answer_that_no_doctor_released(clinic: Clinic) -> None:
    await clinic.plays("released")
    report = await clinic.amina.receives_document(timeout=30)
    await _writes_to_the_desk(clinic.amina)
    unread = await a_scan(clinic, ScanStatus.PHARMACIST_COMPLETED)
    await settles(clinic)
    archive = await fetches(clinic, clinic.amina)
    record = json.loads(archive.read("record.json"))
    assert record["identity"]["email"] == "amina@example.org"
    [first, second] = record["scans"]
    assert first["released"]["reading"]["findings"] == FINDINGS[0]
    assert first["released"]["model"]["probabilities"]
    [line] = first["released"]["prescription"]["lines"]
    assert line.startswith("Paracetamol 500 mg")
    assert [event["action"] for event in first["events"]][:2] == ["upload", "ask_analysis"]
    assert record["conversations"][0]["words"][0]["text"] == "May I fly with this?"
    assert [one["bad_now"] for one in record["urgency_questions"]] == [False]
    assert {one["channel"] for one in record["deliveries"]} == {"chat", "email"}
    assert {"upload", "release", "deliver:chat"} <= {row["act"] for row in record["record"]}
    assert record["consents"]
    names = archive.namelist()
    assert {"scans/1/as-sent.jpg", "scans/1/as-shown.jpg", "scans/1/heat-map.jpg"} <= set(names)
    [pdf_name] = [name for name in names if name.startswith("reports/")]
    assert archive.read(pdf_name) == report.data

    assert "released" not in second
    assert f"scans/{unread}/heat-map.jpg" not in names
    for word in ("Opacities.", "Paracetamol 500 mg", '"label":"COVID"', "0.94"):
        assert word not in json.dumps(record["scans"][1]), word
    sends = [call for call in await clinic.telegram.calls("sendDocument") if "my-data" in str(call)]
    assert sends
    assert all(str(call["fields"].get("protect_content")).lower() == "true" for call in sends)
    await settles(clinic)  # the audit record follows the file
    async with clinic.app.services.sessions() as session:
        acts = list(await session.scalars(select(AuditRow.act).where(AuditRow.act == "export")))
    assert acts == ["export"]


def test_the_measures_of_a_heart_are_exported_with_the_models_answer() -> None:
    assert {"label", "probabilities", "heart"} <= set(MODEL)


async def test_only_the_password_opens_it_and_it_comes_once_however_often_its_job_runs(clinic: Clinic) -> None:
    await clinic.amina.sends("/export")
    await clinic.amina.sees("First type your password")
    await clinic.amina.sends("a guess at it")
    await clinic.amina.sees("That is not the password")
    await settles(clinic)
    assert [one for one in await clinic.amina.messages() if one.document] == []
    await fetches(clinic, clinic.amina)
    await settles(clinic)
    async with clinic.app.services.sessions() as session:
        job = (await session.scalars(select(Job).where(Job.kind == JobKind.SEND_EXPORT))).one()
    await send_export(clinic.app.services, **job.payload)
    assert len([one for one in await clinic.amina.messages() if one.document]) == 1


async def test_what_is_too_large_for_one_message_comes_in_parts(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record is in the first part, every file is in exactly one part, and the parts are numbered."""
    await a_scan(clinic, ScanStatus.PENDING_AI)
    await settles(clinic)
    monkeypatch.setattr(data_requests, "MAX_PART_BYTES", 1)
    await clinic.amina.sends("/export")
    await clinic.amina.sees("First type your password")
    await clinic.amina.sends(PASSWORD)
    await clinic.amina.sees("part 2 of 2", timeout=30)
    sent = [one for one in await clinic.amina.messages() if one.document]
    assert [one.document["file_name"] for one in sent if one.document] == ["my-data-1-of-2.zip", "my-data-2-of-2.zip"]
    word = await passphrase_of(clinic)
    first, second = [unlock(await one.download(), word).namelist() for one in sent]
    assert first == ["record.json", "scans/1/as-sent.jpg"]
    assert second == ["scans/1/as-shown.jpg"]


async def test_nobody_gets_it_by_another_role_or_for_another_person(clinic: Clinic) -> None:
    """A job that names another account, or whose chat now belongs to another account, sends nothing."""
    bela = await _moves_in(clinic, "Bela Stranger", "bela@example.org", Role.PATIENT)
    stranger = await clinic.telegram.person("Nobody At All")
    for person in (clinic.rao, clinic.meena, clinic.joseph):
        await person.sends("/export")
        await person.sees(sentence_for(clinic, "error.not_allowed"))
    await stranger.sends("/export")
    await stranger.sees("I do not know you yet")
    async with clinic.app.services.sessions() as session:
        amina = await session.scalar(select(Account.id).where(Account.email == "amina@example.org"))
    await send_export(clinic.app.services, amina, bela.chat_id, "2026-03-01T00:00:00+00:00")
    assert [one for one in await bela.messages() if one.document] == []


def test_a_locked_archive_opens_with_its_passphrase_alone_and_tells_a_changed_byte() -> None:
    archive = LockedZip("12345678901234567890")
    files = {"record.json": b"{}" * 5000, "scans/1/as-sent.jpg": bytes(range(256)) * 20 + b"x", "leer": b""}
    for name, data in files.items():
        archive.add(name, data, compress=name.endswith("json"))
    content = archive.content()
    opened = unlock(content, "12345678901234567890")
    assert {name: opened.read(name) for name in opened.namelist()} == files
    changed = content[:200] + bytes((content[200] ^ 1,)) + content[201:]
    for wrong, key in ((content, "1" * 20), (changed, "12345678901234567890")):
        with pytest.raises(ValueError, match="another passphrase"):
            unlock(wrong, key)


async def test_without_an_address_the_passphrase_comes_to_the_chat(clinic: Clinic) -> None:
    async with clinic.app.services.sessions.begin() as session:
        amina = (await session.scalars(select(Account).where(Account.email == "amina@example.org"))).one()
        amina.email, amina.phone, amina.password_hash = None, "+919840011111", None
        account_id = amina.id
    now = clinic.app.services.now().isoformat()
    await send_export(clinic.app.services, account_id, clinic.amina.chat_id, now)
    sent = await clinic.amina.receives_document(timeout=30)
    told = await clinic.amina.sees("The passphrase of your export")
    [word] = re.findall(r"\b\d{20}\b", told.text)
    assert "record.json" in unlock(sent.data, word).namelist()
