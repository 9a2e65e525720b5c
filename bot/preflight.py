"""Checks of the settings against this machine: key files, the logo, the formulary and the speech programs."""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

from bot.channels.voice import missing_programs
from bot.secrets import truncated_key_files
from bot.settings import Settings
from reports.content.document import UnreadablePicture
from reports.pdf.images import LOGO_KINDS, require_complete
from workflow.formulary.load import load
from workflow.formulary.records import FormularyError
from workflow.formulary.validation import problems

LOGO_BYTES: Final = 1_000_000  # the logo is embedded in every report
LOGO_SIDE: Final = 4000  # pixels


class PreflightFailed(Exception):
    """This machine does not fit the settings; the text says what to change."""


def check(settings: Settings) -> None:
    """Raises PreflightFailed at start, rather than when the first report is issued."""
    if settings.hospital_logo and not _is_logo(settings):
        raise PreflightFailed(
            "CSSS_HOSPITAL_LOGO must be a JPEG or PNG picture, of at most 1 MB and 4000 pixels a side"
        )
    if settings.voice and (missing := missing_programs()):
        raise PreflightFailed(f"CSSS_VOICE needs {' and '.join(missing)}: apt-get install espeak-ng opus-tools")
    if settings.formulary and (fault := _formulary_fault(settings.formulary)):
        raise PreflightFailed(f"CSSS_FORMULARY cannot be used: {fault}; see `csss formulary check`")
    if settings.files_bucket and find_spec("obstore") is None:
        raise PreflightFailed("CSSS_FILES_BUCKET needs the `s3` extra: pip install '.[s3]'")
    if settings.traces and find_spec("opentelemetry") is None:
        raise PreflightFailed("CSSS_TRACES needs the `traces` extra: pip install '.[traces]'")
    if truncated := truncated_key_files(settings):
        raise PreflightFailed(
            f"CSSS_DATA holds a {' and a '.join(truncated)} of less than 32 characters: put the whole file back from "
            "your copy; only where the bot has never run yet, delete it and start again"
        )


def _formulary_fault(folder: Path) -> str | None:
    """The first gap or contradiction of the hospital's own formulary."""
    try:
        return next(iter(problems(load(folder))), None)
    except FormularyError as error:
        return str(error)


def _is_logo(settings: Settings) -> bool:
    path = settings.hospital_logo
    assert path is not None
    try:
        if path.stat().st_size > LOGO_BYTES:
            return False
        require_complete("logo", path.read_bytes(), LOGO_KINDS, LOGO_SIDE)
    except (OSError, UnreadablePicture):
        return False
    return True
