"""The worklist: claims (warnings, their end, the notice of one that was taken over) and the notice of a STAT scan."""

from functools import partial

from bot.jobs.notify import notify
from bot.services import Services
from handlers.ui.callbacks import CardAction
from handlers.ui.keyboards import action_keyboard
from models.base import read_only
from models.tables.accounts import Account
from models.tables.scans import Scan
from workflow.accounts.browsers import notices
from workflow.scans import claims, queries
from workflow.transitions import WAITS_FOR


async def notify_taken_over(services: Services, scan_id: int, account_id: int, by: int, since: str) -> None:
    """Tell the first holder who works on the scan now. Idempotent."""
    async with services.sessions() as session:
        chats = await queries.chats_of_account(session, account_id)
        name = (await session.get_one(Account, by)).name
    await notify(services, chats, f"taken-over:{scan_id}:{since}", "claim.taken_over", scan=scan_id, name=name)


async def end_claims(services: Services) -> None:
    """Warn the holders of claims that end soon, once for each end, and end those whose time is over. Idempotent."""
    async with read_only(services.sessions) as session:
        soon = await claims.ending(session, services.now())
        over = await claims.unused(session, services.now())
        chats = {one: await queries.chats_of_account(session, one.account_id) for one in soon}
    for one in soon:
        key = f"claim-ends:{one.scan_id}:{one.account_id}:{one.until:%Y%m%d%H%M%S}"
        open_it = partial(action_keyboard, scan_id=one.scan_id, actions=[CardAction.OPEN])
        minutes = max(1, round((one.until - services.now()).total_seconds() / 60))
        await notify(services, chats[one], key, "claim.ends", None, open_it, scan=one.scan_id, minutes=minutes)
    if over:
        async with services.sessions.begin() as session:
            await claims.end_unused(session, over, services.now())


async def notify_stat(services: Services, scan_id: int, account_id: int) -> None:
    """Tell those on duty, once for each scan and role, except the one who asked for it. Idempotent.

    Sends nothing when the scan is no longer STAT or waits for nobody any more. The notice names no patient."""
    async with services.sessions.begin() as session:
        scan = await session.get_one(Scan, scan_id)
        role = WAITS_FOR.get(scan.status)
        if role is None or scan.stat_at is None or scan.released_at is not None:
            return
        own = set(await queries.chats_of_account(session, account_id))
        chats = [chat for chat in await queries.chats_acting_as(session, role) if chat not in own]
        await notices.enqueue_new_work(session, scan, role, scan.stat_at, services.now(), asked_by=account_id)
    opens = partial(action_keyboard, scan_id=scan_id, actions=[CardAction.OPEN])
    await notify(services, chats, f"stat:{scan_id}:{role}", "stat.notice", None, opens, scan=scan_id)
