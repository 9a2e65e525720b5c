"""The web applications: the public one with the verification page of reports, Twilio's and Telegram's routes, and
the operators' one with readiness and metrics."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from secrets import token_hex

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.addresses import LOOPBACK
from bot.observability.metrics import Metrics
from bot.services import Services
from bot.web.api.routes import add_api_routes
from bot.web.desk.routes import add_desk_routes
from bot.web.health import add_health_route, add_operator_routes
from bot.web.patient.routes import add_patient_routes
from bot.web.twilio import add_twilio_routes
from bot.web.verify import Networks, add_verify_routes
from bot.web.viewer.routes import add_viewer_routes
from workflow.request_id import REQUEST_ID


def build_web_app(
    services: Services,
    metrics: Metrics,
    proxies: Networks = LOOPBACK,
    *,
    stop: asyncio.Event | None = None,
    for_operators: bool = True,
) -> web.Application:
    """The public application; `for_operators`: with their routes, too. `stop` ends its readiness."""
    app = web.Application(client_max_size=4 * 1024 * 1024, middlewares=[give_request_id])
    add_health_route(app)
    if for_operators:
        add_operator_routes(app, services, metrics, stop or asyncio.Event())
    add_verify_routes(app, services, proxies)
    add_viewer_routes(app, services)
    add_desk_routes(app, services)
    add_patient_routes(app, services)
    add_api_routes(app, services)
    if services.whatsapp is not None:
        add_twilio_routes(app, services)
    return app


def build_operator_app(services: Services, metrics: Metrics, stop: asyncio.Event | None = None) -> web.Application:
    """Health, readiness and metrics."""
    app = web.Application(client_max_size=1024)
    add_health_route(app)
    add_operator_routes(app, services, metrics, stop or asyncio.Event())
    return app


@web.middleware
async def give_request_id(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Number the request for the log and the record."""
    REQUEST_ID.set(f"web-{token_hex(8)}")
    return await handler(request)


@asynccontextmanager
async def listening(*sites: tuple[web.Application, str, int]) -> AsyncIterator[list[str]]:
    """Serve each application at its host and port; yields their addresses. Port 0 takes a free one.

    Raises OSError, with the host and the port in its text, where a port is in use."""
    async with AsyncExitStack() as stack:
        addresses = []
        for app, host, port in sites:
            runner = web.AppRunner(app, access_log=None, auto_decompress=False)  # nobody who is answered packs bodies
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, host, port).start()
            addresses.append(f"http://{host}:{runner.addresses[0][1]}")
        yield addresses
