"""The `csss` command. Heavy parts are imported by the command that needs them."""

import sys
from importlib.metadata import entry_points, version
from typing import Annotated

import typer

from bot.cli import audit, classify, clinic, demo, faq, keys, mail, report
from bot.observability.process_tuning import be_thrifty

app = typer.Typer(
    name="csss",
    help="Clinical Scan Support System: a hospital's scan desk as a Telegram bot.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # they print values, and values may be what a patient wrote
)
app.command("demo")(demo.demo)
app.command("sandbox")(demo.sandbox)
app.command("run")(clinic.run)
app.command("invite")(clinic.invite)
app.add_typer(clinic.db, name="db")
app.add_typer(clinic.user, name="user")
app.command("classify")(classify.classify)
app.add_typer(faq.app, name="faq")
app.add_typer(report.app, name="report")
app.add_typer(audit.app, name="audit")
app.add_typer(keys.app, name="keys")
app.add_typer(mail.app, name="mail")
app.command("bench")(demo.bench)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("csss"))
        raise typer.Exit


@app.callback()
def csss(
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Clinical Scan Support System."""


def training() -> None:
    """How the model was made (needs the `ml` extra)."""


def main() -> None:
    """Training's commands come in by entry point, loaded only when one is called: they need TensorFlow."""
    be_thrifty()
    for entry in sorted(entry_points(group="csss.commands"), key=lambda entry: entry.name):
        command = entry.load() if sys.argv[1:2] == [entry.name] else training
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=entry.name)
        else:
            app.command(entry.name)(command)
    app()


if __name__ == "__main__":
    main()
