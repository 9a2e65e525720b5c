"""Telegram fails while the bot fetches a picture that came through the webhook."""

from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select

from bot.app import Engines
from bot.dev.demo import move_in
from bot.dev.sandbox import Person
from bot.telegram.polling import TRIES
from bot.telegram.webhook import WEBHOOK
from models.tables.scans import Scan
from tests.bot.test_web import SECRET, Running, running


async def _amina_sends(house: Running, picture: bytes, failures: int) -> Person:
    people = await move_in(house.app.clinic.sessions, house.sandbox)
    await house.app.clinic.bot.set_webhook(house.address + WEBHOOK, secret_token=SECRET)
    await house.clinic.fault("500", "getFile", times=failures)
    amina = await house.clinic.person(people[0]["name"])
    await amina.sends_photo(picture)
    return amina


@pytest.fixture
def hook() -> dict[str, object]:
    return {"webhook_url": "http://127.0.0.1:1", "webhook_secret": SecretStr(SECRET)}


async def test_a_picture_is_not_lost_when_telegram_fails_while_it_is_fetched(
    engines: Engines, tmp_path: Path, picture: bytes, hook: dict[str, object]
) -> None:
    """As with polling: begun again until it is in, and the patient hears of no trouble."""
    async with running(engines, tmp_path, **hook) as house:
        amina = await _amina_sends(house, picture, failures=3)
        await amina.sees("What troubles you", timeout=15)
        await amina.does_not_see("went wrong", within=0.2)
        async with house.app.clinic.sessions() as session:
            assert await session.scalar(select(func.count()).select_from(Scan)) == 1


async def test_in_the_end_the_person_hears_that_it_failed(
    engines: Engines, tmp_path: Path, picture: bytes, hook: dict[str, object]
) -> None:
    """And Telegram is told that the update is over, or it would come for a day."""
    async with running(engines, tmp_path, **hook) as house:
        amina = await _amina_sends(house, picture, failures=TRIES)
        await amina.sees("went wrong", timeout=20)
        assert (await house.app.clinic.bot.get_webhook_info()).pending_update_count == 0
