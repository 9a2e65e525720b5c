"""The session to the Bot API: buttons acknowledged too late, and models of responses."""

import pytest
from aiogram.exceptions import TelegramBadRequest
from aiogram.methods import Response
from aiogram.types import User

from tests.support.people import Clinic


async def test_a_button_that_can_no_longer_be_acknowledged_is_no_fault_unless_words_are_lost(clinic: Clinic) -> None:
    """Presses that wait for a bot that is down are handled when it is back; Telegram takes no answer to them."""
    bot = clinic.app.services.bot
    assert await bot.answer_callback_query("0") is True
    with pytest.raises(TelegramBadRequest, match="query is too old"):
        await bot.answer_callback_query("0", text="Saved.")


async def test_the_model_of_a_response_is_built_once(clinic: Clinic) -> None:
    await clinic.app.services.bot.get_me()
    first = id(Response[User])
    await clinic.app.services.bot.get_me()
    assert id(Response[User]) == first
