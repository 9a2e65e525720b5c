"""aiogram's types are built when they are used first, each as aiogram would have built it."""

import subprocess
import sys

import pytest
from aiogram import methods, types

from tests.support.source import ROOT

CHAT = '"chat": {"id": 4, "type": "private"}'
REPLY = f'{{"message_id": 1, "date": 3, {CHAT}}}'
UPDATE = f'{{"update_id": 1, "message": {{"message_id": 2, "date": 3, {CHAT}, "reply_to_message": {REPLY}}}}}'
ANSWER = f'{{"ok": true, "result": [{UPDATE}]}}'
LATER = "import {module}; from aiogram.types import Message, Update; print(Message.__pydantic_complete__); "
READ = {  # the first thing that a process reads
    "an update": f"print(Update.model_validate_json('{UPDATE}').message.reply_to_message.chat.id)",
    "an answer": "from aiogram.methods.base import Response; "
    f"print(Response[list[Update]].model_validate_json('{ANSWER}').result[0].message.chat.id)",
}


def _runs(program: str) -> list[str]:
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.split()


@pytest.mark.slow
@pytest.mark.parametrize("module", ["bot.app", "bot.cli.run"])
@pytest.mark.parametrize("first", READ.values(), ids=READ.keys())
def test_a_start_builds_no_type_and_the_first_one_is_read_all_the_same(module: str, first: str) -> None:
    assert _runs(LATER.format(module=module) + first) == ["False", "4"]


@pytest.mark.slow
def test_every_type_method_and_answer_of_the_bot_api_can_be_built() -> None:
    kinds = [getattr(module, name) for module in (methods, types) for name in module.__all__]
    models = [kind for kind in kinds if isinstance(kind, type) and hasattr(kind, "model_rebuild")]
    called = [
        kind for kind in models if issubclass(kind, methods.TelegramMethod) and kind is not methods.TelegramMethod
    ]
    assert (len(models) > 500, len(called) > 150) == (True, True)
    for model in (*(methods.Response[kind.__returning__] for kind in called), *models):  # type: ignore[name-defined]
        model.model_rebuild()
        assert model.__pydantic_complete__, model.__name__
