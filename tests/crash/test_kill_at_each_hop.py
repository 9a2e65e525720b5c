"""Promise 3: a kill -9 at any moment loses no scan, no decision and no report, and duplicates no decision."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from sqlalchemy import select

from bot.app import App, Engines, build_app
from bot.dev.demo import add_cast, demo_settings
from bot.dev.sandbox import Person, Sandbox, SandboxClient
from models.schema import upgrade
from models.tables.jobs import Job
from models.tables.scans import Prescription, Reading, Report, Scan, ScanEvent
from models.vocabulary import ScanStatus
from tests.support.people import CODE, FINDINGS
from tests.support.process import PATIENCE, BotProcess, call
from tests.support.steps import a_scan

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]  # each kill needs a restart of the bot


class Clinic(NamedTuple):
    """The bot in a separate process, its people, and its database read from outside."""

    bot: BotProcess
    wire: SandboxClient
    app: App  # never run: its sessions read the same database
    amina: Person
    rao: Person
    meena: Person
    joseph: Person


@pytest.fixture
async def clinic(tmp_path: Path, engines: Engines) -> AsyncIterator[Clinic]:
    async with (
        Sandbox() as sandbox,
        SandboxClient(sandbox.base) as wire,
        build_app(demo_settings(sandbox, tmp_path), engines) as app,
    ):
        await upgrade(app.engine)
        people = [await wire.person(one["name"]) for one in await add_cast(app.services.sessions, sandbox)]
        bot = BotProcess(sandbox, tmp_path)
        await bot.starts()
        yield Clinic(bot, wire, app, *people)
        await bot.ends()


async def test_from_the_picture_to_the_pharmacist_each_hop_survives_a_kill(clinic: Clinic, picture: bytes) -> None:
    """Killed in the download, after the intake, at Analyse, in the analysis, and at every signature."""
    bot, amina, rao, meena = clinic.bot, clinic.amina, clinic.rao, clinic.meena
    await clinic.wire.fault("slow", "getFile", seconds=20)
    async with bot.killed_in_the_middle_of_a_fetch():
        await amina.sends_photo(picture)
    await amina.sees("What troubles you", timeout=PATIENCE)
    await amina.sends("Cough")
    await amina.sees("Since when")

    async with bot.killed_at(call("answerCallbackQuery", "Analysing")):
        await rao.presses("Analyse", timeout=PATIENCE)
    await rao.sees("replaces none", timeout=PATIENCE)
    async with bot.killed_at(call("sendMessage", "Written down for scan")):
        await rao.presses("Write findings")
        if "own reading" in (await rao.sees("")).text:
            await rao.sends("Pneumonia.")
            await rao.sees("Findings")
        for words in FINDINGS:
            await rao.sends(words)
            await rao.sees("", timeout=PATIENCE)
    async with bot.killed_at(call("answerCallbackQuery", "Signed")):
        await rao.presses("Verify", on="Written down")
    await meena.presses("Prescribe", timeout=PATIENCE)
    await meena.presses("Fever, pain")
    async with bot.killed_at(call("answerCallbackQuery", "Completed")):
        await meena.presses("Complete", on="Written down")
    await clinic.joseph.sees("Scan #1", timeout=PATIENCE)

    assert bot.kills == 5
    await _rests(clinic)
    [scan], [reading], [prescription] = [await _all(clinic, table) for table in (Scan, Reading, Prescription)]
    assert (scan.status, scan.complaint) == (ScanStatus.PHARMACIST_COMPLETED, "Cough")
    assert (reading.findings, reading.impression, reading.recommendations) == FINDINGS
    assert len(prescription.lines) == 1
    done = ["upload", "ask_analysis", "record_analysis", "write_findings", "verify", "prescribe", "complete"]
    assert [event.action for event in await _all(clinic, ScanEvent)] == done


async def test_a_kill_after_the_picture_was_taken_in_or_read_takes_nothing_twice(
    clinic: Clinic, picture: bytes
) -> None:
    """Killed after the answer to the patient, after the card, and during the analysis: one scan, one analysis."""
    bot, amina, rao = clinic.bot, clinic.amina, clinic.rao
    async with bot.killed_at(call("sendMessage", "What troubles you")):
        await amina.sends_photo(picture)
    await rao.sees("Scan #1", timeout=PATIENCE)
    async with bot.killed_during("analyse"):
        await rao.presses("Analyse")
    await rao.sees("replaces none", timeout=PATIENCE)
    await amina.sends("Cough")
    await amina.sees("Since when", timeout=PATIENCE)
    await _rests(clinic)
    assert [event.action for event in await _all(clinic, ScanEvent)] == ["upload", "ask_analysis", "record_analysis"]
    assert [scan.complaint for scan in await _all(clinic, Scan)] == ["Cough"]
    assert len(list((bot.data / "vault").rglob("*-*"))) >= 3, "the picture as sent and as shown, and its heat map"


async def test_from_the_approval_to_the_mailbox_each_hop_survives_a_kill(clinic: Clinic, picture: bytes) -> None:
    """Killed when the code was requested and used, while the PDF is drawn, and after chat and mail have the report."""
    bot, joseph, amina = clinic.bot, clinic.joseph, clinic.amina
    await _a_completed_scan(clinic, picture)
    await joseph.sends("/queue")
    await joseph.presses("#1", timeout=PATIENCE)
    async with bot.killed_at(call("sendMessage", "6-digit code is on its way")):
        await joseph.presses("Approve", timeout=PATIENCE)
    mail = await clinic.wire.mail_to("joseph@example.org", timeout=PATIENCE)
    await _rests(clinic, "mail_code")
    mail = (await clinic.wire.mails("joseph@example.org"))[-1]
    async with bot.killed_at(call("deleteMessage")):  # the typed code is deleted from the chat, and not yet verified
        await joseph.sends(*CODE.findall(mail.text))
    await joseph.sees("is released", timeout=PATIENCE)
    async with bot.killed_during("write_report"):
        pass
    async with bot.killed_at(call("sendDocument")):
        await amina.receives_document(timeout=PATIENCE)
    await _rests(clinic)

    assert bot.kills == 4
    documents = [message for message in await amina.messages() if message.document]
    assert len(documents) == 2, "sent again, for nobody knew that the first had arrived"
    assert documents[0].document["file_size"] == documents[1].document["file_size"]
    await _one_report_one_mail(clinic)


async def test_a_kill_between_a_mail_and_its_record_sends_the_same_mail(clinic: Clinic, picture: bytes) -> None:
    """The mail server has accepted code and report when the bot dies: the mail is repeated, no decision is."""
    bot, joseph, amina = clinic.bot, clinic.joseph, clinic.amina
    await _a_completed_scan(clinic, picture)
    await joseph.sends("/queue")
    await joseph.presses("#1", timeout=PATIENCE)
    async with bot.killed_by_mail("release report"):
        await joseph.presses("Approve", timeout=PATIENCE)
    await _rests(clinic, "mail_code")
    mail = (await clinic.wire.mails("joseph@example.org"))[-1]
    async with bot.killed_by_mail("attached"):
        await joseph.sends(*CODE.findall(mail.text))
    await amina.receives_document(timeout=PATIENCE)
    await _rests(clinic)
    assert len(await clinic.wire.mails("amina@example.org")) == 2
    await _one_report_one_mail(clinic)


async def _one_report_one_mail(clinic: Clinic) -> None:
    [report], [scan] = await _all(clinic, Report), await _all(clinic, Scan)
    assert scan.status is ScanStatus.REPORT_READY
    mails = await clinic.wire.mails("amina@example.org")
    assert len({mail.message_id for mail in mails}) == 1
    assert len({attachment.data for mail in mails for attachment in mail.attachments}) == 1
    actions = [event.action for event in await _all(clinic, ScanEvent)]
    assert actions.count("release") == actions.count("record_report") == actions.count("ask_code") == 1
    assert (clinic.bot.data / "vault" / report.file[:2] / report.file).exists()


async def _rests(clinic: Clinic, kind: str = "") -> None:
    """Wait until no job (of this kind) is pending."""
    async with asyncio.timeout(PATIENCE):
        while True:
            pending = [
                job for job in await _all(clinic, Job) if job.ended_at is None and (not kind or job.kind == kind)
            ]
            if not pending:
                return
            await asyncio.sleep(0.1)


async def _all(clinic: Clinic, table: type[Any]) -> list[Any]:
    """Every row, as the database holds it now."""
    async with clinic.app.services.sessions() as session:
        found = await session.scalars(select(table).order_by(*table.__table__.primary_key.columns))
        return list(found.unique())


async def _a_completed_scan(clinic: Clinic, picture: bytes) -> None:
    """A scan signed by a doctor and a pharmacist through the workflow's functions."""
    clinic: Any = SimpleNamespace(app=clinic.app, picture=picture)
    await a_scan(clinic, ScanStatus.PHARMACIST_COMPLETED)
