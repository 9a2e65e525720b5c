"""Checks of the services around the bot: Telegram, the clock, the mail server. Nothing is sent."""

import ssl
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import Any, Final, NamedTuple

import aiohttp
import aiosmtplib

from bot.channels.email import Refusal, refusal
from bot.self_check.outcome import Context, Outcome, green, red, yellow
from bot.settings import Settings
from bot.telegram.webhook import WEBHOOK_PATH

MANY_PENDING: Final = 100
RECENT: Final = timedelta(hours=1)
CLOCK_RED: Final = 30.0  # seconds: the life of an authenticator's code
CLOCK_YELLOW: Final = 5.0
TIMEOUT: Final = 10.0
REFUSED_MAIL: Final = {
    Refusal.LOGIN: ("the mail server refuses the login", "Put CSSS_SMTP_USER and CSSS_SMTP_PASSWORD right."),
    Refusal.ENCRYPTION: (
        "the mail server offers no trusted STARTTLS",
        "Ask for the server's name as in its certificate and the port for STARTTLS, mostly 587.",
    ),
}


class Reply(NamedTuple):
    """Telegram's answer: HTTP status, `result`, and how far its clock is ahead of this one in seconds."""

    status: int
    result: Any
    ahead: float


async def ask_telegram(context: Context, method: str) -> Reply:
    """Raises aiohttp.ClientError, TimeoutError or ValueError where no Bot API answers."""
    settings = context.settings
    url = f"{settings.bot_api.rstrip('/')}/bot{settings.bot_token.get_secret_value()}/{method}"
    began = datetime.now(UTC)
    async with context.http.post(url, timeout=aiohttp.ClientTimeout(total=TIMEOUT)) as answer:
        between = began + (datetime.now(UTC) - began) / 2
        date = parsedate_to_datetime(answer.headers["Date"])
        body = await answer.json()
    return Reply(answer.status, body.get("result"), (date + timedelta(seconds=0.5) - between).total_seconds())


async def telegram(context: Context) -> Outcome:
    """Telegram knows the token, and its webhook is as the settings say."""
    try:
        me = await ask_telegram(context, "getMe")
        if me.status in {401, 404}:
            return red("Telegram does not know this CSSS_BOT_TOKEN", "Copy it again from @BotFather.")
        webhook = await ask_telegram(context, "getWebhookInfo")
        return _webhook(context, me.result["username"], webhook.result)
    except (aiohttp.ClientError, OSError, ValueError, KeyError, TypeError) as error:
        return red(
            f"{context.settings.bot_api} does not answer as Telegram does ({type(error).__name__})",
            "Look at the network and the firewall, or put CSSS_BOT_API right.",
        )


def _webhook(context: Context, name: str, info: dict[str, Any]) -> Outcome:
    wanted = context.settings.webhook_url
    url = f"{wanted.rstrip('/')}{WEBHOOK_PATH}" if wanted else ""
    failed_at = datetime.fromtimestamp(info.get("last_error_date", 0), UTC)
    if info["url"] != url:
        return yellow(
            f"@{name}: Telegram delivers to {info['url'] or 'whoever polls'}, not to {url or 'a bot that polls'}",
            "The next start of `csss run` puts it right; if it comes back, another installation uses this token.",
        )
    if url and context.now - failed_at < RECENT:
        return yellow(
            f"@{name}: Telegram could not deliver at {failed_at:%H:%M} UTC",
            "Look whether the proxy passes CSSS_WEBHOOK_URL to the bot and its certificate is valid.",
        )
    if info["pending_update_count"] > MANY_PENDING:
        return yellow(f"@{name}: {info['pending_update_count']} messages wait", "Look whether the bot runs.")
    return green(f"@{name}, {'webhook' if url else 'polling'}")


async def clock(context: Context) -> Outcome:
    """This machine's clock agrees with Telegram's."""
    try:
        began = monotonic()
        ahead = (await ask_telegram(context, "getMe")).ahead
    except (aiohttp.ClientError, OSError, ValueError, KeyError):
        return yellow("not compared: Telegram does not answer", "Mend `telegram` first.")
    off = max(0.0, abs(ahead) - (monotonic() - began) / 2 - 0.5)  # a Date header has whole seconds
    state = f"{off:.0f} s {'behind' if ahead > 0 else 'ahead of'} Telegram's" if off >= 1 else "agrees with Telegram's"
    if off > CLOCK_RED:
        return red(state, "Set the clock and keep it right: `timedatectl set-ntp true`; codes expire wrongly.")
    if off > CLOCK_YELLOW:
        return yellow(state, "Keep the clock right: `timedatectl set-ntp true`.")
    return green(state)


async def mail(context: Context) -> Outcome:
    """The mail server answers, encrypts and knows the login."""
    settings = context.settings
    where = f"{settings.smtp_host}:{settings.smtp_port}"
    try:
        async with _client(settings):
            pass
    except (aiosmtplib.SMTPException, OSError) as error:
        reason = refusal(error)
        if reason is None:
            return _unreachable(where, settings)
        return red(*REFUSED_MAIL.get(reason, (f"{where} refuses to talk", "Ask the mail server's administrator.")))
    if str(settings.mail_from).endswith("@example.org") and "mail_from" not in settings.model_fields_set:
        return yellow(f"{where} answers, and mails come from {settings.mail_from}", "Set CSSS_MAIL_FROM.")
    return green(f"{where}{', STARTTLS' if settings.smtp_starttls else ''}{', login' if settings.smtp_user else ''}")


def _client(settings: Settings) -> aiosmtplib.SMTP:
    return aiosmtplib.SMTP(
        hostname=settings.smtp_host,
        port=settings.smtp_port,
        username=settings.smtp_user,
        password=settings.smtp_password.get_secret_value() if settings.smtp_password else None,
        use_tls=False,
        start_tls=settings.smtp_starttls,
        tls_context=ssl.create_default_context() if settings.smtp_starttls else None,
        timeout=TIMEOUT,
    )


def _unreachable(where: str, settings: Settings) -> Outcome:
    state = f"the mail server {where} does not answer"
    if "smtp_host" not in settings.model_fields_set:
        return yellow(state, "Set CSSS_SMTP_HOST; until then reports go to the chats only and codes need an app.")
    return red(state, "Look at CSSS_SMTP_HOST, CSSS_SMTP_PORT and the firewall; mails wait meanwhile.")
