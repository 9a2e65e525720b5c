"""`csss keys`: the clinic's certificate authority, the keys with which its people sign reports, the master key."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from bot.cli.clinic import settings_or_exit, with_session
from bot.cli.refusal import fail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography.x509 import Certificate
    from sqlalchemy.ext.asyncio import AsyncSession

    from reports.signing.signers import Hand

app = typer.Typer(help="Keys of the clinic and of its people.", no_args_is_help=True)

LOST = "the authority's key does not open: is CSSS_SECRET_KEY another one? `csss keys renew` founds a new authority"


class Line(NamedTuple):
    """One key as a table or a script shows it."""

    key: str
    holder: str
    until: str
    fingerprint: str


@app.callback()
def keys() -> None:
    """Keys of the clinic and of its people."""


@app.command()
def issue() -> None:
    """Make a signing key for everybody of the staff who has none. Without this it is made with their first report."""
    from bot.secrets import signing_keys  # noqa: PLC0415 - seconds, for who only asks for --help
    from reports.signing.keyring import LostAuthority, key_of  # noqa: PLC0415

    folder = signing_keys(settings_or_exit())
    try:
        for hand in _staff():
            key_of(folder, hand)
    except LostAuthority:
        fail(LOST)
    show()


@app.command(name="list")
def show(as_json: Annotated[bool, typer.Option("--json", help="a line for each key")] = False) -> None:
    """The authority and everybody's key: whose, until when, and its SHA-256 fingerprint."""
    for line in _lines():
        typer.echo(json.dumps(line._asdict(), ensure_ascii=False) if as_json else "  ".join(line))


@app.command()
def authority(output: Annotated[Path, typer.Option("-o", "--output", help="where the certificate goes (PEM)")]) -> None:
    """Write the authority's certificate: a PDF reader that trusts it shows the reports' signatures as trusted."""
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415 - as above

    from bot.secrets import signing_keys  # noqa: PLC0415
    from reports.signing.authority import certificate, fingerprint  # noqa: PLC0415
    from reports.signing.keyring import LostAuthority  # noqa: PLC0415
    from reports.signing.keyring import authority as found  # noqa: PLC0415

    settings = settings_or_exit()
    try:
        own = certificate(found(signing_keys(settings), settings.hospital))
    except LostAuthority:
        fail(LOST)
    output.write_bytes(own.public_bytes(Encoding.PEM))
    typer.echo(f"{output}: SHA-256 {fingerprint(own)}")


@app.command()
def renew(yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False) -> None:
    """Found a new authority; everybody gets a new key. Old reports stay good: the old certificate is kept."""
    from bot.secrets import signing_keys  # noqa: PLC0415 - as above
    from reports.signing.keyring import renew as anew  # noqa: PLC0415

    settings = settings_or_exit()
    if not yes:
        typer.confirm("Every signing key is replaced, and readers must trust a new certificate. Go on?", abort=True)
    anew(signing_keys(settings), settings.hospital)
    with_session(_note_renewal)
    issue()


@app.command()
def rotate() -> None:
    """Wrap every person's key anew; the bot may go on working. Safe to repeat, and to break off."""
    from datetime import UTC, datetime  # noqa: PLC0415

    from bot.secrets import MASTER_FILE, retire_old, rotate_file  # noqa: PLC0415
    from models.crypto.keys import MASTERS, KeyLost, rewrap  # noqa: PLC0415
    from workflow.audit.chain import Entry, note  # noqa: PLC0415

    settings = settings_or_exit()
    ours = settings.master_key is None
    if ours:
        rotate_file(settings.data / MASTER_FILE)

    async def work(session: "AsyncSession") -> int:
        count = await rewrap(session, session.info[MASTERS])
        await note(session, None, Entry("rotate", "setting", "master key"), datetime.now(UTC))
        return count

    try:
        count = with_session(work)
    except KeyLost:
        fail("a key was wrapped by a master key that is not at hand: put the older one behind it, after a comma")
    if ours:
        retire_old(settings.data / MASTER_FILE)
    typer.echo(f"{count} keys are wrapped anew. " + ("" if ours else "Take the older key out of CSSS_MASTER_KEY."))


async def _note_renewal(session: "AsyncSession") -> None:
    from datetime import UTC, datetime  # noqa: PLC0415 - as above

    from workflow.audit.chain import Entry, note  # noqa: PLC0415

    await note(session, None, Entry("renew", "setting", "signing authority"), datetime.now(UTC))


def _staff() -> "list[Hand]":
    from models.tables.people import Role  # noqa: PLC0415 - as above
    from reports.signing.signers import Hand, Holder  # noqa: PLC0415
    from workflow.scans.queries import staff  # noqa: PLC0415

    hospital = settings_or_exit().hospital
    return [
        Hand(role.value, one.id, Holder(one.name, hospital, role.value, one.number_as(role)), "")
        for one in with_session(staff)
        for role in one.roles
        if role is not Role.PATIENT
    ]


def _lines() -> "Iterator[Line]":
    from bot.secrets import signing_keys  # noqa: PLC0415 - as above
    from reports.signing.keyring import people, trusted  # noqa: PLC0415

    folder = signing_keys(settings_or_exit())
    for own in trusted(folder):
        yield _line("authority", own)
    for key, found in people(folder):
        yield _line(key, found)


def _line(key: str, found: "Certificate") -> Line:
    from cryptography.x509.oid import NameOID  # noqa: PLC0415 - as above

    from reports.signing.authority import fingerprint  # noqa: PLC0415

    [name] = found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return Line(key, str(name.value), f"{found.not_valid_after_utc:%Y-%m-%d}", fingerprint(found))
