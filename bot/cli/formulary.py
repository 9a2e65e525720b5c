"""`csss formulary`: read prescription lines, check them, and look through the formulary. Needs no database."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bot.cli.refusal import fail
from workflow.formulary import NOTICE
from workflow.formulary.checking import check as check_lines
from workflow.formulary.checking import missing_facts, patient_from
from workflow.formulary.load import OWN_DATA, Formulary, load
from workflow.formulary.reading import read_line
from workflow.formulary.records import Alert, FormularyError, PrescriptionLine, Substance
from workflow.formulary.validation import diff as differences
from workflow.formulary.validation import problems

app = typer.Typer(help="Read and check prescription lines; look through the formulary.", no_args_is_help=True)
Folder = Annotated[
    Path | None,
    typer.Option(
        "--formulary", envvar="CSSS_FORMULARY", exists=True, file_okay=False, help="an own folder of TOML files"
    ),
]
Stdin = Annotated[bool, typer.Option("--stdin", help="one entry for each line of the standard input")]
AsJson = Annotated[bool, typer.Option("--json", help="one JSON object for each entry and nothing else")]


@app.callback()
def formulary() -> None:
    """Read and check prescription lines; look through the formulary."""


@app.command()
def read(
    text: Annotated[str | None, typer.Argument(help="a prescription line")] = None,
    stdin: Stdin = False,
    as_json: AsJson = False,
    folder: Folder = None,
) -> None:
    """Show what a typed line means: medicine, dose, how often, how long; `checked` when nothing is in doubt."""
    if (text is None) != stdin:
        raise typer.BadParameter("give one line, or --stdin")
    known = _load(folder)
    for typed in _entries() if stdin else [text or ""]:
        line = read_line(typed, known)
        typer.echo(json.dumps(line.as_dict(), ensure_ascii=False) if as_json else _shown(line))


@app.command()
def check(stdin: Stdin = False, as_json: AsJson = False, folder: Folder = None) -> None:
    """Check the formulary's own data; with --stdin, prescriptions: {"patient": {…}, "lines": […]} a line.

    Exit code 1: the data have gaps or contradictions, or an entry cannot be read."""
    known = _load(folder)
    if not stdin:
        _check_data(known)
        return
    for number, entry in enumerate(_entries(), 1):
        lines, alerts, missing = _check_entry(number, entry, known)
        answer = {"lines": [line.as_dict() for line in lines], "alerts": [alert.as_dict() for alert in alerts]}
        typer.echo(json.dumps(answer, ensure_ascii=False) if as_json else _shown_alerts(alerts, missing))


@app.command("list")
def list_(
    search: Annotated[str | None, typer.Argument(help="part of a name, brand or class")] = None,
    as_json: AsJson = False,
    folder: Folder = None,
) -> None:
    """List substances with classes, schedule, brands and largest amounts."""
    known = _load(folder)
    rows = [_row(substance, known) for substance in known.substances.values()]
    wanted = (search or "").lower()
    rows = [row for row in rows if wanted in json.dumps(row, ensure_ascii=False).lower()]
    if as_json:
        for row in rows:
            typer.echo(json.dumps(row, ensure_ascii=False))
        return
    table = Table("substance", "classes", "schedule", "at most (single, a day)", "brands", caption=NOTICE)
    for row in rows:
        limits = "; ".join(
            f"{route} {single:g}, {daily:g} {row['unit']}" for route, (single, daily) in row["limits"].items()
        )
        table.add_row(
            row["substance"], ", ".join(row["classes"]), row["schedule"] or "", limits, ", ".join(row["brands"])
        )
    Console().print(table)


@app.command()
def diff(
    other: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="the folder to compare with")],
    folder: Folder = None,
) -> None:
    """Show what another folder's formulary has otherwise: - as it is, + as it is there."""
    for change in differences(_load(folder), _load(other)):
        typer.echo(change.where)
        if change.before is not None:
            typer.echo(f"  - {change.before}")
        if change.after is not None:
            typer.echo(f"  + {change.after}")


def _load(folder: Path | None) -> Formulary:
    try:
        return load(folder or OWN_DATA)
    except FormularyError as error:
        fail(str(error))


def _entries() -> Iterator[str]:
    return (line.strip() for line in sys.stdin if line.strip())


def _check_data(known: Formulary) -> None:
    found = problems(known)
    for problem in found:
        typer.echo(problem)
    if found:
        fail(f"the formulary has {len(found)} gaps or contradictions")
    rules = len(known.raw["interactions"]["rules"]) + len(known.raw["conditions"]["rules"])
    typer.echo(f"{len(known.substances)} substances, {len(known.products)} names, {rules} interactions: in order.")
    typer.echo(NOTICE)


def _check_entry(number: int, entry: str, known: Formulary) -> tuple[list[PrescriptionLine], list[Alert], list[str]]:
    try:
        asked = json.loads(entry)
    except json.JSONDecodeError as error:
        fail(f"line {number} is no JSON: {error.msg} at character {error.pos}")
    except (ValueError, RecursionError):
        fail(f"line {number} has a number that is too long, or too many brackets inside one another")
    lines = asked.get("lines") if isinstance(asked, Mapping) else None
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        fail(f'line {number} has no "lines", a list of texts')
    facts = asked.get("patient") or {}
    if not isinstance(facts, Mapping):
        fail(f'line {number}: "patient" must be an object')
    try:
        patient = patient_from(facts)
    except FormularyError as error:
        fail(f"line {number}: {error}")
    prescribed = [read_line(line, known) for line in lines]
    return prescribed, check_lines(patient, prescribed, known), missing_facts(patient, prescribed, known)


def _shown(line: PrescriptionLine) -> str:
    said = {key: value for key, value in line.as_dict().items() if key != "text" and value not in (None, [], False)}
    return f"{line.text}\n  " + ", ".join(f"{key}: {value}" for key, value in said.items())


def _shown_alerts(alerts: Sequence[Alert], missing: Sequence[str]) -> str:
    shown = [f"{one.level.upper()} {one.kind} {', '.join(one.about)}: {one.why} [{one.source}]" for one in alerts]
    unknown = [f"not known: {', '.join(missing)}"] if missing else []
    return "\n".join([*(shown or ["no alert"]), *unknown, NOTICE])


def _row(substance: Substance, known: Formulary) -> dict[str, Any]:
    brands = list(known.raw["brands"]["brands"].get(substance.name, ()))
    return {
        "substance": substance.name,
        "also": list(substance.also),
        "classes": sorted(substance.classes),
        "atc": substance.atc,
        "schedule": substance.schedule,
        "unit": substance.unit,
        "limits": {route: list(figures) for route, figures in substance.limits.items()},
        "source": substance.sources["limits"],
        "brands": brands,
    }
