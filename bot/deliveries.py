"""Everything that must reach somebody: codes, reports, nudges. Commit, then speak; each once, each retried alone."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256

from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.types import BufferedInputFile

from bot.channels import Letter, Unmailable
from bot.clinic import Clinic
from handlers.messages import reason, verdict
from models.codes import Purpose
from models.jobs import DeliveryState
from models.people import Link, Role
from models.scans import Report, Scan
from workflow import audit, codes, queries
from workflow.deliveries import Outcome, begin_delivery, end_delivery
from workflow.jobs import JobKind, enqueue


async def mail_code(clinic: Clinic, code_id: int) -> None:
    """Make the digits now, so that they exist nowhere but in this mail. A retry makes new ones."""
    async with clinic.sessions.begin() as session:
        made = await codes.make_digits(session, code_id, clinic.key, _now())
        if made is None:
            return
        code, digits = made
        scan = await session.get(Scan, code.scan_id) if code.scan_id else None
        link = await session.get(Link, code.chat_id)
    texts = clinic.catalogues.of(link.account.language if link else None)
    if code.purpose is Purpose.RELEASE and scan and scan.finding:
        text = texts.plain("mail.code.release", code=digits, scan=scan.id, verdict=verdict(scan.finding, texts))
    else:
        text = texts.plain("mail.code.confirm", code=digits)
    message_id = f"<code-{code.id}-{code.digest[:16]}@{clinic.domain}>"
    await clinic.mail.send(Letter(code.email, texts.plain("mail.code.subject"), text, message_id))


async def mail_account_exists(clinic: Clinic, email: str) -> None:
    texts = clinic.catalogues.of(None)
    message_id = f"<exists-{sha256(email.encode()).hexdigest()[:16]}-{_now():%Y%m%d%H%M}@{clinic.domain}>"
    await clinic.mail.send(
        Letter(email, texts.plain("mail.exists.subject"), texts.plain("mail.exists.text"), message_id)
    )


async def deliver(clinic: Clinic, scan_id: int) -> None:
    """Owe the report to every chat of the patient and to their mailbox, each by itself."""
    async with clinic.sessions.begin() as session:
        scan = await session.get_one(Scan, scan_id)
        report = await queries.latest_report(session, scan)
        assert report is not None
        for chat_id in await queries.patient_chats(session, scan):
            enqueue(session, JobKind.SEND_REPORT, _now(), report_id=report.id, chat_id=chat_id)
        enqueue(session, JobKind.MAIL_REPORT, _now(), report_id=report.id)


async def send_report(clinic: Clinic, report_id: int, chat_id: int) -> None:
    """In chat. Where a crash hid the outcome it is sent again: better twice than never."""
    key = f"report:{report_id}:chat:{chat_id}"
    report = await _begin(clinic, key, report_id)
    if report is None:
        return
    pdf = await asyncio.to_thread(clinic.vault.get, report.file)
    texts = clinic.catalogues.of(report.scan.patient.language)
    try:
        sent = await clinic.bot.send_document(
            chat_id,
            BufferedInputFile(pdf, f"{report.number}.pdf"),
            caption=texts("report.caption", number=report.number, scan=report.scan_id),
            protect_content=True,
        )
    except (TelegramForbiddenError, TelegramBadRequest):
        await _undeliverable(clinic, key, report, "chat")
        return
    await _arrived(clinic, key, report, "chat", str(sent.message_id))


async def mail_report(clinic: Clinic, report_id: int) -> None:
    """By mail, always with the same Message-ID: a second copy is the same mail to the one who gets it."""
    key = f"report:{report_id}:mail"
    report = await _begin(clinic, key, report_id)
    if report is None:
        return
    texts, patient = clinic.catalogues.of(report.scan.patient.language), report.scan.patient
    letter = Letter(
        to=patient.email,
        subject=texts.plain("mail.report.subject"),
        text=texts.plain("mail.report.text", name=patient.name),
        message_id=f"<report-{report_id}-{report.sha256[:16]}@{clinic.domain}>",
        attachments=[(f"{report.number}.pdf", await asyncio.to_thread(clinic.vault.get, report.file))],
    )
    try:
        await clinic.mail.send(letter)
    except Unmailable:
        await _undeliverable(clinic, key, report, "email")
        return
    await _arrived(clinic, key, report, "mail", letter.message_id)


async def ask_retake(clinic: Clinic, scan_id: int) -> None:
    """Tell the patient how to send a better picture; the card changes too, but only a message is heard."""
    async with clinic.sessions() as session:
        scan = await session.get_one(Scan, scan_id)
        chats = await queries.patient_chats(session, scan)
    why = reason(scan, clinic.catalogues.of(scan.patient.language))
    await tell(clinic, chats, f"retake:{scan_id}", "retake", scan=scan_id, reason=why)


async def tell_failure(clinic: Clinic, kind: str, scan_id: int | None) -> None:
    """Administrators hear of every job that failed for good; doctors of an analysis, which they may ask for again."""
    async with clinic.sessions() as session:
        chats = await queries.chats_of(session, Role.ADMINISTRATOR)
        doctors = await queries.chats_of(session, Role.DOCTOR) if kind == JobKind.ANALYSE else ()
    await tell(clinic, doctors, f"analysis-failed:{scan_id}:{_now():%Y%m%d}", "analysis.failed", scan=scan_id)
    await tell(clinic, chats, f"failure:{kind}:{scan_id}", "job.failed", kind=kind, scan=scan_id or "–")


async def tell(clinic: Clinic, chats: Sequence[int], key: str, sentence: str, **values: object) -> None:
    """A nudge to each chat, once; one whose outcome a crash hid is dropped."""
    for chat_id in chats:
        one = f"{key}:{chat_id}"
        async with clinic.sessions.begin() as session:
            outcome = await begin_delivery(session, one, _now())
            link = await session.get(Link, chat_id)
        if outcome is not Outcome.NEW:
            continue
        texts = clinic.catalogues.of(link.account.language if link else None)
        try:
            sent = await clinic.bot.send_message(chat_id, texts(sentence, **values))
        except (TelegramForbiddenError, TelegramBadRequest):
            await _end(clinic, one, None, DeliveryState.FAILED)
        else:
            await _end(clinic, one, str(sent.message_id))


async def _begin(clinic: Clinic, key: str, report_id: int) -> Report | None:
    """The report to deliver, or None when it has arrived already."""
    async with clinic.sessions.begin() as session:
        outcome = await begin_delivery(session, key, _now())
        return None if outcome is Outcome.OVER else await session.get_one(Report, report_id)


async def _end(clinic: Clinic, key: str, receipt: str | None, state: DeliveryState = DeliveryState.SENT) -> None:
    async with clinic.sessions.begin() as session:
        await end_delivery(session, key, _now(), receipt, state)


async def _arrived(clinic: Clinic, key: str, report: Report, channel: str, receipt: str) -> None:
    async with clinic.sessions.begin() as session:
        await end_delivery(session, key, _now(), receipt)
        await audit.delivered(session, report.scan, channel, _now())


async def _undeliverable(clinic: Clinic, key: str, report: Report, channel: str) -> None:
    """Refused for good: the administrators are told, and the patient still has /report."""
    await _end(clinic, key, None, DeliveryState.FAILED)
    async with clinic.sessions() as session:
        chats = await queries.chats_of(session, Role.ADMINISTRATOR)
    values = {"number": report.number, "scan": report.scan_id, "channel": channel}
    await tell(clinic, chats, f"undelivered:{key}", "report.undelivered", **values)


def _now() -> datetime:
    return datetime.now(UTC)
