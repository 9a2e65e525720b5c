"""Claims: warnings before they end, their end, and the notice of a claim that was taken over."""

from functools import partial

from bot.jobs.notify import notify
from bot.services import Services
from handlers.ui.callbacks import CardAction
from handlers.ui.keyboards import action_keyboard
from models.base import read_only
from models.tables.accounts import Account
from workflow.scans import claims, queries


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
