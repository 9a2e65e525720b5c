"""Builds the aiogram dispatcher: storage, middlewares in their order, injected arguments and routes."""

from aiogram import Dispatcher

from bot.observability.metrics import Metrics
from bot.services import Services
from bot.settings import Settings
from bot.telegram.context import ContextMiddleware
from bot.telegram.faq_cache import FaqCache
from bot.telegram.fsm_storage import AcrossProcesses, DatabaseStorage, PerChatIsolation
from bot.telegram.rate_limit import RateLimitMiddleware, Rates
from bot.telegram.routing import indexed
from faq.answer import Faq
from handlers.access import AuthorizationMiddleware, ButtonMessageMiddleware
from handlers.routes import routes
from handlers.shared.beside_form import FormReminderMiddleware
from models.side_connection import SideConnection
from workflow.reporting.verification import lookup_buckets


def build_dispatcher(
    services: Services, metrics: Metrics, faq: Faq, settings: Settings, connection: SideConnection | None
) -> Dispatcher:
    """Updates pass the rate limit, the FSM lock of the chat, the context and the authorization, in this order.

    Where Telegram posts updates to several processes, `connection` keeps those of one chat apart."""
    dispatcher = Dispatcher(
        storage=DatabaseStorage(services.sessions),
        events_isolation=AcrossProcesses(connection) if connection and settings.webhook_url else PerChatIsolation(),
        disable_fsm=True,  # registered below, after the rate limit: dropped updates wait for no lock
        desk_hours=settings.desk_schedule,
        retention=services.retention,
        secret_key=services.secret_key,
        vault=services.vault,
        classifier=services.classifier,
        hearts=services.hearts,
        decoder=services.decoder,
        shadow=services.shadow,
        catalogues=services.catalogues,
        lookups=lookup_buckets(),
        whatsapp=services.whatsapp is not None,
        formulary=services.formulary,
        hasher=services.hasher,
        base_url=services.base_url,
    )
    rates = Rates(settings.messages_per_minute, settings.pictures_per_hour)
    dispatcher.update.outer_middleware(
        RateLimitMiddleware(services.sessions, services.catalogues, metrics.refused, rates, faq)
    )
    dispatcher.update.outer_middleware(dispatcher.fsm)
    dispatcher.update.outer_middleware(ContextMiddleware(services, metrics.updates, FaqCache(faq)))
    dispatcher.message.middleware(AuthorizationMiddleware())
    dispatcher.message.middleware(FormReminderMiddleware())
    dispatcher.edited_message.middleware(AuthorizationMiddleware())
    dispatcher.callback_query.middleware(AuthorizationMiddleware())
    dispatcher.callback_query.middleware(ButtonMessageMiddleware())
    dispatcher.include_router(indexed(routes()))
    return dispatcher
