"""The complete path of a scan, with all its people."""

import asyncio
from io import BytesIO

import pytest
from pydantic import SecretStr
from pypdf import PdfReader

from bot.app import Engines
from models.vocabulary import ScanStatus
from reports.signing.keyring import trusted_certificates
from reports.signing.verify import SignatureCheck, check_signatures
from tests.support.people import FINDINGS, Clinic, open_clinic
from tests.support.report_steps import PASSPHRASE
from tests.support.steps import scan_row

SIGNERS = (("doctor", "Dr Rao"), ("pharmacist", "Meena Pillai"), ("administrator", "Joseph Mathew"))


async def test_a_photo_becomes_a_report_in_chat_and_mailbox(engines: Engines, database: str) -> None:
    """On either database: photo, five stages, PDF in the chat, its encrypted copy in the mailbox, both signed."""
    async with open_clinic(engines, database=SecretStr(database)) as clinic:
        await _report_arrives(clinic)
        assert (await scan_row(clinic, 1)).status is ScanStatus.REPORT_READY


async def _report_arrives(clinic: Clinic) -> None:
    await clinic.plays("released")

    report = await clinic.amina.receives_document(timeout=30)
    mail = await clinic.telegram.mail_to("amina@example.org", "attached", timeout=30)

    [(name, kind, attached)] = mail.attachments
    assert (name, kind) == (report.name, "application/pdf")
    passphrase_note = await clinic.amina.sees("Type this passphrase", timeout=30)
    [passphrase] = PASSPHRASE.findall(passphrase_note.text)
    assert passphrase not in mail.raw.decode("utf-8", "replace")
    keys = clinic.app.services.signing_keys
    for pdf, word in ((report.data, None), (attached, passphrase)):
        checked = await asyncio.to_thread(check_signatures, pdf, trusted_certificates(keys), word)
        assert checked == [SignatureCheck(role, name, True) for role, name in SIGNERS]
    text = "\n".join(page.extract_text() for page in PdfReader(BytesIO(report.data)).pages)
    locked = PdfReader(BytesIO(attached), password=passphrase)
    assert "\n".join(page.extract_text() for page in locked.pages) == text
    for words in (
        *FINDINGS,
        "Amina Yusuf",
        "Dr Rao",
        "Meena Pillai",
        "Joseph Mathew",
        "Paracetamol 500 mg",
        "Demo Hospital",
    ):
        assert words in text
    await clinic.amina.sees("Your report is here")


@pytest.mark.slow
async def test_the_status_card_is_one_message_that_walks_through_the_stages(clinic: Clinic) -> None:
    """Edited in place from "Received" to "Report ready", never sent twice."""
    await clinic.plays("released")
    await clinic.amina.receives_document(timeout=30)
    await clinic.amina.sees("✅ Report ready")

    cards = [message for message in await clinic.amina.messages() if "Scan #1" in message.text and not message.document]
    assert len(cards) == 1
    edits = [
        call
        for call in await clinic.telegram.calls("editMessageText")
        if int(call["fields"]["chat_id"]) == clinic.amina.chat_id
    ]
    assert len(edits) >= 4
