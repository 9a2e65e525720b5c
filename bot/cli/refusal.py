"""The exit of a command that cannot go on."""

from typing import NoReturn

import typer


def fail(sentence: str, code: int = 1) -> NoReturn:
    """Print one sentence on stderr that says what to do, and exit with `code`."""
    typer.secho(sentence, fg=typer.colors.RED, err=True)
    raise typer.Exit(code)
