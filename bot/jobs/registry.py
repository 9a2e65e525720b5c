"""The handler of each kind of job. A job may run more than once; each handler says whether it is idempotent."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from bot.jobs import (
    amendments,
    analysis,
    cards,
    cleanup,
    codes,
    critical_results,
    data_requests,
    deliver_report,
    desk,
    issue_report,
    notify,
    shadow_model,
    worklist,
)
from bot.jobs.accounts import browsers, credentials, notices, slips
from bot.jobs.scans import clarifications, complaints, walk_ins
from models.tables.jobs import Job
from workflow.jobs import JobKind, enqueue
from workflow.reporting.deliveries import CHANNELS
from workflow.scans.analysis import reset_analysis

JobHandler = Callable[..., Awaitable[None]]  # takes Services, and the stored payload as keyword arguments

JOB_HANDLERS: Final[Mapping[JobKind, JobHandler]] = {
    JobKind.SHOW_CARDS: cards.show_cards,
    JobKind.SHOW_CARD: cards.show_card,
    JobKind.SHOW_MENU: cards.show_menu,
    JobKind.ASK_COMPLAINT: complaints.ask_complaint,
    JobKind.ANALYSE: analysis.analyse,
    JobKind.READ_AHEAD: analysis.read_ahead,
    JobKind.ASK_RETAKE: walk_ins.ask_retake,
    JobKind.MAIL_CODE: codes.mail_code,
    JobKind.MAIL_ACCOUNT_EXISTS: codes.mail_account_exists,
    JobKind.ISSUE_REPORT: issue_report.issue_first_version,
    JobKind.DELIVER: deliver_report.schedule_deliveries,
    JobKind.SEND_REPORT: deliver_report.send_report,
    JobKind.MAIL_REPORT: deliver_report.mail_report,
    JobKind.SEND_VOICE: deliver_report.send_voice,
    JobKind.SEND_WHATSAPP: deliver_report.send_whatsapp,
    JobKind.NOTIFY_UNDELIVERED: deliver_report.notify_undelivered,
    JobKind.NOTIFY_FAILURE: notify.notify_job_failure,
    JobKind.CALL_STAFF: desk.call_staff,
    JobKind.RELAY_MESSAGE: desk.relay_words,
    JobKind.NOTIFY_TICKET: desk.notify_ticket_change,
    JobKind.REPORT_UNANSWERED: desk.report_unanswered,
    JobKind.WITHDRAW_CALL: desk.withdraw_call,
    JobKind.RUN_SHADOW_MODEL: shadow_model.read_with_shadow_model,
    JobKind.CHECK_DRIFT: shadow_model.check_drift,
    JobKind.NOTIFY_AMENDMENT: amendments.notify_amendment,
    JobKind.NOTIFY_DECLINED: amendments.notify_declined,
    JobKind.ISSUE_AMENDMENT: issue_report.issue_amendment,
    JobKind.MARK_SUPERSEDED: amendments.mark_superseded,
    JobKind.SEND_DRAFT: issue_report.send_draft,
    JobKind.NOTIFY_CRITICAL: critical_results.escalate_critical,
    JobKind.NOTIFY_ACKNOWLEDGED: critical_results.notify_acknowledged,
    JobKind.NOTIFY_TAKEN_OVER: worklist.notify_taken_over,
    JobKind.NOTIFY_STAT: worklist.notify_stat,
    JobKind.NOTIFY_CORRECTION: amendments.notify_correction,
    JobKind.NOTIFY_CLARIFICATION: clarifications.notify_clarification,
    JobKind.NOTIFY_CLARIFIED: clarifications.notify_clarified,
    JobKind.REMOVE_MESSAGE: cleanup.remove_message,
    JobKind.NOTIFY_IDENTITY: amendments.notify_identity,
    JobKind.NOTIFY_CHAT_LINK: codes.notify_chat_link,
    JobKind.NOTIFY_BROWSER: browsers.ask_number,
    JobKind.PUSH_NOTICE: notices.push_notice,
    JobKind.PUSH_PATIENT: notices.push_patient,
    JobKind.NOTIFY_AUTHENTICATOR_RESET: codes.notify_authenticator_reset,
    JobKind.NOTIFY_INVITATION: notify.notify_invitation,
    JobKind.NOTIFY_CREDENTIAL: credentials.notify_change,
    JobKind.NOTIFY_DENIED: credentials.notify_denied,
    JobKind.SEND_SLIP: slips.send_slip,
    JobKind.NOTIFY_CLAIMED: slips.notify_claimed,
    JobKind.NOTIFY_FILE_AT_DESK: slips.notify_file_at_desk,
    JobKind.SEND_EXPORT: data_requests.send_export,
    JobKind.DELETE_FILES: data_requests.delete_files,
}


async def on_failure(session: AsyncSession, job: Job, at: datetime) -> None:
    """A job ran out of retries: reset its analysis or fail its delivery, and enqueue a notice to those who can help."""
    scan_id = job.payload.get("scan_id")
    if job.kind == JobKind.ANALYSE:
        await reset_analysis(session, job.payload["scan_id"])
        enqueue(session, JobKind.SHOW_CARDS, at, scan_id=scan_id)
    if job.kind in CHANNELS:
        await deliver_report.expire_delivery(session, CHANNELS[JobKind(job.kind)], job.payload, at)
    elif job.kind != JobKind.NOTIFY_FAILURE:
        enqueue(session, JobKind.NOTIFY_FAILURE, at, kind=job.kind, scan_id=scan_id, job=job.id)
