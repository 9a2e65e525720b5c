"""Notices in the browsers of staff and patients who have asked for them, by Web Push."""

import logging
from datetime import datetime

from bot.channels.push import Notice, PushRefused, SubscriptionGone
from bot.services import Services
from workflow.accounts.browsers import notices
from workflow.accounts.browsers.notices import LIFETIME, PATIENTS_LIFETIME, DueNotice

logger = logging.getLogger(__name__)


async def push_notice(services: Services, number: int, since: str, scan_id: int | None = None) -> None:
    """Push to the browser with this session that work waits since then, or, without a scan, a test.

    The text names no scan and nobody. A further notice within a minute waits until the minute is over, and one of them
    stands for all. Idempotent, except that it is sent again where a crash hid the outcome: it then takes the place of
    the first one (its topic), and a retry after an hour sends nothing."""
    now, began = services.now(), datetime.fromisoformat(since)
    async with services.sessions.begin() as session:
        due = await notices.due(session, number, began, scan_id, now, now - services.idle_limit)
        if due is not None and due.wait_until > now:
            notices.enqueue_notice(session, number, began, due.wait_until, scan_id)
            return
    if due is not None:
        await _send(services, number, due, now, is_test=scan_id is None)


async def push_patient(services: Services, number: int, since: str) -> None:
    """Push to a patient's browser that something waits: a report, a better picture that is asked for, words of the
    staff. Which, the page and the chat say. Idempotent like `push_notice`, for a day."""
    now, began = services.now(), datetime.fromisoformat(since)
    async with services.sessions.begin() as session:
        due = await notices.due_for_patient(session, number, began, now)
        if due is not None and due.wait_until > now:
            notices.enqueue_patients_notice(session, number, began, due.wait_until)
            return
    if due is not None:
        await _send(services, number, due, now, is_test=False)


async def _send(services: Services, number: int, due: DueNotice, at: datetime, *, is_test: bool) -> None:
    """Send it and note when it was begun: what comes meanwhile is not covered by it.

    A subscription that the browser has ended is deleted."""
    if services.push is None:
        return
    try:
        await services.push.send(due.target, _notice(services, due, is_test=is_test))
    except SubscriptionGone:
        async with services.sessions.begin() as session:
            await notices.drop(session, number, due.target)
        return
    except PushRefused as refused:
        logger.warning("a push service refused a notice", extra={"status": str(refused)})
        return
    async with services.sessions.begin() as session:
        await notices.mark_sent(session, number, at)


def _notice(services: Services, due: DueNotice, *, is_test: bool) -> Notice:
    texts = services.catalogues.of(due.language)
    kind = "test" if is_test else "urgent" if due.urgent else "waits"
    title, body = (texts.hospital, f"notice.patient_{kind}") if due.is_patients else ("", f"notice.desk_{kind}")
    text = {"title": title or texts.plain("web.desk"), "body": texts.plain(body), "lang": due.language}
    lifetime = PATIENTS_LIFETIME if due.is_patients else LIFETIME
    return Notice(text, topic=kind, urgent=due.urgent, lifetime=lifetime)
