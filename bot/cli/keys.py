"""`csss keys`: the certificate authority, the staff's signing keys, and the master key."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import typer
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate
from cryptography.x509.oid import NameOID
from sqlalchemy.ext.asyncio import AsyncSession

from bot.cli.database import with_session
from bot.cli.refusal import fail
from bot.cli.settings import settings_or_exit
from bot.secrets import MASTER_FILE, drop_old_keys, prepend_new_key, signing_keys
from models.crypto.keys import KEKS, KeyLost, rewrap
from models.vocabulary import Role
from reports.signing import keyring
from reports.signing.authority import certificate, fingerprint
from reports.signing.signers import Holder, Signer
from workflow.audit.chain import AuditEvent, record
from workflow.scans.queries import staff_accounts

app = typer.Typer(help="Signing keys and the master key.", no_args_is_help=True)

UNREADABLE: Final = (
    "the authority's key does not open: is CSSS_SECRET_KEY another one? `csss keys renew` founds a new authority"
)


class KeyLine(NamedTuple):
    """One key in the list."""

    key: str
    holder: str
    until: str
    fingerprint: str


@app.callback()
def keys() -> None:
    """Signing keys and the master key."""


@app.command()
def issue() -> None:
    """Make a signing key for everybody of the staff who has none. Without this it is made with their first report."""
    folder = signing_keys(settings_or_exit())
    try:
        for signer in _staff():
            keyring.signing_key(folder, signer)
    except keyring.AuthorityUnreadable:
        fail(UNREADABLE)
    show()


@app.command(name="list")
def show(as_json: Annotated[bool, typer.Option("--json", help="a line for each key")] = False) -> None:
    """List the authority and everybody's key: holder, expiry and SHA-256 fingerprint."""
    for line in _lines():
        typer.echo(json.dumps(line._asdict(), ensure_ascii=False) if as_json else "  ".join(line))


@app.command()
def authority(output: Annotated[Path, typer.Option("-o", "--output", help="where the certificate goes (PEM)")]) -> None:
    """Write the authority's certificate: a PDF reader that trusts it shows the reports' signatures as trusted."""
    settings = settings_or_exit()
    try:
        own = certificate(keyring.authority(signing_keys(settings), settings.hospital))
    except keyring.AuthorityUnreadable:
        fail(UNREADABLE)
    output.write_bytes(own.public_bytes(Encoding.PEM))
    typer.echo(f"{output}: SHA-256 {fingerprint(own)}")


@app.command()
def renew(yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False) -> None:
    """Found a new authority; everybody gets a new key. Old reports stay valid: the old certificate is kept."""
    settings = settings_or_exit()
    if not yes:
        typer.confirm("Every signing key is replaced, and readers must trust a new certificate. Go on?", abort=True)
    keyring.renew(signing_keys(settings), settings.hospital)
    with_session(_record_renewal)
    issue()


@app.command()
def rotate() -> None:
    """Rewrap every person's data key with a new master key, while the bot runs. Safe to repeat and to interrupt."""
    settings = settings_or_exit()
    in_file = settings.master_key is None
    if in_file:
        prepend_new_key(settings.data / MASTER_FILE)
    try:
        count = with_session(_rewrap)
    except KeyLost:
        fail("a key was wrapped by a master key that is not at hand: put the older one behind it, after a comma")
    if in_file:
        drop_old_keys(settings.data / MASTER_FILE)
    typer.echo(f"{count} keys are wrapped anew. " + ("" if in_file else "Take the older key out of CSSS_MASTER_KEY."))


async def _rewrap(session: AsyncSession) -> int:
    count = await rewrap(session, session.info[KEKS])
    await record(session, None, AuditEvent("rotate", "setting", "master key"), datetime.now(UTC))
    return count


async def _record_renewal(session: AsyncSession) -> None:
    await record(session, None, AuditEvent("renew", "setting", "signing authority"), datetime.now(UTC))


def _staff() -> list[Signer]:
    """A signer for each staff role of each account."""
    hospital = settings_or_exit().hospital
    return [
        Signer(role.value, one.id, Holder(one.name, hospital, role.value, one.registration_number_as(role)), "")
        for one in with_session(staff_accounts)
        for role in one.roles
        if role is not Role.PATIENT
    ]


def _lines() -> Iterator[KeyLine]:
    folder = signing_keys(settings_or_exit())
    for own in keyring.trusted_certificates(folder):
        yield _line("authority", own)
    for key, issued in keyring.signer_certificates(folder):
        yield _line(key, issued)


def _line(key: str, issued: Certificate) -> KeyLine:
    [name] = issued.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return KeyLine(key, str(name.value), f"{issued.not_valid_after_utc:%Y-%m-%d}", fingerprint(issued))
