"""Health and metrics: `/healthz`, `/readyz` and `/metrics`."""

import asyncio
from typing import Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from bot.observability.audit_verification import Result
from bot.observability.metrics import Metrics
from bot.services import Services
from bot.web.shared.lists import record_verified
from models.base import read_only
from models.vocabulary import ScanStatus
from workflow.scans import queries

SERVICES: Final = web.AppKey("services of the health routes", Services)
METRICS: Final = web.AppKey("metrics", Metrics)
STOP: Final = web.AppKey("set when the process is stopping", asyncio.Event)
MAX_QUEUE_AGE: Final = 300.0  # seconds that the oldest due job may wait in a ready application


def add_health_route(app: web.Application) -> None:
    app.router.add_get("/healthz", healthz)


def add_operator_routes(app: web.Application, services: Services, metrics: Metrics, stop: asyncio.Event) -> None:
    app[SERVICES], app[METRICS], app[STOP] = services, metrics, stop
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", read_metrics)


async def healthz(_: web.Request) -> web.Response:
    """200: the process answers."""
    return web.json_response({"status": "ok"})


async def readyz(request: web.Request) -> web.Response:
    """200 when the database answers, the worker keeps up and nothing stops the process; otherwise 503 with the cause.

    It names the state of the mail server, whose mails wait while it is away."""
    services = request.app[SERVICES]
    state: dict[str, object] = {"model": f"{services.classifier.identity.name} {services.classifier.identity.version}"}
    try:
        state["queue_age_seconds"] = age = await queue_age(services)
        state["database"] = "ok"
    except Exception as error:  # noqa: BLE001 - any failure of the database is the answer
        age, state["database"] = 0.0, type(error).__name__
    state["mail"] = await services.mailer.server_state()
    state["stopping"] = stopping = request.app[STOP].is_set()
    ready = state["database"] == "ok" and age < MAX_QUEUE_AGE and not stopping
    return web.json_response({"status": "ready" if ready else "not ready", **state}, status=200 if ready else 503)


async def read_metrics(request: web.Request) -> web.Response:
    """The metrics in Prometheus' text format."""
    services, metrics = request.app[SERVICES], request.app[METRICS]
    async with read_only(services.sessions) as session:
        counts = await queries.count_scans(session)
    for status in ScanStatus:
        metrics.scans.labels(status=status).set(counts.get(status, 0))
    metrics.queue_age.set(await queue_age(services))
    verified = await record_verified(services)
    metrics.audit_broken.set(verified is not None and verified.result is not Result.WHOLE)
    return web.Response(body=generate_latest(metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


async def queue_age(services: Services) -> float:
    """Seconds that the oldest due job has waited."""
    now = services.now()
    async with read_only(services.sessions) as session:
        oldest = await queries.oldest_due_job(session, now)
    return max(0.0, (now - oldest).total_seconds()) if oldest else 0.0
