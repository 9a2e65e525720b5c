"""Imports aiogram so that the schema of a type is built when the type is first used. Import it before aiogram.

aiogram declares `defer_build` for its types and yet rebuilds each at import, hundreds of which this bot never meets:
half of the CPU time of that import and 60 MB. Where aiogram comes first, all are built, and nothing else changes."""

from typing import Any, Final, Literal, Optional, Union
from unittest.mock import patch

from pydantic import BaseModel

REBUILD: Final = BaseModel.model_rebuild.__func__  # type: ignore[attr-defined]

with patch.object(BaseModel, "model_rebuild", classmethod(lambda _, **__: None)):
    from aiogram import types
    from aiogram.client.default import Default
    from aiogram.methods.base import Response, TelegramMethod

# What annotations name, as aiogram gives it to pydantic.
NAMES: Final = {name: getattr(types, name) for name in types.__all__} | {
    "List": list, "Optional": Optional, "Union": Union, "Literal": Literal, "Default": Default
}  # fmt: skip


def _rebuild(cls: type[BaseModel], /, *, force: bool = False, raise_errors: bool = True, **_: Any) -> bool | None:  # noqa: ANN401 - pydantic's own
    rebuilt: bool | None = REBUILD(cls, force=force, raise_errors=raise_errors, _types_namespace=NAMES)
    return rebuilt


for base in (types.TelegramObject, TelegramMethod, Response):
    base.model_rebuild = classmethod(_rebuild)  # type: ignore[method-assign, assignment]
