"""`csss run`, `csss db`, `csss user`, `csss invite`: a clinic's own commands."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from bot.cli.refusal import fail

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

    from bot.settings import Settings

db = typer.Typer(help="The database.", no_args_is_help=True)
user = typer.Typer(help="Accounts.", no_args_is_help=True)
Result = TypeVar("Result")
MISSING = "is not set; give it in the environment or in a file .env here"


def run() -> None:
    """Run the bot: polling by default, webhook when CSSS_WEBHOOK_URL is set."""
    from aiogram.exceptions import TelegramUnauthorizedError  # noqa: PLC0415 - seconds, for who only asks for --help
    from aiogram.utils.token import TokenValidationError  # noqa: PLC0415

    from bot.app import NotUpgraded  # noqa: PLC0415
    from bot.observability.logs import set_up  # noqa: PLC0415
    from inference.errors import BundleError  # noqa: PLC0415

    settings = settings_or_exit()
    set_up(settings.log)
    try:
        with asyncio.Runner() as runner:
            runner.run(_run(settings))
    except* (TelegramUnauthorizedError, TokenValidationError):
        fail("Telegram does not know this CSSS_BOT_TOKEN: copy it again from @BotFather")
    except* (NotUpgraded, BundleError) as refused:
        fail(str(refused.exceptions[0]))


async def _run(settings: "Settings") -> None:
    from bot.app import build_app  # noqa: PLC0415

    stop = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    async with build_app(settings) as app:
        await app.run(stop, lambda _: None)


@db.callback()
def _db() -> None:
    """The database."""


@db.command()
def upgrade() -> None:
    """Bring the database and the stored files to what this program expects; safe to repeat."""
    from bot.secrets import derive, master_keys, secret_key  # noqa: PLC0415
    from models.crypto.vault import Vault  # noqa: PLC0415
    from models.post_upgrade import scrub, seal_files  # noqa: PLC0415
    from models.schema import upgrade as migrate  # noqa: PLC0415
    from workflow.audit.chain import Source, audited  # noqa: PLC0415

    settings = settings_or_exit()
    masters = master_keys(settings)

    async def work(engine: "AsyncEngine") -> None:
        changed = await migrate(engine, masters)
        async with audited(engine, derive(secret_key(settings), "audit"), Source.COMMAND_LINE, masters)() as session:
            await seal_files(session, Vault(settings.data / "vault"))
        if changed:
            await scrub(engine)

    _with_engine(work)
    typer.echo("The database is up to date.")


@user.callback()
def _user() -> None:
    """Accounts."""


@user.command()
def add(
    name: Annotated[str, typer.Option(prompt=True, help="Full name, as printed on reports.")],
    email: Annotated[str, typer.Option(prompt=True, help="Address for /link and for one-time codes.")],
    role: Annotated[str, typer.Option(help="administrator, doctor, pharmacist or patient.")] = "administrator",
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from stdin.")] = False,
) -> None:
    """Add an account; the first administrator comes from here. The person then types /link in the chat."""
    from datetime import UTC, datetime  # noqa: PLC0415

    from models.tables.people import Role  # noqa: PLC0415
    from workflow.accounts.passwords import SHORTEST, hash_password  # noqa: PLC0415
    from workflow.accounts.registration import Person, add_staff  # noqa: PLC0415
    from workflow.errors import WeakPassword  # noqa: PLC0415

    if role not in set(Role) - {Role.SYSTEM}:
        fail(f"no such role: {role}")
    typed = (
        sys.stdin.readline().rstrip("\n")
        if password_stdin
        else typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    )
    try:
        person = Person(name, email.strip().lower(), hash_password(typed))
    except WeakPassword:
        fail(f"that password is too easy to guess: take {SHORTEST} characters or more, not a common word")
    with_session(lambda session: add_staff(session, person, Role(role), datetime.now(UTC)), taken=email)
    typer.echo(f"{name} is {role}. In the chat: /link, then {email} and the password.")


@user.command(name="reset-authenticator")
def reset_authenticator(email: Annotated[str, typer.Argument(help="The account's address.")]) -> None:
    """For who has lost the app and all recovery codes: make sure who asks; codes come by mail from then on."""
    from datetime import UTC, datetime  # noqa: PLC0415

    from workflow.accounts.authenticators import reset  # noqa: PLC0415
    from workflow.errors import NotFound  # noqa: PLC0415

    try:
        there = with_session(lambda session: reset(session, email.strip(), datetime.now(UTC)))
    except NotFound:
        fail(f"there is no account with {email}")
    if not there:
        fail(f"{email} has no authenticator app")
    typer.echo(f"{email} has no authenticator app any more and hears of it in chat and by mail.")


def invite(
    role: Annotated[str, typer.Option(help="doctor, pharmacist or administrator.")],
    bot_name: Annotated[str, typer.Option("--bot", help="The bot's user name, for the whole link.")] = "",
) -> None:
    """Make a one-time way into the staff, good for three days."""
    from datetime import UTC, datetime  # noqa: PLC0415

    from models.tables.people import Role  # noqa: PLC0415
    from workflow.accounts.registration import invite as make  # noqa: PLC0415
    from workflow.permissions import STAFF  # noqa: PLC0415

    if role not in STAFF:
        fail(f"no such staff role: {role}")
    token = with_session(lambda session: make(session, None, Role(role), datetime.now(UTC)))
    typer.echo(f"https://t.me/{bot_name}?start=join_{token}" if bot_name else f"/start join_{token}")


def settings_or_exit() -> "Settings":
    """The settings, or one line for each that is missing or wrong, without its value."""
    from pydantic import ValidationError  # noqa: PLC0415

    from bot.settings import Settings  # noqa: PLC0415

    try:
        return Settings()
    except ValidationError as error:
        known = [f"CSSS_{name}".upper() for name in Settings.model_fields]
        for one in error.errors(include_input=False, include_url=False):
            typer.echo(_complaint(one["type"], "_".join(map(str, one["loc"])).upper(), one["msg"], known), err=True)
        raise typer.Exit(2) from None


def _complaint(kind: str, name: str, wrong: str, known: Sequence[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - as above

    match kind:
        case "extra_forbidden":
            [meant] = get_close_matches(name, known, n=1, cutoff=0)
            return f"{name}: there is no such setting; is {meant} meant?"
        case "missing":
            return f"CSSS_{name}: {MISSING}"
        case _:
            return f"CSSS_{name}: {wrong}" if name else wrong


def _with_engine(work: "Callable[[AsyncEngine], Awaitable[Result]]") -> Result:
    from models.base import connect  # noqa: PLC0415

    settings = settings_or_exit()
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def once() -> Result:
        engine = connect(settings.database_url)
        try:
            return await work(engine)
        finally:
            await engine.dispose()

    return asyncio.run(once())


def with_session(work: "Callable[[AsyncSession], Awaitable[Result]]", taken: str = "") -> Result:
    from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError  # noqa: PLC0415

    from bot.secrets import derive, master_keys, secret_key  # noqa: PLC0415
    from workflow.audit.chain import Source, audited  # noqa: PLC0415

    settings = settings_or_exit()
    key, masters = derive(secret_key(settings), "audit"), master_keys(settings)

    async def once(engine: "AsyncEngine") -> Result:
        async with audited(engine, key, Source.COMMAND_LINE, masters).begin() as session:
            return await work(session)

    try:
        return _with_engine(once)
    except IntegrityError:
        fail(f"there is an account with {taken} already")
    except (OperationalError, ProgrammingError):
        fail("the database cannot be used: run `csss db upgrade` first, and look at CSSS_DATABASE")
