"""The aiohttp application; later pages (verification, administration) are added here."""

from datetime import UTC, datetime
from typing import Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from bot.observability.metrics import Metrics
from bot.services import Clinic
from bot.web.twilio import add_twilio
from bot.web.verify import add_verification
from models.base import looking
from models.tables.scans import Status
from workflow.scans import queries

CLINIC: Final = web.AppKey("clinic", Clinic)
METRICS: Final = web.AppKey("metrics", Metrics)
STUCK: Final = 300.0  # seconds that a due job may wait before the house counts as not ready


def web_app(clinic: Clinic, metrics: Metrics) -> web.Application:
    app = web.Application(client_max_size=4 * 1024 * 1024)
    app[CLINIC], app[METRICS] = clinic, metrics
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", read_metrics)
    add_verification(app, clinic)
    if clinic.whatsapp is not None:
        add_twilio(app, clinic)
    return app


async def healthz(_: web.Request) -> web.Response:
    """The process answers."""
    return web.json_response({"status": "ok"})


async def readyz(request: web.Request) -> web.Response:
    """Database, model and worker do their part; 503 names the one that does not."""
    clinic = request.app[CLINIC]
    state: dict[str, object] = {"model": f"{clinic.classifier.identity.name} {clinic.classifier.identity.version}"}
    try:
        state["queue_age_seconds"] = age = await queue_age(clinic)
        state["database"] = "ok"
    except Exception as error:  # noqa: BLE001 - any failure of the database is the answer
        age, state["database"] = 0.0, type(error).__name__
    ready = state["database"] == "ok" and age < STUCK
    return web.json_response({"status": "ready" if ready else "not ready", **state}, status=200 if ready else 503)


async def read_metrics(request: web.Request) -> web.Response:
    clinic, metrics = request.app[CLINIC], request.app[METRICS]
    async with looking(clinic.sessions) as session:
        counts = await queries.count_scans(session)
    for status in Status:
        metrics.scans.labels(status=status).set(counts.get(status, 0))
    metrics.queue_age.set(await queue_age(clinic))
    return web.Response(body=generate_latest(metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


async def queue_age(clinic: Clinic) -> float:
    """Seconds that the oldest due job has waited."""
    now = datetime.now(UTC)
    async with looking(clinic.sessions) as session:
        oldest = await queries.oldest_due_job(session, now)
    return max(0.0, (now - oldest).total_seconds()) if oldest else 0.0
