"""/export: a patient takes along everything that is kept of them, and nothing that no doctor has released."""

import json
from io import BytesIO
from zipfile import ZipFile

import pytest
from sqlalchemy import select

from bot.dev.demo import PASSWORD
from bot.dev.sandbox import Person
from bot.jobs import data_requests
from bot.jobs.data_requests import send_export
from models.tables.audit import AuditRow
from models.tables.jobs import Job
from models.tables.people import Account, Role
from models.tables.scans import Status
from tests.promises.test_nobody_beyond_role_and_ownership import _moves_in
from tests.support.jobs import settles
from tests.support.people import FINDINGS, House
from tests.support.steps import a_scan, says
from workflow.jobs import JobKind


async def fetches(person: Person) -> ZipFile:
    await person.looks_away()
    await person.sends("/export")
    await person.sees("First type your password")
    await person.sends(PASSWORD)
    await person.sees("Packing")
    sent = await person.receives_document(timeout=30)
    assert sent.name == "my-data.zip"
    return ZipFile(BytesIO(sent.data))


async def test_the_export_holds_all_that_is_the_patients_and_no_answer_that_no_doctor_released(house: House) -> None:
    await house.until("released")
    report = await house.amina.receives_document(timeout=30)
    await house.amina.sends("/human")
    await house.amina.sees("I have called somebody")
    await house.amina.sends("May I fly with this?")
    await house.amina.sees("Passed on")
    unread = await a_scan(house, Status.PHARMACIST_COMPLETED)
    await settles(house)
    archive = await fetches(house.amina)
    record = json.loads(archive.read("record.json"))
    assert record["identity"]["email"] == "amina@example.org"
    [first, second] = record["scans"]
    assert first["released"]["reading"]["findings"] == FINDINGS[0]
    assert first["released"]["model"]["probabilities"]
    [line] = first["released"]["prescription"]["lines"]
    assert line.startswith("Paracetamol 500 mg")
    assert [event["action"] for event in first["events"]][:2] == ["upload", "ask_analysis"]
    assert record["conversations"][0]["words"][0]["text"] == "May I fly with this?"
    assert {one["channel"] for one in record["deliveries"]} == {"chat", "email"}
    assert {"upload", "release", "deliver:chat"} <= {row["act"] for row in record["record"]}
    assert record["consents"]
    names = archive.namelist()
    assert {"scans/1/as-sent.jpg", "scans/1/as-shown.jpg", "scans/1/heat-map.jpg"} <= set(names)
    [paper] = [name for name in names if name.startswith("reports/")]
    assert archive.read(paper) == report.data

    assert "released" not in second
    assert f"scans/{unread}/heat-map.jpg" not in names
    for word in ("Opacities.", "Paracetamol 500 mg", '"label":"COVID"', "0.94"):
        assert word not in json.dumps(record["scans"][1]), word
    sends = [call for call in await house.clinic.calls("sendDocument") if "my-data" in str(call)]
    assert sends
    assert all(str(call["fields"].get("protect_content")).lower() == "true" for call in sends)
    await settles(house)  # the record follows the file
    async with house.app.clinic.sessions() as session:
        acts = list(await session.scalars(select(AuditRow.act).where(AuditRow.act == "export")))
    assert acts == ["export"]


async def test_only_the_password_opens_it_and_it_comes_once_however_often_its_job_runs(house: House) -> None:
    await house.amina.sends("/export")
    await house.amina.sees("First type your password")
    await house.amina.sends("a guess at it")
    await house.amina.sees("That is not the password")
    await settles(house)
    assert [one for one in await house.amina.messages() if one.document] == []
    await fetches(house.amina)
    await settles(house)
    async with house.app.clinic.sessions() as session:
        job = (await session.scalars(select(Job).where(Job.kind == JobKind.SEND_EXPORT))).one()
    await send_export(house.app.clinic, **job.payload)
    assert len([one for one in await house.amina.messages() if one.document]) == 1


async def test_what_is_too_large_for_one_message_comes_in_parts(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record in the first part, every file in one of them, each part told from the others."""
    await a_scan(house, Status.PENDING_AI)
    await settles(house)
    monkeypatch.setattr(data_requests, "LARGEST", 1)
    await house.amina.sends("/export")
    await house.amina.sees("First type your password")
    await house.amina.sends(PASSWORD)
    await house.amina.sees("part 2 of 2", timeout=30)
    sent = [one for one in await house.amina.messages() if one.document]
    assert [one.document["file_name"] for one in sent if one.document] == ["my-data-1-of-2.zip", "my-data-2-of-2.zip"]
    first, second = [ZipFile(BytesIO(await one.download())).namelist() for one in sent]
    assert first == ["record.json", "scans/1/as-sent.jpg"]
    assert second == ["scans/1/as-shown.jpg"]


async def test_nobody_gets_it_by_another_role_or_for_another_person(house: House) -> None:
    """A job that names somebody else's account, or whose chat has changed hands, sends nothing."""
    bela = await _moves_in(house, "Bela Stranger", "bela@example.org", Role.PATIENT)
    stranger = await house.clinic.person("Nobody At All")
    for person in (house.rao, house.meena, house.joseph):
        await person.sends("/export")
        await person.sees(says(house, "error.not_allowed"))
    await stranger.sends("/export")
    await stranger.sees("I do not know you yet")
    async with house.app.clinic.sessions() as session:
        amina = await session.scalar(select(Account.id).where(Account.email == "amina@example.org"))
    await send_export(house.app.clinic, amina, bela.chat_id, "2026-03-01T00:00:00+00:00")
    assert [one for one in await bela.messages() if one.document] == []
