"""The parts that the works are done with, handed to each by name."""

from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from aiogram import Bot

from bot.channels.email import Mail
from bot.channels.whatsapp import WhatsApp
from handlers.ui.texts import Catalogues
from inference.model.classifier import Classifier
from inference.upload.decoder import Darkroom
from models.base import Sessions
from models.crypto.vault import Vault
from reports.pdf.pool import Press
from reports.signing.signers import KeyFolder
from workflow.reporting.builder import Letterhead


class Clinic(NamedTuple):
    """Built once by `build_app`; `domain` is the right-hand side of the mails' Message-IDs."""

    sessions: Sessions
    bot: Bot
    mail: Mail
    whatsapp: WhatsApp | None
    vault: Vault
    classifier: Classifier
    darkroom: Darkroom
    silent: Classifier | None  # on trial: it reads along and is shown to nobody
    press: Press
    catalogues: Catalogues
    letterhead: Letterhead
    voice: bool  # whether the patient's page is read aloud as well
    key: bytes
    domain: str
    site: str | None  # the web app's public address, printed as a QR code on reports
    signing: KeyFolder  # the keys of those who sign reports
    idle: timedelta  # after which a chat asks again who is there
    keep: timedelta  # for which a released report stays whatever its patient asks
    anchors: Path  # where the audit chain's head is noted daily
