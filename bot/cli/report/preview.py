"""`csss report preview`: a report before its release, marked as a draft."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from bot.app import NotUpgraded, build_app
from bot.cli.database import with_session
from bot.cli.refusal import fail
from bot.cli.settings import settings_or_exit
from bot.jobs.issue_report import build_draft
from inference.errors import BundleError
from models.tables.scans import Scan
from models.vocabulary import Language
from reports.content.sample import full_sample, sample
from reports.pdf.render import render
from workflow.actors import SYSTEM
from workflow.audit import chain
from workflow.errors import NotFound, StaleAction
from workflow.reporting.builder import is_preliminary

MAX_ID: Final = 2**31 - 1  # the range of the column


def preview(
    output: Annotated[Path, typer.Option("-o", "--output", help="where the PDF goes")],
    scan_id: Annotated[int | None, typer.Argument(min=1, max=MAX_ID, help="a scan of this clinic")] = None,
    use_sample: Annotated[bool, typer.Option("--sample", help="a made-up report of made-up people")] = False,
    lang: Annotated[
        str | None, typer.Option(help="the sample's language: en, ta or hi; a scan's is its patient's")
    ] = None,
    uncertain: Annotated[bool, typer.Option("--uncertain", help="the sample with an unsure computer")] = False,
    full: Annotated[bool, typer.Option("--full", help="the sample with every optional part")] = False,
) -> None:
    """Write a report as a watermarked PDF: a scan's as it stands, preliminary once signed; or a draft of a sample."""
    if use_sample is (scan_id is not None):
        raise typer.BadParameter("give a scan's number or --sample", param_hint="SCAN_ID")
    if scan_id is not None and (lang or uncertain or full):
        raise typer.BadParameter("--lang, --uncertain and --full are for the sample", param_hint="SCAN_ID")
    pdf = _render_sample(lang or "en", uncertain, full) if scan_id is None else asyncio.run(_render(scan_id))
    if scan_id is not None:
        with_session(partial(_record, scan_id))
    output.write_bytes(pdf)
    typer.echo(str(output))


async def _render(scan_id: int) -> bytes:
    try:
        async with build_app(settings_or_exit()) as app:
            await app.check()
            return render(await build_draft(app.services, scan_id))
    except (NotUpgraded, BundleError) as refused:
        fail(str(refused))
    except NotFound:
        fail(f"there is no scan {scan_id}")
    except StaleAction:
        fail(f"scan {scan_id} has not been analysed yet: there is nothing to print")


async def _record(scan_id: int, session: AsyncSession) -> None:
    """Record in the audit chain that health data was read at the command line."""
    scan = await session.get_one(Scan, scan_id)
    view = "preliminary" if is_preliminary(scan) else "draft"
    await chain.record_read(session, SYSTEM, scan, view, datetime.now(UTC))


def _render_sample(lang: str, uncertain: bool, full: bool) -> bytes:
    if lang not in set(Language):
        raise typer.BadParameter(f"choose one of {', '.join(Language)}", param_hint="--lang")
    document = (full_sample if full else sample)(datetime.now(UTC), Language(lang), uncertain)
    return render(replace(document, stamp=replace(document.stamp, draft=True)))
