"""Methods that receive updates: getUpdates, webhook, answerCallbackQuery."""

import re
from ipaddress import ip_address
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from bot.dev.sandbox.api.calls import Call
from bot.dev.sandbox.api.responses import Json, Unchecked, bad_request, conflict
from bot.dev.sandbox.engine import Engine
from bot.dev.sandbox.webhook import DEFAULT_CONNECTIONS, WebhookSettings

POLL_LIMIT: Final = 100
POLL_TIMEOUT: Final = 50
SECRET_LIMIT: Final = 256
CONNECTIONS_LIMIT: Final = 100
SECRET: Final = re.compile(r"[A-Za-z0-9_-]*")


class ResultWithDescription(NamedTuple):
    """A true result with a description: `{"ok": true, "result": true, "description": …}`."""

    sentence: str


async def get_updates(engine: Engine, call: Call) -> list[Json]:
    _allow(engine, call)
    limit = call.number("limit", POLL_LIMIT)
    if not 1 <= limit <= POLL_LIMIT:
        limit = POLL_LIMIT
    timeout = min(max(call.number("timeout"), 0), POLL_TIMEOUT)
    return await engine.updates.poll(call.number("offset"), limit, timeout)


async def set_webhook(engine: Engine, call: Call) -> ResultWithDescription:
    hook = _hook(call)
    if hook is None:
        return await delete_webhook(engine, call)
    _allow(engine, call)
    _drop_pending(engine, call)
    if hook == engine.webhook.hook:
        return ResultWithDescription("Webhook is already set")
    engine.updates.wake(conflict("terminated by setWebhook request"))
    engine.webhook.set(hook)
    return ResultWithDescription("Webhook was set")


async def delete_webhook(engine: Engine, call: Call) -> ResultWithDescription:
    _drop_pending(engine, call)
    if engine.webhook.hook is None:
        return ResultWithDescription("Webhook is already deleted")
    engine.webhook.set(None)
    return ResultWithDescription("Webhook was deleted")


async def get_webhook_info(engine: Engine, call: Call) -> Json:  # noqa: ARG001 - every method has this form
    return engine.webhook.info()


async def answer_callback_query(engine: Engine, call: Call) -> bool:
    press = engine.callback_queries.answer(call.text("callback_query_id"), call.text("text"), call.flag("show_alert"))
    engine.events.publish("answer", press.chat_id, text=call.text("text") or None, show_alert=call.flag("show_alert"))
    return True


def _allow(engine: Engine, call: Call) -> None:
    """Set allowed_updates: a list replaces the former, an empty list means the default kinds, None changes nothing."""
    kinds: Unchecked = call.parsed("allowed_updates", "allowed updates")
    if isinstance(kinds, list):
        engine.updates.allowed = [str(kind) for kind in kinds] or None


def _drop_pending(engine: Engine, call: Call) -> None:
    if call.flag("drop_pending_updates"):
        engine.updates.pending.clear()


def _hook(call: Call) -> WebhookSettings | None:
    url = call.text("url")
    if not url:
        return None
    secret = call.text("secret_token")
    if len(secret) > SECRET_LIMIT:
        raise bad_request("secret token is too long")
    if not SECRET.fullmatch(secret):
        raise bad_request("secret token contains illegal characters")
    _check_address(url)
    connections = call.number("max_connections", DEFAULT_CONNECTIONS)
    return WebhookSettings(url, secret, min(max(connections, 1), CONNECTIONS_LIMIT), "certificate" in call.files)


def _check_address(url: str) -> None:
    """Accept loopback URLs only, http included; Telegram itself demands https."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        near = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        near = False
    if not near or parts.scheme not in {"http", "https"}:
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook; the sandbox reaches loopback only")
