"""The settings in force, as an administrator may see them: no secret, and no user or password of an address."""

from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from pydantic import SecretStr
from pydantic_settings import BaseSettings

from bot.settings_source import PREFIX

SET: Final = "•••"  # in place of a secret that is set


class ShownSetting(NamedTuple):
    """`value`: None where nothing is set. `own`: differs from the default."""

    name: str
    value: str | None
    own: bool
    meaning: str


def shown_settings(settings: BaseSettings) -> tuple[ShownSetting, ...]:
    """All settings by name."""
    shown = []
    for name, field in sorted(type(settings).model_fields.items()):
        value = getattr(settings, name)
        own = field.is_required() or value != field.get_default(call_default_factory=True)
        shown.append(ShownSetting(f"{PREFIX}{name.upper()}", _plain(value), own, field.description or ""))
    return tuple(shown)


def _plain(value: Any) -> str | None:  # noqa: ANN401 - of any setting's type
    if value is None or value in ("", (), []):
        return None
    if isinstance(value, SecretStr):
        return SET
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (tuple, list, frozenset)):
        return ", ".join(str(one) for one in value)
    text = str(value)
    return text.replace(f"{urlsplit(text).netloc.rpartition('@')[0]}@", f"{SET}@") if "://" in text else text
