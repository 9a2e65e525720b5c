"""The whole way of a scan, as its people live it."""

import asyncio
import re
from io import BytesIO

from pydantic import SecretStr
from pypdf import PdfReader

from bot.app import Engines
from models.tables.scans import Status
from reports.signing.keyring import trusted
from reports.signing.verify import Checked, check
from tests.support.people import FINDINGS, House, open_house
from tests.support.steps import scan_row

PASSPHRASE = re.compile(r"\b[2-9a-z]{4}(?:-[2-9a-z]{4}){3}\b")
SIGNERS = (("doctor", "Dr Rao"), ("pharmacist", "Meena Pillai"), ("administrator", "Joseph Mathew"))


async def test_a_photo_becomes_a_report_in_chat_and_mailbox(engines: Engines, database: str) -> None:
    """On either database: photo, five stages, PDF in the chat, its locked copy in the mailbox, both signed."""
    async with open_house(engines, database=SecretStr(database)) as house:
        await _report_arrives(house)
        assert (await scan_row(house, 1)).status is Status.REPORT_READY


async def _report_arrives(house: House) -> None:
    await house.until("released")

    report = await house.amina.receives_document(timeout=30)
    mail = await house.clinic.mail_to("amina@example.org", "attached", timeout=30)

    [(name, kind, attached)] = mail.attachments
    assert (name, kind) == (report.name, "application/pdf")
    told = await house.amina.sees("opens with this passphrase", timeout=30)
    [passphrase] = PASSPHRASE.findall(told.text)
    assert passphrase not in mail.raw.decode("utf-8", "replace")
    keys = house.app.clinic.signing
    for pdf, word in ((report.data, None), (attached, passphrase)):
        checked = await asyncio.to_thread(check, pdf, trusted(keys), word)
        assert checked == [Checked(role, name, True) for role, name in SIGNERS]
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
    await house.amina.sees("Your report is here")


async def test_the_status_card_is_one_message_that_walks_through_the_stages(house: House) -> None:
    """Edited in place from "Received" to "Report ready", never sent twice."""
    await house.until("released")
    await house.amina.receives_document(timeout=30)
    await house.amina.sees("✅ Report ready")

    cards = [message for message in await house.amina.messages() if "Scan #1" in message.text and not message.document]
    assert len(cards) == 1
    edits = [
        call
        for call in await house.clinic.calls("editMessageText")
        if int(call["fields"]["chat_id"]) == house.amina.chat_id
    ]
    assert len(edits) >= 4
