"""The settings of a command, checked, or one line for each that is missing or wrong."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import typer
from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot import preflight
from bot.cli.refusal import fail
from bot.settings import Settings
from bot.settings_source import PREFIX

MISSING: Final = "is not set; give it in the environment or in a file .env here"


def settings_or_exit() -> Settings:
    """The settings. Exits with code 2 after one line per missing or wrong setting, without its value."""
    settings, problems = read_settings()
    if settings is None:
        for line in problems:
            typer.echo(line, err=True)
        raise typer.Exit(2)
    if problems:
        fail(problems[0], 2)
    return settings


def read_settings() -> tuple[Settings | None, list[str]]:
    """The settings, None where a value is impossible, and one line for each problem, without its value."""
    try:
        settings = Settings()
        preflight.check(settings)
    except ValidationError as error:
        known = [f"CSSS_{name}".upper() for name in Settings.model_fields]
        errors = error.errors(include_input=False, include_url=False)
        return None, [
            _complaint(one["type"], "_".join(map(str, one["loc"])).upper(), one["msg"], known) for one in errors
        ]
    except preflight.PreflightFailed as failed:
        return settings, [str(failed)]
    return settings, []


def clinic_data_folder() -> Path:
    """The data folder by CSSS_DATA or `.env`; needs no other setting to be right."""
    return DataFolder().data


class DataFolder(BaseSettings):
    """The one setting of commands that only read the folder."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore")

    data: Path = Path("data")


def _complaint(kind: str, name: str, message: str, known: Sequence[str]) -> str:
    match kind:
        case "extra_forbidden":
            [nearest] = get_close_matches(name, known, n=1, cutoff=0)
            return f"{name}: there is no such setting; is {nearest} meant?"
        case "missing":
            return f"CSSS_{name}: {MISSING}"
        case _:
            return f"CSSS_{name}: {message}" if name else message
