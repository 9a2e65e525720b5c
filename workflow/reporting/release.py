"""The administrator's word: a code bound to exactly this scan and this content, then the report."""

import secrets
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.codes import Code, Purpose
from models.tables.people import Account
from models.tables.scans import Report, Scan
from workflow.accounts.codes import Verdict, judge, send_code
from workflow.actors import SYSTEM, Actor
from workflow.audit.chain import Entry, Outcome, note
from workflow.reporting.content_hash import fingerprint
from workflow.transitions import RULES, Action, advance, hold

ALPHABET: Final = "23456789abcdefghjkmnpqrstuvwxyz"  # nothing that a tired reader mistakes for another


class Paper(NamedTuple):
    """What was printed: two files of the vault with their hashes, and what opens and finds them."""

    file: str
    sha256: str
    copy_file: str
    copy_sha256: str
    passphrase: str
    token: str
    content_sha256: str


async def ask_code(session: AsyncSession, actor: Actor, scan_id: int, chat_id: int, at: datetime) -> Code:
    """Owe the administrator a code by mail for this scan as it stands now."""
    scan = await advance(session, scan_id, Action.ASK_CODE, actor, at)
    account = await session.get_one(Account, actor.account_id)
    code = Code(
        purpose=Purpose.RELEASE,
        chat_id=chat_id,
        email=account.email,
        language=account.language,
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
        verdict = Verdict.SPENT
    else:
        verdict = await judge(session, code, typed, key, at)
    if verdict is not Verdict.RIGHT:
        refused = Entry("release", "scan", scan_id, scan.patient_id, scan.version, Outcome.REFUSED, f"code:{verdict}")
        await note(session, actor, refused, at)
    if verdict is Verdict.RIGHT:
        scan = await advance(session, scan_id, Action.RELEASE, actor, at)
        scan.released_at, scan.released_by = at, actor.account_id
    return verdict


async def record_report(session: AsyncSession, scan_id: int, paper: Paper, at: datetime) -> Report:
    """The PDF is written: REPORT_READY, and its deliveries are owed."""
    scan = await advance(session, scan_id, Action.RECORD_REPORT, SYSTEM, at)
    report = Report(scan_id=scan_id, version=1, number=report_number(scan), created_at=at, **paper._asdict())
    session.add(report)
    return report


def new_token() -> str:
    """128 random bits that nobody guesses, short enough for a Telegram link."""
    return secrets.token_urlsafe(16)


def new_passphrase() -> str:
    """79 random bits in four groups: a patient types them on a telephone, a machine guesses them in ages."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(4))


def report_number(scan: Scan) -> str:
    """Year and running number of the scan, as printed on paper: R2026-000007."""
    return f"R{scan.created_at:%Y}-{scan.id:06}"


async def _waiting_code(session: AsyncSession, actor: Actor, scan_id: int) -> Code | None:
    mine = select(Code).where(
        Code.purpose == Purpose.RELEASE, Code.account_id == actor.account_id, Code.scan_id == scan_id
    )
    code: Code | None = await session.scalar(mine.order_by(Code.id.desc()).limit(1))
    return code
