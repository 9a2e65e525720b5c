"""Log lines without health data: listed fields only, exceptions by class and place."""

import json
import logging
import sys
import threading
import traceback
from datetime import UTC, datetime
from typing import Any, Final, Literal

from aiohttp.http_exceptions import HttpProcessingError

from workflow.request_id import REQUEST_ID

FIELDS: Final = (
    "error",
    "error_id",
    "job_id",
    "kind",
    "attempt",
    "scan_id",
    "update_id",
    "seconds",
    "count",
    "address",
    "head",
)
OWN_PACKAGES: Final = frozenset({"bot", "handlers", "workflow", "models", "inference", "reports", "faq", "ml"})
logger = logging.getLogger(__name__)


class LogFormatter(logging.Formatter):
    """One line per record, as text or JSON. Of an exception only class and frames: its text may quote a patient."""

    def __init__(self, form: Literal["console", "json"]) -> None:
        super().__init__()
        self._json = form == "json"

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": _event(record),
            **{name: getattr(record, name) for name in FIELDS if hasattr(record, name)},
        }
        if (request := REQUEST_ID.get()) is not None:
            line["request"] = request
        if record.exc_info and record.exc_info[1] is not None:
            first = _leaves(record.exc_info[1])[0]
            line["error"] = _class_names(record.exc_info[1])
            line["at"] = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(first.__traceback__)[-8:]]
        if self._json:
            return json.dumps(line, ensure_ascii=False, default=str)
        fields = " ".join(f"{name}={value}" for name, value in line.items() if name not in {"time", "level", "event"})
        return f"{line['time']} {line['level']:7} {line['event']}  {fields}"


def _leaves(error: BaseException) -> list[BaseException]:
    """The errors of a group, of its groups, too; the error itself where it is none."""
    if not isinstance(error, BaseExceptionGroup):
        return [error]
    return [leaf for one in error.exceptions for leaf in _leaves(one)]


def _class_names(error: BaseException) -> str:
    own = type(error).__name__
    leaves = ", ".join(dict.fromkeys(type(leaf).__name__ for leaf in _leaves(error)))
    return f"{own}: {leaves}" if isinstance(error, BaseExceptionGroup) else own


def _event(record: logging.LogRecord) -> str:
    """The unformatted message. A library's message without arguments may hold values: its place is logged instead."""
    if record.args or record.name.partition(".")[0] in OWN_PACKAGES:
        return str(record.msg)
    return f"{record.module}:{record.lineno}"


def configure_logging(form: Literal["console", "json"], level: int = logging.INFO) -> None:
    """Route logging, warnings and uncaught exceptions through LogFormatter."""
    handler = logging.StreamHandler()
    handler.setFormatter(LogFormatter(form))
    logging.basicConfig(handlers=[handler], level=level, force=True)
    logging.captureWarnings(capture=True)
    sys.excepthook = lambda kind, error, trace: _log_crash((kind, error, trace))
    threading.excepthook = lambda args: _log_crash((args.exc_type, args.exc_value, args.exc_traceback))
    sys.unraisablehook = lambda args: _log_crash((args.exc_type, args.exc_value, args.exc_traceback))
    for chatty in ("aiogram", "alembic", "aiohttp.access", "weasyprint", "fontTools", "mail.log", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logging.getLogger("aiohttp.server").addFilter(is_own_fault)


def is_own_fault(record: logging.LogRecord) -> bool:
    """False for a request that is no HTTP: aiohttp answers 400, and logs a fault as often as a stranger likes."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


def _log_crash(exc_info: Any) -> None:  # noqa: ANN401 - as `sys.exc_info` returns
    """Log an uncaught exception instead of printing its text, which may quote a patient."""
    kind, error, trace = exc_info
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        logger.critical("crashed", exc_info=(kind, error, trace))
