"""The state of a patient's scan in the database, read beside the bot."""

import asyncio
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.dev.chaos.clinic import Clinic
from models.base import is_transient, read_only
from models.tables.accounts import Account
from models.tables.scans import Prescription, Reading, Scan
from models.vocabulary import ScanStatus

RETRY: Final = 0.3  # seconds after a lost connection


class State(NamedTuple):
    """How far a scan is."""

    scan_id: int
    status: ScanStatus
    is_read: bool  # findings are written, signed or not
    is_prescribed: bool


async def read_state(clinic: Clinic, email: str) -> State | None:
    """The state of the first scan of the patient with this address; None before there is one."""
    while True:
        try:
            async with read_only(clinic.sessions) as session:
                return await _read(session, email)
        except Exception as error:
            if not is_transient(error):
                raise
            await asyncio.sleep(RETRY)


async def _read(session: AsyncSession, email: str) -> State | None:
    account = await session.scalar(select(Account.id).where(Account.email == email))
    found = select(
        Scan.id,
        Scan.status,
        select(Reading.scan_id).where(Reading.scan_id == Scan.id).exists(),
        select(Prescription.scan_id).where(Prescription.scan_id == Scan.id).exists(),
    ).where(Scan.patient_id == account)
    row = (await session.execute(found.order_by(Scan.id).limit(1))).one_or_none()
    return State(*row) if row else None
