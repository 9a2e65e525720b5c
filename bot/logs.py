"""Log lines that can hold no health data: named fields from a short list, errors by class and place."""

import json
import logging
import traceback
from datetime import UTC, datetime
from typing import Final, Literal

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
)


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
            "event": str(record.msg) if record.args else record.getMessage(),
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


def set_up(form: Literal["console", "json"], level: int = logging.INFO) -> None:
    """Send everything through `Lines`. Libraries may say that something happened, never with which values."""
    handler = logging.StreamHandler()
    handler.setFormatter(Lines(form))
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for chatty in ("aiogram", "alembic", "aiohttp.access", "weasyprint", "fontTools", "mail.log", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
