"""Work done once in a test process for all of its clinics, although each opens its own database and dispatcher."""

from types import FunctionType
from typing import Any

from aiogram.dispatcher.event.handler import CallableObject
from sqlalchemy import Dialect
from sqlalchemy.ext.asyncio import AsyncEngine

_compiled: dict[Any, Any] = {}
_dialects: dict[str, Dialect] = {}
_inspected: dict[Any, dict[str, Any]] = {}
_inspect = CallableObject.__post_init__


def share_statements(engine: AsyncEngine) -> None:
    """Let a new engine use what earlier ones of its kind compiled; the key of a compiled statement holds the dialect.

    The dialect learns about its server at a first connection, which the process's first engine has made by then."""
    inner = engine.sync_engine
    inner.dialect = _dialects.setdefault(inner.dialect.name, inner.dialect)
    inner.update_execution_options(compiled_cache=_compiled)


def share_signatures() -> None:
    """Let aiogram inspect each plain function once: a dispatcher inspects two thousand."""
    CallableObject.__post_init__ = _inspect_once  # type: ignore[method-assign]


def _inspect_once(inspected: CallableObject) -> None:
    function = inspected.callback
    if type(function) is not FunctionType or hasattr(function, "__wrapped__"):
        _inspect(inspected)
        return
    if function.__code__ not in _inspected:
        _inspect(inspected)
        _inspected[function.__code__] = {name: getattr(inspected, name) for name in ("awaitable", "params", "varkw")}
    vars(inspected).update(_inspected[function.__code__])
