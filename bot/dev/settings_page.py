"""docs/settings.md, generated from Settings: `python -m bot.dev.settings_page > docs/settings.md`."""

from typing import Final

from pydantic.fields import FieldInfo

from bot.settings import Settings
from bot.settings_source import PREFIX

HEAD: Final = """\
# Settings

Each is an environment variable or a line of `.env`. An impossible value or a misspelt name stops the start.
This page is generated from `bot.settings.Settings`: `python -m bot.dev.settings_page > docs/settings.md`.

| setting | default | meaning |
|---|---|---|
"""


def page() -> str:
    rows = [f"| `{PREFIX}{name.upper()}` | {_default(field)} | {_meaning(field)} |" for name, field in _fields()]
    return HEAD + "\n".join(rows) + "\n"


def _fields() -> list[tuple[str, FieldInfo]]:
    """In the order of the class, then those of its base."""
    return sorted(Settings.model_fields.items(), key=lambda field: field[0] not in Settings.__annotations__)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default is None:
        return "–"
    return f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"


def _meaning(field: FieldInfo) -> str:
    return (field.description or "").replace("|", "\\|").replace("{{", "`{{").replace("}}", "}}`")


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 - its output is the page
