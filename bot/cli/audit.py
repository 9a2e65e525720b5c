"""`csss audit`: verifies and exports the audit record."""

import csv
import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from bot.cli.database import audit_key, command_line_sessions, with_engine, with_session
from bot.observability.audit_anchor import Anchors, find_anchors, read_anchors
from bot.observability.audit_verification import VERIFIED_FILE, Way, outcome, store
from bot.secrets import anchor_key, secret_key
from bot.settings import Settings
from models.tables.audit import AuditRow
from workflow.audit import chain
from workflow.audit.fhir import audit_event
from workflow.audit.search import all_events
from workflow.audit.spreadsheet import spreadsheet_cell

app = typer.Typer(help="The audit record: verify it, export it.", no_args_is_help=True)


class Format(StrEnum):
    CSV = "csv"
    FHIR = "fhir"


@app.callback()
def audit() -> None:
    """The audit record: verify it, export it."""


@app.command()
def verify(
    as_json: Annotated[bool, typer.Option("--json", help='{"ok", "rows", "broken", "cut", "anchors", …}')] = False,
    kept: Annotated[
        Path | None, typer.Option("--anchors", help="Text with heads kept elsewhere: mails, a syslog server's file.")
    ] = None,
) -> None:
    """Walk the chain: ok, or the first broken row, or that its tail was cut. Exit code 1 when it is not whole."""
    outer = find_anchors(kept.read_text(encoding="utf-8", errors="replace")) if kept else []
    rows, fault, anchors = with_engine(partial(_verify, outer))
    if as_json:
        facts = {
            "ok": fault is None and not anchors.broken_line,
            "rows": rows,
            "broken": fault and fault.seq,
            "cut": bool(fault and fault.truncated),
            "anchors": len(anchors.known),
            "broken_anchor": anchors.broken_line or None,
            "outer_anchors": len(outer),
        }
        typer.echo(json.dumps(facts))
    elif fault is None:
        typer.echo(f"The audit chain is whole: {rows} rows.")
    elif fault.truncated:
        typer.echo(f"The audit chain was cut: row {fault.seq} and later ones, which an anchor knows, are gone.")
    else:
        typer.echo(f"The audit chain is broken at row {fault.seq}.")
    if not as_json:
        typer.echo(_vouching(rows, anchors))
        typer.echo(_outside(rows, outer))
    if fault is not None or anchors.broken_line:
        raise typer.Exit(1)


@app.command()
def export(
    output: Annotated[Path, typer.Option("-o", "--output", help="where it goes")],
    form: Annotated[Format, typer.Option(help="csv, or fhir: one R4 AuditEvent a line")] = Format.CSV,
) -> None:
    """Write the whole record to a file. The export is itself recorded."""
    rows = with_session(_export)
    with output.open("w", newline="", encoding="utf-8") as file:
        if form is Format.CSV:
            _write_csv(rows, file)
        else:
            _write_fhir(rows, file)
    typer.echo(f"{len(rows)} rows in {output}")


def _write_csv(rows: list[AuditRow], file: Any) -> None:  # noqa: ANN401 - a text file
    writer = csv.writer(file)
    writer.writerow(chain.HASHED_COLUMNS)
    writer.writerows([spreadsheet_cell(getattr(row, name)) for name in chain.HASHED_COLUMNS] for row in rows)


def _write_fhir(rows: list[AuditRow], file: Any) -> None:  # noqa: ANN401 - a text file
    for row in rows:
        file.write(json.dumps(audit_event(row), ensure_ascii=False) + "\n")


def _vouching(rows: int, anchors: Anchors) -> str:
    """One sentence about what vouches that no row was cut off the end."""
    if anchors.broken_line:
        return (
            f"Line {anchors.broken_line} of audit-anchors.txt is not as it was written: nothing from there on vouches."
        )
    if not anchors.known:
        return "No anchor vouches for the end of the chain: audit-anchors.txt is missing or empty."
    vouched = anchors.known[-1].seq
    return f"{len(anchors.known)} anchors, the newest of {anchors.since}, vouch for {vouched} of {rows} rows."


def _outside(rows: int, outer: Sequence[chain.Anchor]) -> str:
    """One sentence about heads that were kept outside the data folder."""
    if not outer:
        return "Nothing from outside the data folder vouches: give heads kept elsewhere with --anchors FILE."
    return f"{len(outer)} heads from outside the data folder vouch for {max(outer).seq} of {rows} rows."


async def _verify(
    outer: Sequence[chain.Anchor], settings: Settings, engine: AsyncEngine
) -> tuple[int, chain.ChainBreak | None, Anchors]:
    """The number of rows, the first break of the chain, and the anchors. The record's page shows the outcome."""
    key = anchor_key(secret_key(settings))
    async with command_line_sessions(settings, engine)() as session:
        anchors = read_anchors(settings.data / "audit-anchors.txt", key)
        fault = await chain.verify(session, audit_key(settings), [*anchors.known, *outer])
        rows = (await chain.head(session)).seq
    with suppress(OSError):  # of a copy that is kept read-only
        store(settings.data / VERIFIED_FILE, key, outcome(rows, fault, anchors, Way.COMMAND, datetime.now(UTC), outer))
    return rows, fault, anchors


async def _export(session: AsyncSession) -> list[AuditRow]:
    await chain.record(session, None, chain.AuditEvent("export", "audit", "all"), datetime.now(UTC))
    return [row async for row in all_events(session)]
