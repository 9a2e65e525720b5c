"""`csss user` and `csss invite`: accounts and invitations."""

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from bot.cli.database import with_session
from bot.cli.refusal import fail
from bot.cli.settings import settings_or_exit
from bot.secrets import secret_key
from models.vocabulary import Role
from workflow.accounts import authenticators, invitations
from workflow.accounts.chats import sign_in
from workflow.accounts.passwords import MIN_LENGTH, hash_password
from workflow.accounts.registration import Person, add_staff
from workflow.errors import CodeSpent, NotFound, WeakPassword
from workflow.permissions import STAFF

app = typer.Typer(help="Accounts.", no_args_is_help=True)


@app.callback()
def user() -> None:
    """Accounts."""


@app.command()
def add(
    name: Annotated[str, typer.Option(prompt=True, help="Full name, as printed on reports.")],
    email: Annotated[str, typer.Option(prompt=True, help="Address for /link and for one-time codes.")],
    role: Annotated[str, typer.Option(help="administrator, doctor, pharmacist or patient.")] = "administrator",
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from stdin.")] = False,
) -> None:
    """Add an account; the first administrator comes from here. The person then types /link in the chat."""
    if role not in set(Role) - {Role.SYSTEM}:
        fail(f"no such role: {role}")
    if password_stdin:
        password = sys.stdin.readline().rstrip("\n")
    else:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    try:
        person = Person(name, email.strip().lower(), hash_password(password))
    except WeakPassword:
        fail(f"that password is too easy to guess: take {MIN_LENGTH} characters or more, not a common word")
    with_session(lambda session: add_staff(session, person, Role(role), datetime.now(UTC)), taken=email)
    typer.echo(f"{name} is {role}. In the chat: /link, then {email}, the password and, for staff, the mailed code.")
    typer.echo(f"Where no mail arrives: csss user sign-in-code {email}")


@app.command(name="reset-authenticator")
def reset_authenticator(email: Annotated[str, typer.Argument(help="The account's address.")]) -> None:
    """Remove a lost authenticator app: identify the person first; their codes come by mail from then on."""
    try:
        removed = with_session(lambda session: authenticators.reset(session, email.strip(), datetime.now(UTC)))
    except NotFound:
        fail(f"there is no account with {email}")
    if not removed:
        fail(f"{email} has no authenticator app")
    typer.echo(f"{email} has no authenticator app any more and hears of it in chat and by mail.")


@app.command(name="sign-in-code")
def sign_in_code(email: Annotated[str, typer.Argument(help="The account's address.")]) -> None:
    """Print the code for a member of staff who waits for it in the chat and gets no mail: identify the person first."""
    key = secret_key(settings_or_exit())
    try:
        digits = with_session(lambda session: sign_in.issue_code(session, email.strip(), key, datetime.now(UTC)))
    except NotFound:
        fail(f"there is no account with {email}")
    except CodeSpent:
        fail(f"nobody waits for a code of {email}: type /link, the address and the password in the chat first")
    typer.echo(digits)


def invite(
    role: Annotated[str, typer.Option(help="doctor, pharmacist or administrator.")],
    email: Annotated[str, typer.Option(prompt=True, help="Address of the person invited; no other can use the link.")],
    bot_name: Annotated[str, typer.Option("--bot", help="The bot's user name, for the whole link.")] = "",
) -> None:
    """Create a one-time invitation of one person to the staff, valid for three days."""
    if role not in STAFF:
        fail(f"no such staff role: {role}")
    token = invitations.new_token()
    plan = invitations.PlannedInvite(Role(role), email.strip().lower(), token)
    with_session(lambda session: invitations.create_invite(session, None, plan, datetime.now(UTC)))
    typer.echo(f"https://t.me/{bot_name}?start=join_{token}" if bot_name else f"/start join_{token}")
