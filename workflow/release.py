"""The administrator's word: a code bound to exactly this scan and this content, then the report."""

from datetime import datetime
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.codes import Code, Purpose
from models.people import Account
from models.scans import Report, Scan
from workflow.actors import SYSTEM, Actor
from workflow.audit import Entry, Outcome, note
from workflow.codes import Verdict, judge, send_code
from workflow.content import fingerprint
from workflow.transitions import RULES, Action, advance, hold


async def ask_code(session: AsyncSession, actor: Actor, scan_id: int, chat_id: int, at: datetime) -> Code:
    """Owe the administrator a code by mail for this scan as it stands now."""
    scan = await advance(session, scan_id, Action.ASK_CODE, actor, at)
    account = await session.get_one(Account, actor.account_id)
    code = Code(
        purpose=Purpose.RELEASE,
        chat_id=chat_id,
        email=account.email,
        account_id=account.id,
        scan_id=scan_id,
        content_sha256=fingerprint(scan),
    )
    return await send_code(session, code, at)


async def release(session: AsyncSession, actor: Actor, scan_id: int, typed: str, key: bytes, at: datetime) -> Verdict:
    """Use the code and owe the report. What was changed since the code was asked for makes it a wrong code."""
    scan = await hold(session, scan_id)
    code = await _waiting_code(session, actor, scan_id)
    if code is not None and (scan.status, Action.RELEASE) in RULES and code.content_sha256 != fingerprint(scan):
        return Verdict.SPENT
    verdict = await judge(session, code, typed, key, at)
    if verdict is not Verdict.RIGHT:
        refused = Entry("release", "scan", scan_id, scan.patient_id, scan.version, Outcome.REFUSED, f"code:{verdict}")
        await note(session, actor, refused, at)
    if verdict is Verdict.RIGHT:
        scan = await advance(session, scan_id, Action.RELEASE, actor, at)
        scan.released_at, scan.released_by = at, actor.account_id
    return verdict


async def record_report(
    session: AsyncSession, scan_id: int, file: str, pdf: bytes, content_sha256: str, at: datetime
) -> Report:
    """The PDF is written: REPORT_READY, and its deliveries are owed."""
    scan = await advance(session, scan_id, Action.RECORD_REPORT, SYSTEM, at)
    report = Report(
        scan_id=scan_id,
        version=1,
        number=report_number(scan),
        file=file,
        sha256=sha256(pdf).hexdigest(),
        content_sha256=content_sha256,
        created_at=at,
    )
    session.add(report)
    return report


def report_number(scan: Scan) -> str:
    """Year and running number of the scan, as printed on paper: R2026-000007."""
    return f"R{scan.created_at:%Y}-{scan.id:06}"


async def _waiting_code(session: AsyncSession, actor: Actor, scan_id: int) -> Code | None:
    mine = select(Code).where(
        Code.purpose == Purpose.RELEASE, Code.account_id == actor.account_id, Code.scan_id == scan_id
    )
    code: Code | None = await session.scalar(mine.order_by(Code.id.desc()).limit(1))
    return code
