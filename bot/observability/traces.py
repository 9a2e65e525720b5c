"""OpenTelemetry traces of an update, the jobs that come of it and their deliveries.

Off unless CSSS_TRACES names a collector; needs the `traces` extra. A span holds kinds and numbers of attempts: no
identity, no text, and of an error the name of its class alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Protocol


class Traces(Protocol):
    """Opens spans. One that is opened inside another is its child."""

    def span(self, name: str, parent: str | None = None, **facts: str | int | bool) -> Any:  # noqa: ANN401 - a context manager
        """The time of the block; `parent`: the span in another process, or earlier, that it comes of."""

    async def close(self) -> None:
        """Export what waits."""


class NoTraces:
    """Traces nothing."""

    @contextmanager
    def span(self, name: str, parent: str | None = None, **facts: str | int | bool) -> Iterator[None]:  # noqa: ARG002 - the protocol
        yield

    async def close(self) -> None:
        """Nothing waits."""


def open_traces(collector: str | None) -> Traces:
    """Raises ModuleNotFoundError where the `traces` extra is missing."""
    if not collector:
        return NoTraces()
    traces: Traces = import_module("bot.observability.exported_traces").ExportedTraces(collector)
    return traces
