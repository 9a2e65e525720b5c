"""The parts that the works are done with, handed to each by name."""

from pathlib import Path
from typing import NamedTuple

from aiogram import Bot

from bot.channels import Mail
from handlers.texts import Catalogues
from inference.classifier import Classifier
from models.base import Sessions
from models.vault import Vault
from reports.press import Press
from workflow.paper import Letterhead


class Clinic(NamedTuple):
    """Built once by `build_app`; `domain` is the right-hand side of the mails' Message-IDs."""

    sessions: Sessions
    bot: Bot
    mail: Mail
    vault: Vault
    classifier: Classifier
    silent: Classifier | None  # on trial: it reads along and is shown to nobody
    press: Press
    catalogues: Catalogues
    letterhead: Letterhead
    key: bytes
    domain: str
    anchors: Path  # where the audit chain's head is noted daily
