"""The settings that administrators see: every one, and no secret."""

from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import SecretStr

from bot.observability.shown_settings import SET, shown_settings
from bot.settings import Settings

SECRETS = [
    name
    for name, field in Settings.model_fields.items()
    if SecretStr in (field.annotation, *get_args(field.annotation))
]


def _shown(**given: Any) -> dict[str, tuple[str | None, bool]]:
    settings = Settings.model_construct(**{"bot_token": SecretStr("42:token"), **given})
    return {one.name: (one.value, one.own) for one in shown_settings(settings)}


def test_no_secret_is_shown_and_each_says_whether_it_is_set() -> None:
    assert len(SECRETS) > 5
    shown = _shown(**{name: SecretStr(f"secret {name}") for name in SECRETS})
    assert {shown[f"CSSS_{name.upper()}"] for name in SECRETS} == {(SET, True)}
    assert "secret" not in " ".join(value for value, _ in shown.values() if value)
    assert set(_shown()) == {f"CSSS_{name.upper()}" for name in Settings.model_fields}


@pytest.mark.parametrize(
    ("name", "value", "seen"),
    [
        ("bot_api", "https://me:word@api.example.org/x", ("https://•••@api.example.org/x", True)),
        ("bot_api", "https://api.telegram.org", ("https://api.telegram.org", False)),
        ("data", Path("/srv/csss"), ("/srv/csss", True)),
        ("voice", True, ("true", True)),
        ("audit_mail", None, (None, False)),
    ],
)
def test_a_value_is_shown_as_it_is_typed(name: str, value: object, seen: tuple[str | None, bool]) -> None:
    assert _shown(**{name: value})[f"CSSS_{name.upper()}"] == seen
