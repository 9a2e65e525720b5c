"""`csss audit`: is the record whole, and what does it say?"""

import asyncio
import csv
import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.clinic import settings_or_exit

if TYPE_CHECKING:
    from models.tables.audit import AuditRow
    from workflow.audit.chain import Fault

app = typer.Typer(help="The record of every look and act.", no_args_is_help=True)


class Form(StrEnum):
    CSV = "csv"
    FHIR = "fhir"


@app.callback()
def audit() -> None:
    """The record of every look and act."""


@app.command()
def verify(as_json: Annotated[bool, typer.Option("--json", help='{"ok", "rows", "broken", "cut"}')] = False) -> None:
    """Walk the chain: ok, or the first broken row, or that its tail was cut. Exit code 1 when it is not whole."""
    rows, fault = asyncio.run(_verify())
    if as_json:
        typer.echo(
            json.dumps(
                {"ok": fault is None, "rows": rows, "broken": fault and fault.seq, "cut": bool(fault and fault.cut)}
            )
        )
    elif fault is None:
        typer.echo(f"The audit chain is whole: {rows} rows.")
    elif fault.cut:
        typer.echo(f"The audit chain was cut: row {fault.seq} and later ones, which an anchor knows, are gone.")
    else:
        typer.echo(f"The audit chain is broken at row {fault.seq}.")
    if fault is not None:
        raise typer.Exit(1)


@app.command()
def export(
    output: Annotated[Path, typer.Option("-o", "--output", help="where it goes")],
    form: Annotated[Form, typer.Option(help="csv, or fhir: one R4 AuditEvent a line")] = Form.CSV,
) -> None:
    """Write the whole record to a file. The export is itself recorded."""
    rows = asyncio.run(_export())
    with output.open("w", newline="", encoding="utf-8") as file:
        if form is Form.CSV:
            _write_csv(rows, file)
        else:
            _write_fhir(rows, file)
    typer.echo(f"{len(rows)} rows in {output}")


def _write_csv(rows: "list[AuditRow]", file: Any) -> None:  # noqa: ANN401 - a text file
    from workflow.audit.chain import SEALED  # noqa: PLC0415

    writer = csv.writer(file)
    writer.writerow(SEALED)
    writer.writerows([_cell(getattr(row, name)) for name in SEALED] for row in rows)


def _write_fhir(rows: "list[AuditRow]", file: Any) -> None:  # noqa: ANN401 - a text file
    from workflow.audit.fhir import audit_event  # noqa: PLC0415

    for row in rows:
        file.write(json.dumps(audit_event(row), ensure_ascii=False) + "\n")


def _cell(value: object) -> str:
    """A spreadsheet takes what begins with one of these for a formula (OWASP, CSV injection)."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


async def _verify() -> "tuple[int, Fault | None]":
    from bot.observability.audit_anchor import read_anchors  # noqa: PLC0415
    from bot.secrets import derive, master_keys, secret_key  # noqa: PLC0415
    from models.base import connect  # noqa: PLC0415
    from workflow.audit.chain import Source, audited, head  # noqa: PLC0415
    from workflow.audit.chain import verify as walk  # noqa: PLC0415

    settings = settings_or_exit()
    engine, key = connect(settings.database_url), derive(secret_key(settings), "audit")
    try:
        async with audited(engine, key, Source.COMMAND_LINE, master_keys(settings))() as session:
            fault = await walk(session, key, read_anchors(settings.data / "audit-anchors.txt"))
            return (await head(session)).seq, fault
    finally:
        await engine.dispose()


async def _export() -> "list[AuditRow]":
    from datetime import UTC, datetime  # noqa: PLC0415

    from bot.secrets import derive, master_keys, secret_key  # noqa: PLC0415
    from models.base import connect  # noqa: PLC0415
    from workflow.audit.chain import Entry, Source, audited, everything, note  # noqa: PLC0415

    settings = settings_or_exit()
    engine, key = connect(settings.database_url), derive(secret_key(settings), "audit")
    try:
        async with audited(engine, key, Source.COMMAND_LINE, master_keys(settings)).begin() as session:
            await note(session, None, Entry("export", "audit", "all"), datetime.now(UTC))
            return [row async for row in everything(session)]
    finally:
        await engine.dispose()
