"""The aiohttp application: health and metrics, the verification page of reports, and Twilio's routes.

`bot.app` adds the Telegram webhook where one is configured."""

from aiohttp import web

from bot.addresses import LOOPBACK
from bot.observability.metrics import Metrics
from bot.services import Services
from bot.web.health import add_health_routes
from bot.web.twilio import add_twilio_routes
from bot.web.verify import Networks, add_verify_routes


def build_web_app(services: Services, metrics: Metrics, proxies: Networks = LOOPBACK) -> web.Application:
    app = web.Application(client_max_size=4 * 1024 * 1024)
    add_health_routes(app, services, metrics)
    add_verify_routes(app, services, proxies)
    if services.whatsapp is not None:
        add_twilio_routes(app, services)
    return app
