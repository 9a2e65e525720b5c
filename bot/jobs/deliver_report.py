"""Delivery of a released report to the patient by chat, voice, mail and WhatsApp: one job per channel."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from aiogram.types import BufferedInputFile
from sqlalchemy.ext.asyncio import AsyncSession

from bot.channels.copy_links import copy_url
from bot.channels.delivering import TELEGRAM_REFUSALS
from bot.channels.email import Email, Refusal, UndeliverableMail
from bot.channels.voice import script, synthesize
from bot.channels.whatsapp import WhatsAppMessage
from bot.jobs.issue_report import build_draft
from bot.jobs.notify import Translated, notify, send_email
from bot.jobs.scans.walk_ins import notify_ready
from bot.patient_files import read_file
from bot.services import Services
from handlers.views.reports import report_caption
from models.base import read_only
from models.crypto.vault import Content
from models.tables.deliveries import Channel, Delivery
from models.tables.scans import Report, Scan
from models.vocabulary import Language, Role
from workflow.accounts import sessions
from workflow.accounts.browsers import notices
from workflow.actors import Actor
from workflow.audit import chain
from workflow.errors import NotAllowed, NotFound, SessionLocked
from workflow.jobs import JobKind, enqueue
from workflow.permissions import Permission
from workflow.reporting.deliveries import create_delivery, delivery_key, fail_delivery
from workflow.scans import queries


async def schedule_deliveries(services: Services, scan_id: int) -> None:
    """Enqueue a delivery to each chat of the patient, to their mailbox and to WhatsApp if they chose it; tell the desk
    of a walk-in's report. Idempotent.

    The report must have been issued."""
    now = services.now()
    async with services.sessions.begin() as session:
        scan = await session.get_one(Scan, scan_id)
        report = await queries.latest_report(session, scan)
        assert report is not None
        for chat_id in await queries.patient_chats(session, scan):
            await create_delivery(session, report, Channel.CHAT, now, chat_id)
        if scan.patient.email is not None:
            await create_delivery(session, report, Channel.EMAIL, now)
        if services.whatsapp is not None and scan.patient.phone and scan.patient.whatsapp:
            await create_delivery(session, report, Channel.WHATSAPP, now)
        await notices.enqueue_for_patient(session, scan.patient_id, report.created_at, now)
    await notify_ready(services, scan, report)


async def send_report(services: Services, report_id: int, chat_id: int) -> None:
    """Send the report in chat. Idempotent, except that it is sent again where a crash hid the outcome."""
    key = delivery_key(report_id, Channel.CHAT, chat_id)
    send = partial(_send_document, services, key, report_id, chat_id)
    recorded = partial(_record_delivery, services, report_id, Channel.CHAT, chat_id)
    await services.deliveries.deliver(key, send, on_sent=recorded)


async def send_voice(services: Services, report_id: int, chat_id: int) -> None:
    """Send the patient's page as speech, after the report itself. Idempotent like `send_report`.

    A failure to deliver is reported to nobody."""
    send = partial(_send_voice, services, report_id, chat_id)
    recorded = partial(_record_delivery, services, report_id, "voice", None)
    await services.deliveries.deliver(f"voice:{report_id}:{chat_id}", send, on_sent=recorded)


async def mail_report(services: Services, report_id: int) -> None:
    """Send the encrypted copy by mail. Idempotent like `send_report`; a second copy has the same Message-ID."""
    recorded = partial(_record_delivery, services, report_id, Channel.EMAIL, None)
    key = delivery_key(report_id, Channel.EMAIL, None)
    await services.deliveries.deliver(key, partial(_mail, services, report_id), on_sent=recorded)


async def send_whatsapp(services: Services, report_id: int) -> None:
    """Send a text without health data and the link to the encrypted copy. Idempotent like `send_report`."""
    recorded = partial(_record_delivery, services, report_id, Channel.WHATSAPP, None)
    key = delivery_key(report_id, Channel.WHATSAPP, None)
    await services.deliveries.deliver(key, partial(_send_whatsapp, services, report_id), on_sent=recorded)


async def notify_undelivered(services: Services, key: str, times: int) -> None:
    """Notify administrators, and the patient unless their chat is the channel, once per failure. Idempotent."""
    async with services.sessions() as session:
        delivery = await session.get(Delivery, key)
        if delivery is None:  # the patient was erased
            return
        report = await session.get_one(Report, delivery.report_id)
        administrators = await queries.chats_of_role(session, Role.ADMINISTRATOR)
        patient = await queries.patient_chats(session, report.scan)
    notice = f"undelivered:{times}:{key}"
    values: dict[str, Any] = {"number": report.number, "scan": report.scan_id}
    values |= {"channel": Translated(f"channel.{delivery.channel}"), "reason": Translated(f"failure.{delivery.reason}")}
    await notify(services, administrators, notice, "report.undelivered", **values)
    if delivery.channel is not Channel.CHAT:
        await notify(services, patient, notice, f"report.unsent.{delivery.channel}", **values)


async def expire_delivery(session: AsyncSession, channel: Channel, payload: Mapping[str, Any], at: datetime) -> None:
    """Record a delivery whose job ran out of retries as failed."""
    key = delivery_key(payload["report_id"], channel, payload.get("chat_id"))
    await fail_delivery(session, key, "patience", at)


async def _send_document(services: Services, key: str, report_id: int, chat_id: int) -> str | None:
    """Send to the chat. None if the chat no longer belongs to the patient, or is locked: /report shows it then."""
    report = await _current_report(services, report_id)
    if report is None:
        return None
    try:
        reader = await _reader(services, report, chat_id)
        if reader is None:
            return None
    except SessionLocked:
        await notify(services, [chat_id], f"asleep:{key}", "asleep.report", number=report.number)
        return None
    pdf = await read_file(services, report.scan.patient_id, report.file, Content.REPORT)
    caption = report_caption(report, services.catalogues.of(reader.language), reader.account_id)
    file = BufferedInputFile(pdf, f"{report.number}.pdf")
    sent = await services.bot.send_document(chat_id, file, caption=caption, protect_content=True)
    return str(sent.message_id)


async def _send_voice(services: Services, report_id: int, chat_id: int) -> str | None:
    report = await _current_report(services, report_id)
    if report is None:
        return None
    summary = await _audio_summary(services, report, chat_id)
    if summary is None:
        return None
    voice = await synthesize(*summary)
    texts = services.catalogues.of(report.scan.patient.language)
    file, caption = BufferedInputFile(voice.data, f"{report.number}.ogg"), texts("report.voice", number=report.number)
    try:
        sent = await services.bot.send_voice(
            chat_id, file, caption=caption, duration=voice.seconds, protect_content=True
        )
    except TELEGRAM_REFUSALS:  # people may refuse voice messages
        return None
    return str(sent.message_id)


async def _mail(services: Services, report_id: int) -> str | None:
    report = await _current_report(services, report_id)
    if report is None or not (address := report.scan.patient.email) or report.scan.patient.closed_at is not None:
        return None
    if report.copy_file is None:  # issued before there were encrypted copies; the open PDF is never mailed
        raise UndeliverableMail(Refusal.CONTENT)
    texts, patient = services.catalogues.of(report.scan.patient.language), report.scan.patient
    doctor = report.scan.reading.doctor.name if report.scan.reading else ""
    contact = services.issuer.hospital.contact or ""
    email = Email(
        to=address,
        subject=texts.plain("mail.report.subject"),
        text=texts.plain("mail.report.text", name=patient.name, doctor=doctor, contact=contact).rstrip(),
        message_id=f"<report-{report_id}-{report.sha256[:16]}@{services.mail_domain}>",
        attachments=[(f"{report.number}.pdf", await read_file(services, patient.id, report.copy_file, Content.COPY))],
        language=texts.language,
    )
    await send_email(services, email)
    return email.message_id


async def _send_whatsapp(services: Services, report_id: int) -> str | None:
    """Send through Twilio. None if WhatsApp was switched off since the delivery was enqueued."""
    report = await _current_report(services, report_id)
    if services.whatsapp is None or report is None or report.scan.patient.phone is None or report.copy_file is None:
        return None
    texts = services.catalogues.of(report.scan.patient.language)
    link = copy_url(services.base_url, services.secret_key, report_id, services.now())
    variables = {"1": services.issuer.hospital.name, "2": report.number, "3": link}
    message = WhatsAppMessage(report.scan.patient.phone, texts.plain("whatsapp.report"), variables, link)
    return await services.whatsapp.send(message)


async def _current_report(services: Services, report_id: int) -> Report | None:
    """The report; None when a newer version has superseded it."""
    async with read_only(services.sessions) as session:
        report = await session.get_one(Report, report_id)
        return report if await queries.latest_report(session, report.scan) is report else None


async def _reader(services: Services, report: Report, chat_id: int) -> Actor | None:
    """The patient of this chat, or who acts for them; None when it is neither any longer. Raises SessionLocked."""
    async with services.sessions() as session:
        actor = await sessions.actor_for(session, chat_id, services.now() - services.idle_limit)
        try:
            found = actor and await queries.scan_for(session, report.scan_id, actor, Permission.SEE_OWN)
        except (NotFound, NotAllowed):
            return None
        return actor if found else None


async def _audio_summary(services: Services, report: Report, chat_id: int) -> tuple[str, Language] | None:
    """Text and language to be spoken; None without a band, or if the chat is locked or no longer the patient's."""
    try:
        belongs = await _reader(services, report, chat_id) is not None
    except SessionLocked:
        belongs = False
    document = await build_draft(services, report.scan_id)
    if not belongs or document.summary is None:
        return None
    return script(document, document.summary), document.language


async def _record_delivery(
    services: Services, report_id: int, channel: str, chat_id: int | None, session: AsyncSession
) -> None:
    """Record the delivery in the audit chain; after the report in chat, enqueue its voice message."""
    report = await session.get_one(Report, report_id)
    await chain.record_delivery(session, report.scan, channel, services.now())
    if services.voice and chat_id is not None:
        enqueue(session, JobKind.SEND_VOICE, services.now(), report_id=report_id, chat_id=chat_id)
