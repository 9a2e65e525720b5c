"""The composition root: builds the application from the settings."""

from bot.telegram import lazy_types  # noqa: F401 - before aiogram

# isort: split

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from time import monotonic
from typing import NamedTuple
from zoneinfo import ZoneInfo

from aiogram import Bot, Dispatcher
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import hospital, preflight
from bot.channels.delivering import Deliveries
from bot.channels.email import Mailer
from bot.channels.push import build_web_push
from bot.channels.whatsapp import build_whatsapp
from bot.data_folder import open_data_folder
from bot.engines import Engines, load_engines
from bot.files.places import file_store
from bot.jobs import cards
from bot.jobs.worker import Worker, WorkPlan
from bot.observability.loop_lag import measured_lag
from bot.observability.metrics import Metrics, build_metrics
from bot.observability.shown_settings import shown_settings
from bot.observability.traces import open_traces
from bot.process_role import RoleHolder
from bot.secrets import master_keys, secret_key, signing_keys
from bot.services import NEW_JOBS, AnchorPlaces, Services, open_sessions, utc_now
from bot.settings import Settings
from bot.telegram.auto_delete import AutoDeleteMiddleware
from bot.telegram.dispatcher import build_dispatcher
from bot.telegram.polling import Polling
from bot.telegram.send_limiter import SendLimiter
from bot.telegram.session import open_bot
from bot.telegram.webhook import WEBHOOK_PATH, Webhook, request_updates
from bot.web.app import build_operator_app, build_web_app, listening
from handlers.ui.texts import Catalogues
from models.base import Sessions, open_engine
from models.crypto.keys import KEKS, has_unknown_kek
from models.crypto.vault import Vault
from models.schema import is_current
from models.side_connection import Listener, SideConnection
from workflow.accounts.passwords import PasswordHasher
from workflow.formulary import load as formulary
from workflow.jobs import JobKind
from workflow.leases import ProcessRole
from workflow.reporting.builder import Issuer

logger = logging.getLogger(__name__)


class NotUpgraded(Exception):
    """The database has another schema version, or is encrypted with a master key that is not configured."""


class App(NamedTuple):
    """The assembled application."""

    settings: Settings
    engine: AsyncEngine
    services: Services
    dispatcher: Dispatcher
    worker: Worker
    metrics: Metrics
    polls: RoleHolder  # where several processes share a database, one of them polls
    rounds: RoleHolder

    async def run(self, stop: asyncio.Event, ready: Callable[[str], None], *, with_worker: bool = True) -> None:
        """Serve HTTP, receive updates and run jobs until `stop` is set; then finish those in progress.

        Calls `ready` with the web app's address. Without the worker, other processes run the jobs (`work`).
        Raises NotUpgraded."""
        started = monotonic()
        await self.check()
        async with self._serve(stop) as address, measured_lag(self.metrics.loop_lag), asyncio.TaskGroup() as group:
            worker = group.create_task(self._run_jobs(stop)) if with_worker else None
            await cards.show_common_menu(self.services)
            polling = Polling(self.services.bot, self.dispatcher, self.polls)
            group.create_task(self.polls.keep(stop))
            updates = group.create_task(self._receive_updates(polling))
            logger.info("ready", extra={"seconds": round(monotonic() - started, 2), "address": address})
            ready(address)
            if with_worker:
                await self._start_pdf_pool()
            await self._check_mail_server()
            await stop.wait()
            polling.stop()
            await updates
            await self.polls.give_back()
            self.worker.stop()
            if worker:
                await worker

    async def work(self, stop: asyncio.Event) -> None:
        """Run jobs and serve the operators' endpoints until `stop` is set; then finish. Raises NotUpgraded."""
        await self.check()
        host, port = self.settings.operator_host, self.settings.operator_port or 0
        site = (build_operator_app(self.services, self.metrics, stop), host, port)
        async with listening(site) as addresses, measured_lag(self.metrics.loop_lag), asyncio.TaskGroup() as group:
            group.create_task(self._run_jobs(stop))
            logger.info("the worker is ready", extra={"address": addresses[0]})
            await self._start_pdf_pool()
            await stop.wait()
            self.worker.stop()

    async def _run_jobs(self, stop: asyncio.Event) -> None:
        """Run jobs until `worker.stop` is called, and the rounds where no other process makes them."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.rounds.keep(stop))
            await self.worker.run()
        await self.rounds.give_back()

    async def check(self) -> None:
        """Refuse to start when data was encrypted with a master key that is not configured. Raises NotUpgraded."""
        if not await is_current(self.engine):
            raise NotUpgraded("the database does not fit this program: run `csss db upgrade` first")
        async with self.services.sessions() as session:
            if await has_unknown_kek(session, session.info[KEKS]):
                raise NotUpgraded("no master key at hand opens this database: put back master.key or CSSS_MASTER_KEY")

    async def _check_mail_server(self) -> None:
        """Name a mail server that does not answer; the mails wait and the rest goes on."""
        if (state := await self.services.mailer.server_state()) != "ok":
            logger.warning("the mail server of CSSS_SMTP_HOST does not answer: mails wait", extra={"error": state})

    async def _start_pdf_pool(self) -> None:
        """Start the processes before the first report; if they cannot start, reports wait and the rest goes on."""
        try:
            await self.services.pdf.start()
        except (BrokenProcessPool, OSError) as error:
            logger.exception("the PDF processes did not start", extra={"error": type(error).__name__})

    async def _receive_updates(self, polling: Polling) -> None:
        settings = self.settings
        if settings.webhook_url and settings.webhook_secret:
            secret, kinds = settings.webhook_secret.get_secret_value(), self.dispatcher.resolve_used_update_types()
            await polling.call_until_answered(request_updates(settings.webhook_url, secret, kinds))
        else:
            await polling.run()

    @asynccontextmanager
    async def _serve(self, stop: asyncio.Event) -> AsyncIterator[str]:
        """Run the web app, and the operators' one on a port of its own; yields the web app's address."""
        settings, services, port = self.settings, self.services, self.settings.own_operator_port
        web_app = build_web_app(services, self.metrics, settings.proxies, stop=stop, for_operators=port is None)
        if settings.webhook_secret:
            secret = settings.webhook_secret.get_secret_value()
            web_app.router.add_post(WEBHOOK_PATH, Webhook(self.dispatcher, services.bot, secret, stop).handle)
        sites = [(web_app, settings.web_host, settings.web_port)]
        if port is not None:
            sites.append((build_operator_app(services, self.metrics, stop), settings.operator_host, port))
        async with listening(*sites) as addresses:
            for operators in addresses[1:]:
                logger.info("the operators' endpoints listen", extra={"address": operators})
            yield addresses[0]


@asynccontextmanager
async def build_app(
    settings: Settings,
    engines: Engines | None = None,
    now: Callable[[], datetime] = utc_now,
    kinds: Collection[JobKind] = tuple(JobKind),
) -> AsyncIterator[App]:
    """Build the application and close it at the end; `engines` passed in stay open, and its worker runs `kinds`.

    Raises PreflightFailed, BundleError."""
    preflight.check(settings)
    open_data_folder(settings.data)
    engine = open_engine(settings.database_url)
    wake = asyncio.Event()
    loaded = engines or await load_engines(settings)
    shared = engine.dialect.name != "sqlite"
    connection = SideConnection(engine) if shared else None
    limiter = SendLimiter(connection)
    bot = open_bot(settings.bot_token.get_secret_value(), settings.bot_api, limiter)
    sessions = open_sessions(engine, secret_key(settings), master_keys(settings), wake)
    sessions.kw["info"] |= settings.session_info
    services = _services(settings, loaded, sessions, bot, now)
    if settings.remove_after_hours:
        bot.session.middleware(AutoDeleteMiddleware(sessions, timedelta(hours=settings.remove_after_hours), now))
    metrics = build_metrics()
    polls, rounds = (RoleHolder(sessions, role, shared=shared) for role in (ProcessRole.POLLING, ProcessRole.ROUNDS))
    listener = Listener(engine, NEW_JOBS, wake.set) if shared else None
    plan = WorkPlan(settings.workers, kinds, rounds, listener)
    worker = Worker(services, wake, metrics.jobs, plan, limiter.card_delay)
    try:
        dispatcher = build_dispatcher(services, metrics, loaded.faq, settings, connection)
        yield App(settings, engine, services, dispatcher, worker, metrics, polls, rounds)
    finally:
        await services.traces.close()
        await bot.session.close()
        if connection:
            await connection.close()
        await engine.dispose()
        if engines is None:
            await loaded.close()


def _services(
    settings: Settings, engines: Engines, sessions: Sessions, bot: Bot, now: Callable[[], datetime]
) -> Services:
    traces = open_traces(settings.traces)
    return Services(
        now=now,
        traces=traces,
        sessions=sessions,
        deliveries=Deliveries(sessions, now, traces),
        bot=bot,
        mailer=Mailer(settings),
        whatsapp=build_whatsapp(settings),
        push=build_web_push(settings, now),
        vault=Vault(file_store(settings)),
        classifier=engines.classifier,
        hearts=engines.hearts,
        decoder=engines.decoder,
        shadow=engines.shadow,
        pdf=engines.pdf,
        catalogues=Catalogues(hospital.for_chats(settings)),
        issuer=Issuer(hospital.for_reports(settings), ZoneInfo(settings.timezone)),
        hasher=PasswordHasher(settings.bcrypt_cost),
        voice=settings.voice,
        secret_key=secret_key(settings),
        mail_domain=str(settings.mail_from).rpartition("@")[2],
        formulary=formulary.load(settings.formulary or formulary.OWN_DATA),
        base_url=settings.base_url,
        signing_keys=signing_keys(settings),
        promise=settings.promise,
        pictures_per_hour=settings.pictures_per_hour,
        idle_limit=timedelta(hours=settings.idle_hours),
        retention=settings.retention,
        backups=settings.backups,
        anchors=AnchorPlaces(settings.data / "audit-anchors.txt", settings.audit_mail, settings.audit_syslog),
        settings=shown_settings(settings),
    )
