"""The only place where the house is put together."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager
from datetime import timedelta
from time import monotonic
from typing import NamedTuple
from zoneinfo import ZoneInfo

from aiogram import Bot, Dispatcher
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.methods import DeleteWebhook, SetWebhook
from aiohttp import web
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import Session

from bot import hospital
from bot.channels.email import Mail
from bot.channels.whatsapp import whatsapp
from bot.jobs import cards
from bot.jobs.worker import Worker
from bot.observability.metrics import Metrics, metrics
from bot.secrets import derive, master_keys, secret_key, signing_keys
from bot.services import Clinic
from bot.settings import Settings
from bot.telegram.auto_delete import Forgetting
from bot.telegram.context import Introduction
from bot.telegram.faq_cache import Receptionist
from bot.telegram.fsm_storage import DatabaseStorage, OneByOne
from bot.telegram.polling import Polling
from bot.telegram.rate_limit import Rates, Turnstile
from bot.telegram.send_limiter import Limiter
from bot.telegram.webhook import WEBHOOK, Webhook
from bot.web.app import web_app
from faq.answer import Faq, load
from handlers.access import Door
from handlers.routes import routes
from handlers.ui.texts import Catalogues
from inference.model.bundle import default_bundle
from inference.model.classifier import Classifier
from inference.upload.decoder import Darkroom
from models.base import Sessions, connect
from models.crypto.keys import MASTERS, Masters, unknown_masters
from models.crypto.vault import Vault
from models.schema import is_current
from reports.pdf.pool import Press
from workflow.accounts.passwords import Hasher
from workflow.audit.chain import Source, audited
from workflow.jobs import OWES
from workflow.reporting.builder import Letterhead
from workflow.reporting.verification import Pace

logger = logging.getLogger(__name__)


class NotUpgraded(Exception):
    """The database is older or newer than this program, or sealed with a key that is not at hand."""


class Engines(NamedTuple):
    """What takes a while to load and knows no clinic: several applications may share it."""

    classifier: Classifier
    darkroom: Darkroom
    silent: Classifier | None
    faq: Faq
    press: Press

    async def close(self) -> None:
        await self.press.close()
        await asyncio.to_thread(self.darkroom.close)


async def load_engines(settings: Settings) -> Engines:
    """Raises BundleError for a damaged model. The press prints nothing, and starts nothing, until it is asked."""
    darkroom = Darkroom()
    classifier = await asyncio.to_thread(Classifier.load, settings.bundle or default_bundle())
    silent = await asyncio.to_thread(Classifier.load, settings.silent_bundle) if settings.silent_bundle else None
    faq = await asyncio.to_thread(load, contacts=hospital.for_the_faq(settings))
    return Engines(classifier, darkroom, silent, faq, Press(settings.press_workers))


class App(NamedTuple):
    """The assembled house; `run` works until `stop` is set."""

    settings: Settings
    engine: AsyncEngine
    clinic: Clinic
    dispatcher: Dispatcher
    worker: Worker
    metrics: Metrics

    async def run(self, stop: asyncio.Event, ready: Callable[[str], None]) -> None:
        """Check the database, open the doors, take updates, do what is owed; at `stop` finish what runs."""
        started = monotonic()
        await self.check()
        async with self._serve() as address, asyncio.TaskGroup() as group:
            working = group.create_task(self.worker.run())
            await cards.show_common_menu(self.clinic)
            polling = Polling(self.clinic.bot, self.dispatcher)
            taking = group.create_task(self._take_updates(polling))
            logger.info("ready", extra={"seconds": round(monotonic() - started, 2), "address": address})
            ready(address)
            await self._warm_press()
            await stop.wait()
            polling.stop()
            await taking
            self.worker.stop()
            await working

    async def check(self) -> None:
        """Better no start than one that makes a second master key beside data which the first has sealed.

        Raises NotUpgraded."""
        if not await is_current(self.engine):
            raise NotUpgraded("the database does not fit this program: run `csss db upgrade` first")
        async with self.clinic.sessions() as session:
            if await unknown_masters(session, session.info[MASTERS]):
                raise NotUpgraded("no master key at hand opens this database: put back master.key or CSSS_MASTER_KEY")

    async def _warm_press(self) -> None:
        """Before the first report needs it. Where it cannot start, the reports wait and everything else goes on."""
        try:
            await self.clinic.press.start()
        except (BrokenProcessPool, OSError) as error:
            logger.exception("the press did not start", extra={"error": type(error).__name__})

    async def _take_updates(self, polling: Polling) -> None:
        settings = self.settings
        if settings.webhook_url and settings.webhook_secret:
            hook = SetWebhook(
                url=settings.webhook_url.rstrip("/") + WEBHOOK,
                secret_token=settings.webhook_secret.get_secret_value(),
                allowed_updates=self.dispatcher.resolve_used_update_types(),
            )
            await polling.insist(hook)
        else:
            await polling.insist(DeleteWebhook())
            await polling.run()

    @asynccontextmanager
    async def _serve(self) -> AsyncIterator[str]:
        """The web app on its address; port 0 takes a free one."""
        site = web_app(self.clinic, self.metrics)
        if self.settings.webhook_secret:
            secret = self.settings.webhook_secret.get_secret_value()
            site.router.add_post(WEBHOOK, Webhook(self.dispatcher, self.clinic.bot, secret).take)
        runner = web.AppRunner(site, access_log=None)
        await runner.setup()
        try:
            listening = web.TCPSite(runner, self.settings.web_host, self.settings.web_port)
            await listening.start()
            port = runner.addresses[0][1]
            yield f"http://{self.settings.web_host}:{port}"
        finally:
            await runner.cleanup()


@asynccontextmanager
async def build_app(settings: Settings, engines: Engines | None = None) -> AsyncIterator[App]:
    """Everything that works together, closed again at the end; engines that were handed in stay open."""
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = connect(settings.database_url)
    wake = asyncio.Event()
    loaded = engines or await load_engines(settings)
    bot, key = _bot(settings), secret_key(settings)
    clinic = Clinic(
        sessions=_sessions(engine, key, master_keys(settings), wake),
        bot=bot,
        mail=Mail(settings),
        whatsapp=whatsapp(settings),
        vault=Vault(settings.data / "vault"),
        classifier=loaded.classifier,
        darkroom=loaded.darkroom,
        silent=loaded.silent,
        press=loaded.press,
        catalogues=Catalogues(hospital.in_chat(settings)),
        letterhead=Letterhead(hospital.on_paper(settings), ZoneInfo(settings.timezone)),
        voice=settings.voice,
        key=key,
        domain=str(settings.mail_from).rpartition("@")[2],
        site=settings.site,
        signing=signing_keys(settings),
        idle=timedelta(hours=settings.idle_hours),
        keep=settings.keep,
        anchors=settings.data / "audit-anchors.txt",
    )
    if settings.remove_after_hours:
        bot.session.middleware(Forgetting(clinic.sessions, timedelta(hours=settings.remove_after_hours)))
    counted = metrics()
    worker = Worker(clinic, wake, counted.jobs, settings.workers)
    try:
        yield App(settings, engine, clinic, _dispatcher(clinic, counted, loaded.faq, settings), worker, counted)
    finally:
        await bot.session.close()
        await engine.dispose()
        if engines is None:
            await loaded.close()


def _dispatcher(clinic: Clinic, counted: Metrics, faq: Faq, settings: Settings) -> Dispatcher:
    dispatcher = Dispatcher(
        storage=DatabaseStorage(clinic.sessions),
        events_isolation=OneByOne(),
        disable_fsm=True,  # put in below, behind the turnstile: who is refused waits for no lock
        hours=settings.desk,
        keep=clinic.keep,
        key=clinic.key,
        vault=clinic.vault,
        classifier=clinic.classifier,
        darkroom=clinic.darkroom,
        silent=clinic.silent,
        catalogues=clinic.catalogues,
        pace=Pace(),
        whatsapp=clinic.whatsapp is not None,
        hasher=Hasher(),
    )
    rates = Rates(settings.messages_per_minute, settings.pictures_per_hour)
    dispatcher.update.outer_middleware(Turnstile(clinic.sessions, clinic.catalogues, counted.refused, rates, faq))
    dispatcher.update.outer_middleware(dispatcher.fsm)
    dispatcher.update.outer_middleware(Introduction(clinic, counted.updates, Receptionist(faq)))
    dispatcher.message.middleware(Door())
    dispatcher.callback_query.middleware(Door())
    dispatcher.include_router(routes())
    return dispatcher


def _sessions(engine: AsyncEngine, key: bytes, masters: Masters, wake: asyncio.Event) -> Sessions:
    """Sessions whose commit wakes the worker when something is owed."""

    class ClinicSession(Session):
        """A class of its own, so that the event below belongs to this application alone."""

    @event.listens_for(ClinicSession, "after_commit")
    def _owes(session: Session) -> None:
        if session.info.pop(OWES, False):
            wake.set()

    return audited(engine, derive(key, "audit"), Source.WORKER, masters, sync_session_class=ClinicSession)


def _bot(settings: Settings) -> Bot:
    session = AiohttpSession(api=TelegramAPIServer.from_base(settings.bot_api.rstrip("/")))
    session.middleware(Limiter())
    return Bot(settings.bot_token.get_secret_value(), session=session, default=DefaultBotProperties(parse_mode="HTML"))
