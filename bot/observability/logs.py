"""Log lines that can hold no health data: named fields from a short list, errors by class and place."""

import json
import logging
import sys
import threading
import traceback
from datetime import UTC, datetime
from typing import Any, Final, Literal

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
OURS: Final = frozenset({"bot", "handlers", "workflow", "models", "inference", "reports", "faq", "ml"})
logger = logging.getLogger(__name__)


class Lines(logging.Formatter):
    """One line a record. An exception shows where it happened and its class; its text may quote a patient."""

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
        if record.exc_info and record.exc_info[0] is not None:
            frames = traceback.extract_tb(record.exc_info[2])
            line["error"] = record.exc_info[0].__name__
            line["at"] = [f"{frame.name}:{frame.lineno}" for frame in frames[-8:]]
        if self._json:
            return json.dumps(line, ensure_ascii=False, default=str)
        rest = " ".join(f"{name}={value}" for name, value in line.items() if name not in {"time", "level", "event"})
        return f"{line['time']} {line['level']:7} {line['event']}  {rest}"


def _event(record: logging.LogRecord) -> str:
    """What happened, without values. A library may have put them into its words already, if it hands over none."""
    if record.args or record.name.partition(".")[0] in OURS:
        return str(record.msg)
    return f"{record.module}:{record.lineno}"


def set_up(form: Literal["console", "json"], level: int = logging.INFO) -> None:
    """Send everything through `Lines`. Libraries may say that something happened, never with which values."""
    handler = logging.StreamHandler()
    handler.setFormatter(Lines(form))
    logging.basicConfig(handlers=[handler], level=level, force=True)
    logging.captureWarnings(capture=True)
    sys.excepthook = lambda kind, error, trace: _crashed((kind, error, trace))
    threading.excepthook = lambda told: _crashed((told.exc_type, told.exc_value, told.exc_traceback))
    sys.unraisablehook = lambda told: _crashed((told.exc_type, told.exc_value, told.exc_traceback))
    for chatty in ("aiogram", "alembic", "aiohttp.access", "weasyprint", "fontTools", "mail.log", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _crashed(what: Any) -> None:  # noqa: ANN401 - what `sys.exc_info` gives
    """What nobody caught: the interpreter would print the exception's text, which may quote a patient."""
    kind, error, trace = what
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        logger.critical("crashed", exc_info=(kind, error, trace))
