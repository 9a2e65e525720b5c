"""Release of a report by the administrator, with a code bound to scan and content."""

import secrets
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.accounts import Account
from models.tables.codes import Code, Purpose
from models.tables.scans import Report, Scan
from workflow.accounts import roles
from workflow.accounts.codes import Verdict, latest_code, send_code, verify_code
from workflow.actors import SYSTEM, Actor
from workflow.audit.chain import AuditEvent, Outcome, record
from workflow.reporting.content_hash import report_hash
from workflow.transitions import RULES, Action, advance, lock_scan

PASSPHRASE_GROUPS: Final = 5  # of four digits


class IssuedFiles(NamedTuple):
    """Vault ids and SHA-256 of the signed PDF and its encrypted copy, the copy's passphrase, the verification token."""

    file: str
    sha256: str
    copy_file: str
    copy_sha256: str
    passphrase: str
    token: str
    content_sha256: str


async def request_code(session: AsyncSession, actor: Actor, scan_id: int, chat_id: int, at: datetime) -> Code:
    """Send the administrator a code bound to the scan's current content. Raises NewAdministrator, or like `advance`."""
    await roles.require_established(session, actor, at)
    scan = await advance(session, scan_id, Action.ASK_CODE, actor, at)
    account = await session.get_one(Account, actor.account_id)
    code = Code(
        purpose=Purpose.RELEASE,
        chat_id=chat_id,
        email=account.email,
        language=account.language,
        account_id=account.id,
        scan_id=scan_id,
        content_sha256=report_hash(scan),
    )
    return await send_code(session, code, at)


async def release(session: AsyncSession, actor: Actor, scan_id: int, typed: str, key: bytes, at: datetime) -> Verdict:
    """Verify the code; when it is right, release the scan and enqueue the report.

    A code for another content is spent. Raises NewAdministrator, or like `advance`."""
    await roles.require_established(session, actor, at)
    scan = await lock_scan(session, scan_id)
    code = await latest_code(session, Purpose.RELEASE, Code.account_id == actor.account_id, Code.scan_id == scan_id)
    if code is not None and (scan.status, Action.RELEASE) in RULES and code.content_sha256 != report_hash(scan):
        verdict = Verdict.SPENT
    else:
        verdict = await verify_code(session, code, typed, key, at)
    if verdict is not Verdict.RIGHT:
        refused = AuditEvent(
            "release", "scan", scan_id, scan.patient_id, scan.version, Outcome.REFUSED, f"code:{verdict}"
        )
        await record(session, actor, refused, at)
    if verdict is Verdict.RIGHT:
        scan = await advance(session, scan_id, Action.RELEASE, actor, at)
        scan.released_at, scan.released_by = at, actor.account_id
    return verdict


async def record_report(session: AsyncSession, scan_id: int, files: IssuedFiles, at: datetime) -> Report:
    """Store the issued PDF: the scan becomes REPORT_READY and its delivery is enqueued. Raises StaleAction."""
    scan = await advance(session, scan_id, Action.RECORD_REPORT, SYSTEM, at)
    report = Report(scan_id=scan_id, version=1, number=report_number(scan), created_at=at, **files._asdict())
    session.add(report)
    return report


def new_token() -> str:
    """A random verification token of 128 bits, short enough for a Telegram deep link."""
    return secrets.token_urlsafe(16)


def new_passphrase() -> str:
    """A random passphrase of 66 bits: digits in groups, which any telephone's keys type, with or without the spaces."""
    return " ".join(f"{secrets.randbelow(10_000):04}" for _ in range(PASSPHRASE_GROUPS))


def patient_number(account_id: int) -> str:
    """The patient's number as printed: P000007."""
    return f"P{account_id:06}"


def report_number(scan: Scan) -> str:
    """Year and scan number, as printed: R2026-000007."""
    return f"R{scan.created_at:%Y}-{scan.id:06}"
