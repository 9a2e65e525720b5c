"""The `csss` command."""

from importlib.metadata import version
from typing import Annotated

import typer

from bot.cli.commands import RootGroup
from bot.observability.process_tuning import tune_process

app = typer.Typer(
    name="csss",
    cls=RootGroup,
    help="Clinical Scan Support System: a hospital's scan desk as a Telegram bot.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # they print local values, which may be what a patient wrote
)


def _print_version(requested: bool) -> None:
    if requested:
        typer.echo(version("csss"))
        raise typer.Exit


@app.callback()
def csss(
    _: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Clinical Scan Support System."""


def main() -> None:
    tune_process()
    app()


if __name__ == "__main__":
    main()
