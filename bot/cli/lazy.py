"""A command group that imports a command's module when the command is invoked or its own help is shown."""

import errno
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, ClassVar, Final, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from bot.cli.refusal import fail
from bot.observability.process_tuning import uncollected

EXTRAS: Final = {  # packages of the optional dependencies in pyproject.toml, by the name of their import
    "aiosmtpd": "demo",
    "data_store": "demo",
    "obstore": "s3",
    "opentelemetry": "traces",
    "psycopg": "postgres",
    "keras": "ml",
    "matplotlib": "ml",
    "sklearn": "ml",
    "tensorflow": "ml",
}
FILE_ERRORS: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}  # of a file that is open already


class LazyCommand(NamedTuple):
    """A command as the group lists it; `load` returns its function or Typer application."""

    load: Callable[[], Any]
    help: str
    hidden: bool = False


def from_module(target: str) -> Callable[[], Any]:
    """A loader for "module:attribute"."""
    module, _, attribute = target.partition(":")
    return lambda: getattr(import_module(module), attribute)


class LazyGroup(TyperGroup):
    """Lists the commands of `table` without importing them. Subclasses set `table`."""

    table: ClassVar[Mapping[str, LazyCommand]] = {}

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - Typer's arguments
        super().__init__(**options)
        for name, entry in self.table.items():
            self.add_command(TyperCommand(name, help=entry.help, hidden=entry.hidden))

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:  # noqa: ANN401 - Typer's own context
        name, command, rest = super().resolve_command(ctx, args)
        with uncollected():
            target = self.table[name or ""].load() if command else None
        return name, command and _build(name or "", target), rest

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - as above
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            extra = EXTRAS.get((error.name or "").partition(".")[0])
            if extra is None:
                raise
            fail(f"this command needs the `{extra}` extra: pip install '.[{extra}]'")
        except UnicodeError:
            fail("a text that was given, or a name that is to be shown, is not UTF-8: write it in UTF-8")
        except OSError as error:
            if error.filename is None and error.errno not in FILE_ERRORS:
                raise
            fail(f"the file {str(error.filename or '')[:200]!r} cannot be read or written: {error.strerror}")


def _build(name: str, target: Any) -> Any:  # noqa: ANN401 - a command of Typer
    """The command of a function or of a Typer application."""
    parent = typer.Typer(add_completion=False)
    if isinstance(target, typer.Typer):
        parent.add_typer(target, name=name)
    else:
        parent.command(name)(target)
    return typer.main.get_group(parent).commands[name]
