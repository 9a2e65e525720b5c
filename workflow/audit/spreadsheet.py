"""Rows as CSV for spreadsheets."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO


def spreadsheet_cell(value: object) -> str:
    """The value as text, quoted where a spreadsheet would take it for a formula (OWASP, CSV injection)."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def csv_text(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A CSV file, with a byte order mark so that Excel reads it as UTF-8."""
    file = StringIO()
    writer = csv.writer(file)
    writer.writerow(head)
    writer.writerows([spreadsheet_cell(value) for value in row] for row in rows)
    return f"\ufeff{file.getvalue()}"
