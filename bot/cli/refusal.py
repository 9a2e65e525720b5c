"""How a command says that it cannot go on."""

from typing import NoReturn

import typer


def fail(sentence: str) -> NoReturn:
    """One sentence on stderr that says what to do, and exit code 1."""
    typer.secho(sentence, fg=typer.colors.RED, err=True)
    raise typer.Exit(1)
