"""`csss report verify`: the signatures of a report."""

import json
import sys
from pathlib import Path
from typing import Annotated, Final

import typer
from cryptography.x509 import Certificate, load_pem_x509_certificate

from bot.cli.refusal import fail
from bot.cli.settings import clinic_data_folder
from reports.signing.verify import UnreadablePdf, check_signatures

NO_AUTHORITY: Final = "No authority is known here: name its certificate with --authority."
SIGNERS: Final = {"doctor", "pharmacist", "administrator"}


def verify(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="the PDF")],
    authority: Annotated[list[Path] | None, typer.Option("--authority", help="trust this certificate (PEM)")] = None,
    passphrase_stdin: Annotated[bool, typer.Option("--passphrase-stdin", help="read it from stdin")] = False,
    as_json: Annotated[bool, typer.Option("--json", help='{"ok", "signatures": [{"role", "name", "sound"}]}')] = False,
) -> None:
    """Check the three signatures of a report: exit code 1 when one is missing, not the clinic's, or broken by a change.

    Trusts this clinic's own authority unless another certificate is named, and says which it was. Writes nothing."""
    trusted = _authorities(authority or [])
    passphrase = sys.stdin.readline().strip() if passphrase_stdin else None
    try:
        signatures = check_signatures(file.read_bytes(), [one for one, _ in trusted], passphrase)
    except UnreadablePdf:
        fail("this is no PDF, or it is locked: give the passphrase with --passphrase-stdin")
    ok = {one.role for one in signatures if one.is_valid} >= SIGNERS and all(one.is_valid for one in signatures)
    named = [f"{one.subject.rfc4514_string()} ({source})" for one, source in trusted]
    if as_json:
        facts = [{"role": one.role, "name": one.name, "sound": one.is_valid} for one in signatures]
        typer.echo(json.dumps({"ok": ok, "signatures": facts, "authorities": named}, ensure_ascii=False))
    else:
        for one in signatures:
            typer.echo(f"{one.role}: {one.name} – {'sound' if one.is_valid else 'NOT SOUND'}")
        typer.echo("All three signatures are sound." if ok else "This report is not to be trusted.")
        typer.echo(f"Trusted: {', '.join(named)}." if named else NO_AUTHORITY)
    if not ok:
        raise typer.Exit(1)


def _authorities(files: list[Path]) -> list[tuple[Certificate, str]]:
    """The trusted certificates and where each comes from: the named files, else the clinic's, which are only read."""
    sources = files or sorted(clinic_data_folder().glob("signing/*.pem"))
    try:
        return [(load_pem_x509_certificate(file.read_bytes()), str(file)) for file in sources]
    except (OSError, ValueError):
        fail("an authority's certificate cannot be read: it must be a PEM file")
