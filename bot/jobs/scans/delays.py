"""Scans that take longer than promised: told to those on duty and to the patient, then to the administrators."""

from collections.abc import Sequence
from functools import partial

from bot.jobs.notify import About, notify
from bot.services import Services
from handlers.ui.callbacks import CardAction
from handlers.ui.keyboards import action_keyboard
from models.base import read_only
from models.tables.scans import Scan
from models.vocabulary import Role
from workflow.desk import promise
from workflow.desk.promise import Delay, NoticeLevel
from workflow.scans import queries
from workflow.transitions import WAITS_FOR


async def notify_delays(services: Services) -> None:
    """Tell each delay once to those on duty and to the patient, and once more to the administrators. Idempotent.

    The notices name no patient and no finding. After a kill the notices that were sent are not repeated."""
    async with read_only(services.sessions) as session:
        found = await promise.delays(session, services.promise, services.now())
    for delay in found:
        await _notify(services, delay)
        async with services.sessions.begin() as session:
            await promise.record_notified(session, delay)


async def _notify(services: Services, delay: Delay) -> None:
    role, scan = WAITS_FOR[delay.status], delay.scan_id
    async with read_only(services.sessions) as session:
        on_duty = await queries.chats_acting_as(session, role)
        late = await session.get_one(Scan, scan)
        patients = await queries.patient_chats(session, late)
        administrators = await queries.chats_of_role(session, Role.ADMINISTRATOR)
    hours = max(1, int(delay.waited.total_seconds() // 3600))
    if delay.notified is None:
        await _send(services, on_duty, f"late:{scan}:duty", "late.on_duty", scan, hours)
        await notify(services, patients, f"late:{scan}:patient", About("late.patient", late.patient), scan=scan)
    if delay.level is NoticeLevel.ADMINISTRATORS:
        await _send(services, administrators, f"late:{scan}:administrator", "late.administrator", scan, hours)


async def _send(services: Services, chats: Sequence[int], key: str, sentence: str, scan: int, hours: int) -> None:
    opens = partial(action_keyboard, scan_id=scan, actions=[CardAction.OPEN])
    await notify(services, chats, key, sentence, None, opens, scan=scan, hours=hours)
