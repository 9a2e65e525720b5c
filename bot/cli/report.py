"""`csss report`: a report as the patient would hold it, marked DRAFT; and whether a report is as it was signed."""

import asyncio
import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bot.cli.clinic import settings_or_exit, with_session
from bot.cli.refusal import fail

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from sqlalchemy.ext.asyncio import AsyncSession

SIGNERS: Final = {"doctor", "pharmacist", "administrator"}
app = typer.Typer(help="Reports on paper.", no_args_is_help=True)


@app.callback()
def report() -> None:
    """Reports on paper."""


@app.command()
def preview(
    output: Annotated[Path, typer.Option("-o", "--output", help="where the PDF goes")],
    scan_id: Annotated[int | None, typer.Argument(min=1, help="a scan of this clinic")] = None,
    sample: Annotated[bool, typer.Option("--sample", help="a made-up report of made-up people")] = False,
    lang: Annotated[
        str | None, typer.Option(help="the sample's language: en, ta or hi; a scan's is its patient's")
    ] = None,
    uncertain: Annotated[bool, typer.Option("--uncertain", help="the sample with an unsure computer")] = False,
    full: Annotated[bool, typer.Option("--full", help="the sample with every optional part")] = False,
) -> None:
    """Write a report as a watermarked PDF: a scan's as it stands, preliminary once signed; or a draft of a sample."""
    if sample is (scan_id is not None):
        raise typer.BadParameter("give a scan's number or --sample", param_hint="SCAN_ID")
    if scan_id is not None and (lang or uncertain or full):
        raise typer.BadParameter("--lang, --uncertain and --full are for the sample", param_hint="SCAN_ID")
    pdf = _draw_sample(lang or "en", uncertain, full) if scan_id is None else asyncio.run(_draw(scan_id))
    if scan_id is not None:
        with_session(partial(_note, scan_id))
    try:
        output.write_bytes(pdf)
    except OSError as error:
        fail(f"the PDF cannot be written: {error.strerror}")
    typer.echo(str(output))


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="the PDF")],
    authority: Annotated[list[Path] | None, typer.Option("--authority", help="trust this certificate (PEM)")] = None,
    passphrase_stdin: Annotated[bool, typer.Option("--passphrase-stdin", help="read it from stdin")] = False,
    as_json: Annotated[bool, typer.Option("--json", help='{"ok", "signatures": [{"role", "name", "sound"}]}')] = False,
) -> None:
    """Check the three signatures of a report: exit code 1 when one is missing, not the clinic's, or broken by a change.

    Trusts this clinic's own authority unless another certificate is named."""
    from reports.signing.verify import Unreadable, check  # noqa: PLC0415  # as below

    passphrase = sys.stdin.readline().strip() if passphrase_stdin else None
    try:
        found = check(file.read_bytes(), _authorities(authority or []), passphrase)
    except Unreadable:
        fail("this is no PDF, or it is locked: give the passphrase with --passphrase-stdin")
    ok = {one.role for one in found if one.sound} >= SIGNERS and all(one.sound for one in found)
    if as_json:
        typer.echo(json.dumps({"ok": ok, "signatures": [one._asdict() for one in found]}, ensure_ascii=False))
    else:
        for one in found:
            typer.echo(f"{one.role}: {one.name} – {'sound' if one.sound else 'NOT SOUND'}")
        typer.echo("All three signatures are sound." if ok else "This report is not to be trusted.")
    if not ok:
        raise typer.Exit(1)


def _authorities(files: list[Path]) -> "list[Certificate]":
    from cryptography.x509 import load_pem_x509_certificate  # noqa: PLC0415  # as below

    from bot.secrets import signing_keys  # noqa: PLC0415  # as below
    from reports.signing.keyring import trusted  # noqa: PLC0415  # as below

    if files:
        return [load_pem_x509_certificate(file.read_bytes()) for file in files]
    return trusted(signing_keys(settings_or_exit()))


async def _draw(scan_id: int) -> bytes:
    from bot.app import NotUpgraded, build_app  # noqa: PLC0415  # it loads the model; a sample needs none
    from bot.jobs.issue_report import draft  # noqa: PLC0415  # as above
    from inference.errors import BundleError  # noqa: PLC0415  # as above
    from reports.pdf.render import render  # noqa: PLC0415  # as above
    from workflow.errors import NotFound, StaleAction  # noqa: PLC0415  # as above

    try:
        async with build_app(settings_or_exit()) as app:
            await app.check()
            return render(await draft(app.clinic, scan_id))
    except (NotUpgraded, BundleError) as refused:
        fail(str(refused))
    except NotFound:
        fail(f"there is no scan {scan_id}")
    except StaleAction:
        fail(f"scan {scan_id} has not been analysed yet: there is nothing to print")


async def _note(scan_id: int, session: "AsyncSession") -> None:
    """Whoever sits at the machine sees health data, too."""
    from models.tables.scans import Scan  # noqa: PLC0415  # as above
    from workflow.actors import SYSTEM  # noqa: PLC0415  # as above
    from workflow.audit import chain  # noqa: PLC0415  # as above
    from workflow.reporting.builder import is_preliminary  # noqa: PLC0415  # as above

    scan = await session.get_one(Scan, scan_id)
    await chain.look(session, SYSTEM, scan, "preliminary" if is_preliminary(scan) else "draft", datetime.now(UTC))


def _draw_sample(lang: str, uncertain: bool, full: bool) -> bytes:
    from reports.content.document import (  # noqa: PLC0415  # WeasyPrint takes a second; other commands need none
        Language,
    )
    from reports.content.sample import full_sample, sample  # noqa: PLC0415  # as above
    from reports.pdf.render import render  # noqa: PLC0415  # as above

    if lang not in set(Language):
        raise typer.BadParameter(f"choose one of {', '.join(Language)}", param_hint="--lang")
    document = (full_sample if full else sample)(datetime.now(UTC), Language(lang), uncertain)
    return render(replace(document, stamp=replace(document.stamp, draft=True)))
