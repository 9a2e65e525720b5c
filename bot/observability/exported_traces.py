"""Traces exported to an OpenTelemetry collector. Imported only where one is set: it needs the `traces` extra."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from workflow.request_id import TRACE_PARENT

HEADER: Final = "traceparent"
EXPORT_TIMEOUT: Final = 5  # seconds for one batch; what cannot be exported is lost, and nothing waits for it


class ExportedTraces:
    """Exports spans in batches by OTLP over HTTP, from a thread of OpenTelemetry's own."""

    def __init__(self, collector: str) -> None:
        """`collector`: its address, to which `/v1/traces` is added."""
        resource = Resource({"service.name": "csss", "service.version": version("csss")})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        exporter = OTLPSpanExporter(f"{collector.rstrip('/')}/v1/traces", timeout=EXPORT_TIMEOUT)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("csss")

    @contextmanager
    def span(self, name: str, parent: str | None = None, **facts: str | int | bool) -> Iterator[None]:
        carrier = TraceContextTextMapPropagator()
        context = carrier.extract({HEADER: parent}) if parent else None
        with self._tracer.start_as_current_span(
            name, context, attributes=facts, record_exception=False, set_status_on_exception=False
        ) as span:
            headers: dict[str, str] = {}
            carrier.inject(headers)
            token = TRACE_PARENT.set(headers[HEADER])
            try:
                yield
            except Exception as error:
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(StatusCode.ERROR)
                raise
            finally:
                TRACE_PARENT.reset(token)

    async def close(self) -> None:
        await asyncio.to_thread(self._provider.shutdown)
