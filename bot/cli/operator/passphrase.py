"""The folder and the passphrase of the backups, from the settings, stdin or the terminal."""

import sys
from pathlib import Path
from typing import Final

import typer

from bot.cli.refusal import fail
from bot.settings import Settings

LEAST: Final = 16


def backup_folder(settings: Settings, given: Path | None) -> Path:
    """The folder given, or CSSS_BACKUPS. Exits where there is neither."""
    folder = given or settings.backups
    if folder is None:
        fail("name a folder for the backups: `--folder`, or CSSS_BACKUPS")
    return folder


def passphrase(settings: Settings, *, from_stdin: bool, confirm: bool = False) -> str:
    """The passphrase. Exits where none is given or it is too short."""
    if from_stdin:
        given = sys.stdin.readline().rstrip("\n")
    elif settings.backup_passphrase is not None:
        given = settings.backup_passphrase.get_secret_value()
    elif sys.stdin.isatty():
        given = typer.prompt("Passphrase of the backups", hide_input=True, confirmation_prompt=confirm)
    else:
        fail("give the passphrase of the backups: CSSS_BACKUP_PASSPHRASE, or `--passphrase-stdin`")
    if len(given) < LEAST:
        fail(f"the passphrase must have {LEAST} characters or more")
    return given
