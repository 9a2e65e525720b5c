"""Threat: a sender other than Telegram calls the webhook."""

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from bot.app import Engines
from bot.settings import Settings
from bot.telegram.webhook import WEBHOOK_PATH, Webhook
from models.tables.chats import HandledUpdate
from tests.support.people import Clinic
from tests.support.web import SECRET, running
from tests.support.wire import text_update

HEADER = "X-Telegram-Bot-Api-Secret-Token"
WRONG = [{}, {HEADER: ""}, {HEADER: "guessed"}, {HEADER: SECRET.upper()}, {HEADER: SECRET[:-1]}, {HEADER: SECRET + "x"}]


async def test_without_telegrams_secret_nothing_runs(engines: Engines, tmp_path: Path) -> None:
    """No header, an empty one, a near miss: 401, no call goes out, no update counts as handled; then the right one."""
    hook = {"webhook_url": "http://127.0.0.1:1", "webhook_secret": SecretStr(SECRET)}
    async with running(engines, tmp_path, **hook) as clinic:
        amina = await clinic.telegram.person("Amina")
        await amina.starts()
        update = text_update("/help", amina.chat_id, amina.chat_id).model_dump(
            mode="json", exclude_none=True, by_alias=True
        )
        before = len(await clinic.telegram.calls())
        for headers in WRONG:
            refused = await clinic.http.post(clinic.address + WEBHOOK_PATH, json=update, headers=headers)
            assert refused.status == 401, headers
        assert len(await clinic.telegram.calls()) == before
        async with clinic.app.services.sessions() as session:
            assert await session.get(HandledUpdate, update["update_id"]) is None
        right = await clinic.http.post(clinic.address + WEBHOOK_PATH, json=update, headers={HEADER: SECRET})
        assert right.status == 200
        await amina.sees("This bot takes")


def test_there_is_no_start_with_a_webhook_and_without_a_secret() -> None:
    with pytest.raises(ValidationError, match="CSSS_WEBHOOK_SECRET"):
        Settings(_env_file=None, bot_token=SecretStr("42:token"), webhook_url="https://scans.example.org")


async def test_a_webhook_without_a_secret_is_not_built(clinic: Clinic) -> None:
    """aiogram accepts every request where the secret is empty; this webhook does not."""
    with pytest.raises(ValueError, match="anybody"):
        Webhook(clinic.app.dispatcher, clinic.app.services.bot, "", asyncio.Event())
