"""Typed prescription lines: their number and length, and which of them are questions."""

from collections.abc import Sequence
from typing import ClassVar, Final

from workflow.errors import WorkflowError
from workflow.formulary.load import Formulary
from workflow.prescriptions import prescribing

MAX_TEXT: Final = 2000  # characters of the whole prescription
MAX_LINES: Final = 40


class TooManyLines(WorkflowError):
    """The prescription has more than MAX_LINES lines."""

    key: ClassVar[str] = "prescribe.too_many"


def check_number(lines: Sequence[str]) -> None:
    """Raises TooManyLines."""
    if len(lines) > MAX_LINES:
        raise TooManyLines(most=MAX_LINES)


def questions_among(lines: Sequence[str], formulary: Formulary) -> list[str]:
    """The lines that are no medicine but a question."""
    return [line for line in lines if prescribing.read_stored(line, formulary).kind == "question"]
