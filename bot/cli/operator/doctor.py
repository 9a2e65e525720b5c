"""`csss doctor`: what is in order, what is not, and the next step."""

import asyncio
import json
from collections.abc import Mapping
from typing import Annotated, Final

import typer

from bot.cli.settings import read_settings
from bot.self_check.checks import run_checks
from bot.self_check.outcome import Level, Outcome, green, red

COLOURS: Final = {Level.GREEN: typer.colors.GREEN, Level.YELLOW: typer.colors.YELLOW, Level.RED: typer.colors.RED}
SETTINGS_PAGE: Final = "Put it right in the environment or in .env; docs/settings.md lists every setting."


def doctor(
    as_json: Annotated[
        bool, typer.Option("--json", help='{"level", "checks": [{"check", "level", "state", "action"}]}')
    ] = False,
) -> None:
    """Check settings, data, machine and services; nothing is changed or sent. Exit code 1 where a check is red."""
    settings, problems = read_settings()
    outcomes = {"settings": red("; ".join(problems), SETTINGS_PAGE) if problems else green("every value is possible")}
    if settings is not None:
        outcomes |= asyncio.run(run_checks(settings))
    worst = max((one.level for one in outcomes.values()), key=list(Level).index)
    if as_json:
        checks = [{"check": name, **one._asdict()} for name, one in outcomes.items()]
        typer.echo(json.dumps({"level": worst, "checks": checks}, ensure_ascii=False))
    else:
        _print(outcomes)
    raise typer.Exit(int(worst is Level.RED))


def _print(outcomes: Mapping[str, Outcome]) -> None:
    for name, one in outcomes.items():
        typer.echo(f"{typer.style(f'{one.level:6}', fg=COLOURS[one.level])}  {name:13} {one.state}")
        if one.action:
            typer.echo(f"{'':23}→ {one.action}")
    counts = ", ".join(f"{sum(one.level is level for one in outcomes.values())} {level}" for level in Level)
    typer.echo(f"\n{counts}.")
