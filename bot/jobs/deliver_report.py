"""A report on its ways to the patient: by chat, mail and WhatsApp, each a job of its own, each told where it fails."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.types import BufferedInputFile
from sqlalchemy.ext.asyncio import AsyncSession

from bot.channels.email import Letter, Unmailable
from bot.channels.voice import script, speak
from bot.channels.whatsapp import Note, Unwhatsappable
from bot.jobs.files import fetch
from bot.jobs.issue_report import draft
from bot.jobs.notify import Word, post, tell
from bot.services import Clinic
from bot.web.twilio import copy_address
from handlers.views.cards import report_caption
from models.crypto.vault import Content
from models.tables.jobs import Channel, Delivery, DeliveryState
from models.tables.people import Role
from models.tables.scans import Report, Scan
from reports.content.document import Language
from workflow.accounts import registration
from workflow.audit import chain
from workflow.errors import ChatAsleep, NotAllowed, NotFound
from workflow.jobs import JobKind, enqueue
from workflow.permissions import Verb
from workflow.reporting.deliveries import (
    Outcome,
    begin_delivery,
    delivery_key,
    end_delivery,
    fail_delivery,
    owe_delivery,
)
from workflow.scans import queries


async def deliver(clinic: Clinic, scan_id: int) -> None:
    """Owe the report to every chat of the patient and to their mailbox, each by itself."""
    async with clinic.sessions.begin() as session:
        scan = await session.get_one(Scan, scan_id)
        report = await queries.latest_report(session, scan)
        assert report is not None
        for chat_id in await queries.patient_chats(session, scan):
            await owe_delivery(session, report, Channel.CHAT, _now(), chat_id)
        await owe_delivery(session, report, Channel.EMAIL, _now())
        if clinic.whatsapp is not None and scan.patient.phone:
            await owe_delivery(session, report, Channel.WHATSAPP, _now())


async def send_report(clinic: Clinic, report_id: int, chat_id: int) -> None:
    """In chat. Where a crash hid the outcome it is sent again: better twice than never."""
    key = delivery_key(report_id, Channel.CHAT, chat_id)
    report = await _begin(clinic, key, report_id)
    if report is None:
        return
    try:
        if not await _still_theirs(clinic, report, chat_id):
            await _end_quietly(clinic, key)
            return
    except ChatAsleep:
        await _end_quietly(clinic, key)
        await tell(clinic, [chat_id], f"asleep:{key}", "asleep.report", number=report.number)
        return
    pdf = await fetch(clinic, report.scan.patient_id, report.file, Content.REPORT)
    texts = clinic.catalogues.of(report.scan.patient.language)
    try:
        sent = await clinic.bot.send_document(
            chat_id,
            BufferedInputFile(pdf, f"{report.number}.pdf"),
            caption=report_caption(report, texts),
            protect_content=True,
        )
    except (TelegramForbiddenError, TelegramBadRequest):
        await _failed(clinic, key, "chat")
        return
    await _arrived(clinic, key, report, Channel.CHAT, str(sent.message_id), chat_id)


async def send_voice(clinic: Clinic, report_id: int, chat_id: int) -> None:
    """The patient's page read aloud below the report in chat. A comfort: nobody is told where it does not arrive."""
    key = f"voice:{report_id}:{chat_id}"
    report = await _begin(clinic, key, report_id)
    if report is None:
        return
    summary = await _page_to_read(clinic, report, chat_id)
    if summary is None:
        await _end_quietly(clinic, key)
        return
    spoken = await speak(*summary)
    texts = clinic.catalogues.of(report.scan.patient.language)
    try:
        sent = await clinic.bot.send_voice(
            chat_id,
            BufferedInputFile(spoken.data, f"{report.number}.ogg"),
            caption=texts("report.voice", number=report.number),
            duration=spoken.seconds,
            protect_content=True,
        )
    except (TelegramForbiddenError, TelegramBadRequest):  # a person may allow a bot no voice messages
        await _end_quietly(clinic, key)
        return
    async with clinic.sessions.begin() as session:
        await end_delivery(session, key, _now(), str(sent.message_id))
        await chain.delivered(session, report.scan, "voice", _now())


async def mail_report(clinic: Clinic, report_id: int) -> None:
    """By mail, always with the same Message-ID: a second copy is the same mail to the one who gets it."""
    key = delivery_key(report_id, Channel.EMAIL)
    report = await _begin(clinic, key, report_id)
    if report is None:
        return
    if report.scan.patient.closed_at is not None:
        await _end_quietly(clinic, key)
        return
    if report.copy_file is None:  # released before there were copies, and an open one never goes by mail
        await _failed(clinic, key, "content")
        return
    texts, patient = clinic.catalogues.of(report.scan.patient.language), report.scan.patient
    letter = Letter(
        to=patient.email,
        subject=texts.plain("mail.report.subject"),
        text=texts.plain("mail.report.text", name=patient.name),
        message_id=f"<report-{report_id}-{report.sha256[:16]}@{clinic.domain}>",
        attachments=[(f"{report.number}.pdf", await fetch(clinic, patient.id, report.copy_file, Content.COPY))],
        language=texts.language,
    )
    try:
        await post(clinic, letter)
    except Unmailable as refused:
        await _failed(clinic, key, refused.why)
        return
    await _arrived(clinic, key, report, Channel.EMAIL, letter.message_id)


async def send_whatsapp(clinic: Clinic, report_id: int) -> None:
    """To the patient's telephone: words that say nothing, and the locked copy. What a crash hid goes again."""
    key = delivery_key(report_id, Channel.WHATSAPP)
    report = await _begin(clinic, key, report_id)
    if report is None:
        return
    phone = report.scan.patient.phone
    if clinic.whatsapp is None or phone is None or report.copy_file is None:  # ended since the report was owed
        await _end_quietly(clinic, key)
        return
    texts, link = clinic.catalogues.of(report.scan.patient.language), copy_address(clinic, report_id, _now())
    variables = {"1": clinic.letterhead.hospital.name, "2": report.number, "3": link}
    try:
        sid = await clinic.whatsapp.send(Note(phone, texts.plain("whatsapp.report"), variables, link))
    except Unwhatsappable as refused:
        await _failed(clinic, key, refused.why)
        return
    await _arrived(clinic, key, report, Channel.WHATSAPP, sid)


async def give_up(session: AsyncSession, channel: Channel, payload: Mapping[str, Any]) -> None:
    """A job tried for two days: it is over, and told like a refusal."""
    key = delivery_key(payload["report_id"], channel, payload.get("chat_id"))
    await fail_delivery(session, key, "patience", _now())


async def tell_undelivered(clinic: Clinic, key: str, times: int) -> None:
    """Administrators can help; the patient learns that the report is here all the same. Both once for each failure."""
    async with clinic.sessions() as session:
        delivery = await session.get(Delivery, key)
        if delivery is None:  # its reader was forgotten
            return
        report = await session.get_one(Report, delivery.report_id)
        administrators = await queries.chats_of(session, Role.ADMINISTRATOR)
        patient = await queries.patient_chats(session, report.scan)
    about = f"undelivered:{times}:{key}"
    names: dict[str, Any] = {"number": report.number, "scan": report.scan_id}
    names |= {"channel": Word(f"channel.{delivery.channel}"), "reason": Word(f"failure.{delivery.reason}")}
    await tell(clinic, administrators, about, "report.undelivered", **names)
    if delivery.channel is not Channel.CHAT:
        await tell(clinic, patient, about, f"report.unsent.{delivery.channel}", **names)


async def _still_theirs(clinic: Clinic, report: Report, chat_id: int) -> bool:
    """A chat may have been separated from the patient, or given to somebody else, since the report was owed."""
    async with clinic.sessions() as session:
        actor = await registration.actor_for(session, chat_id, _now() - clinic.idle)
        try:
            return actor is not None and bool(await queries.scan_for(session, report.scan_id, actor, Verb.SEE_OWN))
        except (NotFound, NotAllowed):
            return False


async def _page_to_read(clinic: Clinic, report: Report, chat_id: int) -> tuple[str, Language] | None:
    """Nothing where no doctor set a band, or where nobody is signed in any more."""
    try:
        theirs = await _still_theirs(clinic, report, chat_id)
    except ChatAsleep:
        theirs = False
    document = await draft(clinic, report.scan_id)
    if not theirs or document.summary is None:
        return None
    return script(document, document.summary), document.language


async def _begin(clinic: Clinic, key: str, report_id: int) -> Report | None:
    """The report to deliver; None when it has arrived already, or when a newer version has taken its place."""
    async with clinic.sessions.begin() as session:
        if await begin_delivery(session, key, _now()) is Outcome.OVER:
            return None
        report = await session.get_one(Report, report_id)
        newest = await queries.latest_report(session, report.scan)
        if newest is report:
            return report
        await end_delivery(session, key, _now(), state=DeliveryState.CANCELLED)
    return None


async def _arrived(
    clinic: Clinic, key: str, report: Report, channel: Channel, receipt: str, chat_id: int | None = None
) -> None:
    async with clinic.sessions.begin() as session:
        await end_delivery(session, key, _now(), receipt)
        await chain.delivered(session, report.scan, channel, _now())
        if clinic.voice and chat_id is not None:
            enqueue(session, JobKind.SEND_VOICE, _now(), report_id=report.id, chat_id=chat_id)


async def _failed(clinic: Clinic, key: str, why: str) -> None:
    """Refused for good."""
    async with clinic.sessions.begin() as session:
        await fail_delivery(session, key, why, _now())


async def _end_quietly(clinic: Clinic, key: str) -> None:
    """This chat is not the patient's any more, or they have to sign in first: /report has it then."""
    async with clinic.sessions.begin() as session:
        await end_delivery(session, key, _now(), state=DeliveryState.CANCELLED)


def _now() -> datetime:
    return datetime.now(UTC)
