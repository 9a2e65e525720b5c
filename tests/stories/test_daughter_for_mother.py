"""A daughter sends her mother's film: every card, question and report names the mother, who later takes over."""

import json
import re

import pytest
from sqlalchemy import select

from bot.dev.sandbox import Person
from models.tables.accounts import Account, Consent, PatientFacts
from models.tables.audit import AuditRow
from models.tables.proxies import Proxy
from models.tables.scans import Scan
from tests.support.account_steps import registers
from tests.support.file_steps import names_mother
from tests.support.jobs import settles
from tests.support.locked_zip import unlock
from tests.support.pdf import pages
from tests.support.people import Clinic

MOTHER = ("Lakshmi Ammal", "born 12 May 1952", "P000006")


@pytest.mark.slow
async def test_the_mothers_film_is_never_the_daughters(clinic: Clinic) -> None:
    priya = await clinic.telegram.person("Priya")
    await registers(clinic, priya, "priya@example.org", "Priya Raman")
    for button in ("Skip", "Not stated", "English"):
        await priya.presses(button)
    await _sends_mothers_film(clinic, priya)
    await _sends_her_own(clinic, priya)
    await clinic.verifies()
    await clinic.dispenses()
    await clinic.releases()
    report = (await priya.receives_document(timeout=30)).data
    caption = await priya.sees("Your report R")
    assert all(one in caption.text for one in MOTHER)
    assert "Lakshmi Ammal" in pages(report)[0]
    assert not [page for page in pages(report) if "Priya" in page]
    await priya.sends("/scans")
    assert "#1 · " in (shown := (await priya.sees("Your scans")).text)
    assert "Lakshmi Ammal" in shown.splitlines()[-1]
    await _exports_both(clinic, priya)
    await _mother_takes_over(clinic, priya)
    await settles(clinic)
    await _is_recorded(clinic)


async def _sends_mothers_film(clinic: Clinic, priya: Person) -> None:
    await priya.sends_photo(clinic.picture)
    await priya.presses("For another person", on="Before your first picture")
    await names_mother(priya)
    asked = await priya.sees("What troubles you")
    assert all(one in asked.text for one in MOTHER)
    await priya.sends("cough since a week")
    await priya.presses("Skip", on="Since when")
    assert "Lakshmi Ammal" in (await priya.sees("May I ask?")).text
    await priya.presses("Answer", on="Lakshmi Ammal")
    assert "Lakshmi Ammal" in (await priya.sees("must not take")).text
    await priya.sends("penicillin")
    await priya.sends("/cancel")
    card = await clinic.rao.sees("penicillin")
    assert all(one in card.text for one in (*MOTHER, "cough since a week"))
    await clinic.rao.sends("/patient Lakshmi")
    await clinic.rao.presses("P000006", on="Lakshmi Ammal")
    assert "👥 Priya Raman sends for this patient: priya@example.org" in (await clinic.rao.sees("1 of 1")).text
    assert "Priya" not in card.text
    await priya.sends("/status")
    status = await priya.sees("Scan #1 ·")
    assert all(one in status.text for one in MOTHER)


async def _sends_her_own(clinic: Clinic, priya: Person) -> None:
    """Now each picture is asked about; her own needs her own agreement."""
    await priya.sends_photo(clinic.picture)
    asked = await priya.sees("Whose picture is it?")
    assert asked.buttons == ["🙋 Me", "Lakshmi Ammal · 1952", "➕ Another person", "🗑 Throw away"]
    await priya.presses("🗑 Throw away", on="Whose picture")
    await priya.sees("Nothing was kept")
    await priya.sends_photo(clinic.picture)
    await priya.presses("🙋 Me", on="Whose picture")
    await priya.presses("I agree", on="Before your first picture")
    asked = await priya.sees("Not your own picture?")
    assert all(one in asked.text for one in ("Priya Raman", "P000005", "What troubles you"))
    await priya.presses("Skip", on="What troubles you")
    await priya.presses("Skip", on="Since when")
    own = await clinic.rao.sees("Scan #2")
    assert all(one in own.text for one in ("Priya Raman", "P000005"))
    await clinic.rao.presses("Better image", on="Scan #2")
    await clinic.rao.presses("The picture is blurred.")
    await priya.sees("Scan #2 needs a better picture")
    await clinic.rao.sees("A better picture is needed")  # its card offers no analysis any more


async def _exports_both(clinic: Clinic, priya: Person) -> None:
    """Two archives with one passphrase; the mother's holds her allergy and the person who acts for her."""
    await priya.looks_away()
    await priya.sends("/export")
    await priya.sees("First type your password")
    await priya.sends("grüne Mango 7")
    await priya.sees("Packing")
    await settles(clinic)
    sent = [one for one in await priya.messages() if one.document and one.document["file_name"].endswith(".zip")]
    [mail] = [one for one in await clinic.telegram.mails("priya@example.org") if one.subject == "Your passphrase"]
    [word] = re.findall(r"\b\d{20}\b", mail.text)
    archives = {one.document["file_name"]: unlock(await one.download(), word) for one in sent if one.document}
    records = {name: json.loads(archive.read("record.json")) for name, archive in archives.items()}
    assert set(records) == {"my-data.zip", "P000006.zip"}
    hers = records["P000006.zip"]
    assert (hers["identity"]["name"], hers["facts"]["allergies"]) == ("Lakshmi Ammal", ["penicillin"])
    assert [one["id"] for one in hers["scans"]] == [1]
    assert [(one["relation"], one["person"]) for one in hers["proxies"]] == [("parent", "Priya Raman")]
    assert [one["id"] for one in records["my-data.zip"]["scans"]] == [2]


async def _mother_takes_over(clinic: Clinic, priya: Person) -> None:
    await priya.looks_away()
    await priya.sends("/family")
    await priya.presses("Lakshmi Ammal", on="Persons for whom")
    await priya.presses("Slip for the own file")
    slip = await priya.sees("Slip for Lakshmi Ammal (P000006)", timeout=30)
    lakshmi = await clinic.telegram.person("Lakshmi")
    await lakshmi.starts(slip.text.partition("start=")[2])
    await lakshmi.sends_contact("+919840055555")
    await lakshmi.sees("What is your date of birth")
    await lakshmi.sends("12 May 1952")
    await lakshmi.sees("Your file is open in this chat")
    await priya.sees("has opened their own file")
    await lakshmi.sends("/report")
    assert "Lakshmi Ammal" in pages((await lakshmi.receives_document(timeout=30)).data)[0]
    await priya.sends("/scans")
    assert "Lakshmi" not in (await priya.sees("Your scans")).text
    await priya.sends("/report")
    await priya.sees("no finished report")


async def _is_recorded(clinic: Clinic) -> None:
    """The record names the daughter as the one who acted, and the mother as the patient."""
    async with clinic.app.services.sessions() as session:
        people = {one.name: one for one in await session.scalars(select(Account))}
        priya, lakshmi = people["Priya Raman"], people["Lakshmi Ammal"]
        consent = (await session.scalars(select(Consent).where(Consent.account_id == lakshmi.id))).one()
        scans = (await session.execute(select(Scan.id, Scan.patient_id).order_by(Scan.id))).all()
        acts = await session.scalars(select(AuditRow.act).where(AuditRow.actor_id == priya.id))
        assert (consent.given_by, consent.paper) == (priya.id, False)
        assert scans == [(1, lakshmi.id), (2, priya.id)]
        assert {"register_dependant", "consent", "upload", "describe:facts", "issue_slip", "export"} <= {*acts}
        assert (await session.scalars(select(PatientFacts.account_id))).all() == [lakshmi.id]
        assert [one.ended_at is not None for one in await session.scalars(select(Proxy))] == [True]
