"""The id and the span of what is handled: one stands in each log line and row of the record, the other in its jobs."""

from contextvars import ContextVar
from typing import Final

REQUEST_ID: Final[ContextVar[str | None]] = ContextVar("request_id", default=None)
"""The update's number, `job-` and the job's, or `web-` and a random one; at most 40 characters."""
TRACE_PARENT: Final[ContextVar[str | None]] = ContextVar("trace_parent", default=None)
"""The span of the trace, as W3C's `traceparent` (55 characters); None where nothing is traced."""
