"""The id of what is being handled: it stands in every log line and row of the record that come of it."""

from contextvars import ContextVar
from typing import Final

REQUEST_ID: Final[ContextVar[str | None]] = ContextVar("request_id", default=None)
"""The update's number, `job-` and the job's, or `web-` and a random one; at most 40 characters."""
