"""Telegram fails while the bot fetches a picture that came through the webhook."""

from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select

from bot.app import Engines
from bot.dev.demo import add_cast
from bot.dev.sandbox import Person
from bot.telegram.polling import MAX_ATTEMPTS
from bot.telegram.webhook import WEBHOOK_PATH
from models.tables.scans import Scan
from tests.support.web import SECRET, Running, running

pytestmark = pytest.mark.slow  # real back-off


async def _amina_sends(clinic: Running, picture: bytes, failures: int) -> Person:
    people = await add_cast(clinic.app.services.sessions, clinic.sandbox)
    await clinic.app.services.bot.set_webhook(clinic.address + WEBHOOK_PATH, secret_token=SECRET)
    await clinic.telegram.fault("500", "getFile", times=failures)
    amina = await clinic.telegram.person(people[0]["name"])
    await amina.sends_photo(picture)
    return amina


@pytest.fixture
def hook() -> dict[str, object]:
    return {"webhook_url": "http://127.0.0.1:1", "webhook_secret": SecretStr(SECRET)}


async def test_a_picture_is_not_lost_when_telegram_fails_while_it_is_fetched(
    engines: Engines, tmp_path: Path, picture: bytes, hook: dict[str, object]
) -> None:
    """As with polling: retried until stored, and the patient notices nothing."""
    async with running(engines, tmp_path, **hook) as clinic:
        amina = await _amina_sends(clinic, picture, failures=3)
        await amina.sees("What troubles you", timeout=15)
        await amina.does_not_see("went wrong", within=0.2)
        async with clinic.app.services.sessions() as session:
            assert await session.scalar(select(func.count()).select_from(Scan)) == 1


async def test_in_the_end_the_person_hears_that_it_failed(
    engines: Engines, tmp_path: Path, picture: bytes, hook: dict[str, object]
) -> None:
    """Telegram gets 200 for the update, or it would redeliver it for a day."""
    async with running(engines, tmp_path, **hook) as clinic:
        amina = await _amina_sends(clinic, picture, failures=MAX_ATTEMPTS)
        await amina.sees("went wrong", timeout=20)
        assert (await clinic.app.services.bot.get_webhook_info()).pending_update_count == 0
