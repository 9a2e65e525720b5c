"""Traces go to a collector on loopback: an update, the jobs that come of it, their deliveries, and no health data."""

import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from sqlalchemy import select

from bot.app import Engines
from models.tables.jobs import Job
from tests.support.jobs import settles
from tests.support.people import FINDINGS, open_clinic
from tests.support.source import ROOT
from workflow.jobs import JobKind

SECRETS = ("Amina", "Rao", "amina@example.org", "Cough", *FINDINGS)


class Collector:
    """Keeps what is exported; `answer` is the status of its answers."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.address, self.answer = "", 200

    async def take(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.read())
        return web.Response(status=self.answer)

    @property
    def spans(self) -> list[Any]:
        return [
            span
            for body in self.bodies
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    kept = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", kept.take)
    async with TestServer(app) as server:
        kept.address = str(server.make_url("")).rstrip("/")
        yield kept


def _facts(span: Any) -> dict[str, Any]:
    return {one.key: one.value.string_value or one.value.int_value for one in span.attributes}


@pytest.mark.slow
async def test_a_story_is_traced_from_its_updates_to_its_deliveries_without_a_word_of_it(
    engines: Engines, collector: Collector
) -> None:
    async with open_clinic(engines, traces=collector.address) as clinic:
        await clinic.plays("released")
        await clinic.amina.receives_document(timeout=30)
        await settles(clinic)
        async with clinic.app.services.sessions() as session:
            stored = (await session.scalars(select(Job.trace).where(Job.trace.is_not(None)))).all()
    spans = {span.span_id: span for span in collector.spans}
    assert stored
    kinds = {(span.name, _facts(span).get("kind")) for span in spans.values()}
    assert kinds >= {("update", "message"), ("update", "callback_query"), ("job", JobKind.ANALYSE.value)}
    deliveries = [span for span in spans.values() if span.name == "delivery"]
    assert deliveries
    for span in deliveries:  # delivery, job, and back to an update, within one trace
        above = [span]
        while above[-1].parent_span_id in spans:
            above.append(spans[above[-1].parent_span_id])
        assert above[1].name == "job"
        assert len({one.trace_id for one in above}) == 1
    assert any(spans[span.parent_span_id].name == "update" for span in spans.values() if span.parent_span_id in spans)
    everything = b"".join(collector.bodies)
    assert [word for word in SECRETS if word.encode() in everything] == []


async def test_an_error_is_named_by_its_class_alone_and_a_collector_that_refuses_stops_nothing(
    engines: Engines, collector: Collector
) -> None:
    collector.answer = 400
    async with open_clinic(engines, traces=collector.address) as clinic:
        with pytest.raises(ValueError, match="Amina"), clinic.app.services.traces.span("job", kind="analyse"):
            raise ValueError("Amina Yusuf has a cough")
        await clinic.amina.sends("/help")
        await clinic.amina.sees("How it works")
    [failed] = [span for span in collector.spans if _facts(span).get("error.type")]
    assert (_facts(failed), failed.status.code) == ({"kind": "analyse", "error.type": "ValueError"}, 2)
    assert b"Amina" not in b"".join(collector.bodies)


def test_nothing_of_opentelemetry_is_loaded_where_no_collector_is_set() -> None:
    program = "import sys, bot.app; from bot.observability.traces import open_traces; open_traces(None);"
    program += "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    shown = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
