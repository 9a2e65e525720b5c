"""An own one-time code that proves a chat for some minutes, for operations that ask for a recent one."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.accounts import Account
from models.tables.codes import Code, Purpose
from workflow.accounts.codes import Verdict, latest_code, send_code, verify_code
from workflow.actors import Actor
from workflow.audit.chain import AuditEvent, Outcome, record
from workflow.errors import ProofMissing
from workflow.permissions import PROOF_PERIOD, Permission, authorize


def require_recent(actor: Actor, at: datetime) -> None:
    """Raise ProofMissing unless a code was right within `PROOF_PERIOD`. A signature asks for it in a browser, which is
    left open more easily than the own chat."""
    if actor.proved_at is None or actor.proved_at <= at - PROOF_PERIOD:
        raise ProofMissing


async def request_code(session: AsyncSession, actor: Actor, chat_id: int, at: datetime) -> Code:
    """Send a code that proves this chat. Raises like `authorize` and `send_code`."""
    authorize(actor, Permission.PROVE)
    own = await session.get_one(Account, actor.account_id)
    code = Code(purpose=Purpose.PROVE, chat_id=chat_id, email=own.email, language=own.language, account_id=own.id)
    return await send_code(session, code, at)


async def verify(session: AsyncSession, actor: Actor, chat_id: int, typed: str, key: bytes, at: datetime) -> Verdict:
    """Verify the code; the chat is proved when it is right."""
    own = (Code.account_id == actor.account_id, Code.chat_id == chat_id)
    verdict = await verify_code(session, await latest_code(session, Purpose.PROVE, *own), typed, key, at)
    outcome = Outcome.OK if verdict is Verdict.RIGHT else Outcome.REFUSED
    await record(session, actor, AuditEvent(Permission.PROVE, "account", actor.account_id, outcome=outcome), at)
    return verdict
