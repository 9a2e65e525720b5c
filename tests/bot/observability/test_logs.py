"""A log line names no patient: neither its message, nor an exception's text, nor a library's record."""

import json
import logging

import pytest

from bot.observability.logs import FIELDS, LogFormatter

SECRET = "Amina Yusuf, born 1987, cough"


def failing(error: Exception) -> None:
    raise error


def line(form: str, message: str, *args: object, error: Exception | None = None, **extra: object) -> str:
    record = logging.LogRecord("bot.jobs.worker", logging.WARNING, "worker.py", 1, message, args, None)
    if error is not None:
        try:
            failing(error)
        except Exception as raised:  # noqa: BLE001 - any
            record.exc_info = (type(raised), raised, raised.__traceback__)
    record.__dict__.update(extra)
    return LogFormatter("json" if form == "json" else "console").format(record)


def _raised(error: Exception) -> Exception:
    try:
        failing(error)
    except Exception as raised:  # noqa: BLE001 - any
        return raised


@pytest.mark.parametrize("form", ["console", "json"])
def test_an_error_shows_its_class_and_place_but_never_its_text(form: str) -> None:
    shown = line(form, "job failed", error=ValueError(SECRET), job_id=7)
    assert SECRET not in shown
    assert "ValueError" in shown
    assert "7" in shown
    assert "failing:" in shown
    assert "\n" not in shown


def test_of_a_group_the_errors_within_are_named_and_the_place_of_the_first() -> None:
    inner = ExceptionGroup(SECRET, [KeyError(SECRET), KeyError(SECRET)])
    shown = line("json", "crashed", error=ExceptionGroup(SECRET, [_raised(ValueError(SECRET)), inner]))
    assert SECRET not in shown
    assert json.loads(shown)["error"] == "ExceptionGroup: ValueError, KeyError"
    assert "failing:" in json.loads(shown)["at"][-1]


@pytest.mark.parametrize("form", ["console", "json"])
def test_values_handed_to_a_message_are_left_out(form: str) -> None:
    """Libraries pass values as arguments: an address, a text, a whole update."""
    shown = line(form, "could not send %s to %s", SECRET, "amina@example.org")
    assert SECRET not in shown
    assert "amina@example.org" not in shown
    assert "could not send" in shown


def test_only_named_fields_get_through() -> None:
    shown = json.loads(line("json", "ready", seconds=1.5, complaint=SECRET, chat_id=5, email="amina@example.org"))
    assert shown["seconds"] == 1.5
    assert set(shown) == {"time", "level", "logger", "event", "seconds"}
    assert {"text", "name", "email", "chat_id", "token"} & set(FIELDS) == set()
