"""Callback data of questions about a scan, to the doctor or the patient, and of their answers."""

from typing import Annotated

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from handlers.ui.callbacks import ScanId

Number = Annotated[int, Field(ge=1, le=2**31 - 1)]


class AskReady(CallbackData, prefix="qt"):
    """Ask the patient a ready question in the open form."""

    topic: str


class AnswerClarification(CallbackData, prefix="qa"):
    """Type the answer to a question, by its number within the scan."""

    scan_id: ScanId
    number: Number


class ChooseAnswer(CallbackData, prefix="qr"):
    """A ready answer to a ready question."""

    scan_id: ScanId
    number: Number
    value: str


class WithdrawClarification(CallbackData, prefix="qw"):
    """Close a question without an answer."""

    scan_id: ScanId
    number: Number


class CancelClarification(CallbackData, prefix="qc"):
    """Close the open form of a question or an answer."""
