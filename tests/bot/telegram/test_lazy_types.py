"""aiogram's types are built when they are used first, each as aiogram would have built it."""

import subprocess
import sys

import pytest
from aiogram import methods, types

from tests.support.source import ROOT

PROGRAM = "import {module}; from aiogram.types import Message, Update; print(Message.__pydantic_complete__); "
CHAT = '"chat": {"id": 4, "type": "private"}'
REPLY = f'{{"message_id": 1, "date": 3, {CHAT}}}'
UPDATE = f'{{"update_id": 1, "message": {{"message_id": 2, "date": 3, {CHAT}, "reply_to_message": {REPLY}}}}}'


@pytest.mark.parametrize("module", ["bot.app", "bot.cli.run"])
def test_a_start_builds_no_type_and_an_update_is_read_all_the_same(module: str) -> None:
    program = (
        PROGRAM.format(module=module)
        + f"print(Update.model_validate_json('{UPDATE}').message.reply_to_message.chat.id)"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.stdout.split() == ["False", "4"], ended.stderr


@pytest.mark.slow
def test_every_type_and_method_of_aiogram_can_be_built() -> None:
    kinds = [getattr(module, name) for module in (types, methods) for name in module.__all__]
    models = [kind for kind in kinds if isinstance(kind, type) and hasattr(kind, "model_rebuild")]
    assert len(models) > 400
    for model in models:
        model.model_rebuild()
        assert model.__pydantic_complete__, model.__name__
