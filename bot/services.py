"""The application's services, passed to job handlers, middlewares and web handlers."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from aiogram import Bot
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import Session

from bot.channels.delivering import Deliveries
from bot.channels.email import Mailer
from bot.channels.push import WebPush
from bot.channels.whatsapp import WhatsApp
from bot.observability.shown_settings import ShownSetting
from bot.observability.traces import Traces
from bot.secrets import derive
from handlers.ui.texts import Catalogues
from inference.heart.patient_reading import HeartReader
from inference.model.classifier import Classifier
from inference.upload.decoder import DecoderPool
from models.base import Sessions
from models.crypto.keys import KeyEncryptionKeys
from models.crypto.vault import Vault
from reports.pdf.pool import PdfPool
from reports.signing.signers import KeyFolder
from workflow.accounts.passwords import PasswordHasher
from workflow.audit.chain import Source, audited_sessions
from workflow.desk.promise import Promise
from workflow.formulary.load import Formulary
from workflow.jobs import HAS_JOBS
from workflow.reporting.builder import Issuer

PICTURE_BURST: Final = 30  # pictures of one person at once: three albums
NEW_JOBS: Final = "csss_jobs"  # PostgreSQL's channel that tells other processes of enqueued jobs


def utc_now() -> datetime:
    return datetime.now(UTC)


class AnchorPlaces(NamedTuple):
    """Where heads of the audit chain go: the file in the data folder, an address, and a syslog server."""

    file: Path
    mail: str | None = None
    syslog: str | None = None


class Services(NamedTuple):
    """Built once by `build_app`."""

    now: Callable[[], datetime]  # the clock, in UTC
    traces: Traces
    sessions: Sessions
    deliveries: Deliveries
    bot: Bot
    mailer: Mailer
    whatsapp: WhatsApp | None
    push: WebPush | None  # None without a public address, or where the settings name no push service
    vault: Vault
    classifier: Classifier
    hearts: HeartReader  # reads the slices of a cardiac MRI
    decoder: DecoderPool
    shadow: Classifier | None  # a model on trial: its readings are recorded and shown to nobody
    pdf: PdfPool
    catalogues: Catalogues
    issuer: Issuer
    hasher: PasswordHasher
    voice: bool  # whether the patient's page is also sent as speech
    secret_key: bytes
    mail_domain: str  # right-hand side of the mails' Message-IDs
    formulary: Formulary  # of medicines: the one shipped, or the hospital's own
    base_url: str | None  # public address of the web app, printed as a QR code on reports
    signing_keys: KeyFolder
    promise: Promise  # time of a report by urgency
    pictures_per_hour: int  # of one person, by chat and by page
    idle_limit: timedelta  # after which an unused chat is locked
    retention: timedelta  # minimum period for which a released report is kept
    backups: Path | None  # their folder, which lists the keys of erased people
    anchors: AnchorPlaces  # where the head of the audit chain is noted
    settings: tuple[ShownSetting, ...]  # for administrators to look at, without secrets


def open_sessions(engine: AsyncEngine, key: bytes, keks: KeyEncryptionKeys, wake: asyncio.Event) -> Sessions:
    """Audited sessions; a commit that enqueued jobs wakes the worker, and those of other processes."""

    class AppSession(Session):
        """A separate class, so that the listeners below belong to this application only."""

    if engine.dialect.name != "sqlite":

        @event.listens_for(AppSession, "before_commit")
        def _notify_workers(session: Session) -> None:
            if session.info.get(HAS_JOBS):
                session.execute(text(f"NOTIFY {NEW_JOBS}"))

    @event.listens_for(AppSession, "after_commit")
    def _wake_worker(session: Session) -> None:
        if session.info.pop(HAS_JOBS, False):
            wake.set()

    return audited_sessions(engine, derive(key, "audit"), Source.WORKER, keks, sync_session_class=AppSession)
