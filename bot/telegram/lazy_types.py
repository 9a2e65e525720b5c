"""Imports aiogram so that the schema of a type is built when the type is first used. Import it before aiogram.

aiogram declares `defer_build` for its types and yet rebuilds each at import, hundreds of which this bot never meets:
most of the CPU time of that import and 60 MB. Where aiogram comes first, all are built, and nothing else changes."""

from collections.abc import Callable
from typing import Any, Final, Literal, Optional, Union
from unittest.mock import patch

from pydantic import BaseModel

REBUILD: Final = BaseModel.model_rebuild.__func__  # type: ignore[attr-defined]


class _NoRebuild:
    """`model_rebuild` that does nothing, and is not there for types: aiogram gathers all names before each call."""

    def __get__(self, _: object, owner: type) -> Callable[..., None]:
        if owner.__module__.startswith("aiogram.types."):
            raise AttributeError
        return lambda **_: None


with patch.object(BaseModel, "model_rebuild", _NoRebuild()):
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
