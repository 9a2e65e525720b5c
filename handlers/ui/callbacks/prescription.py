"""Callback data of the prescription and of the patient's facts that it is checked against."""

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from handlers.ui.callbacks import ScanId
from workflow.scans.draft_hash import DRAFT_HASH_DIGITS


class UseTemplate(CallbackData, prefix="rx"):
    """Add a ready prescription."""

    name: str


class RemoveLine(CallbackData, prefix="rl"):
    """Remove a line of the prescription in the draft that the hash identifies."""

    scan_id: ScanId
    index: int = Field(ge=0, le=999)
    draft_hash: str = Field(pattern=f"^[0-9a-f]{{{DRAFT_HASH_DIGITS}}}$")


class ChangeLine(CallbackData, prefix="cg"):
    """Type a line anew of the prescription in the draft that the hash identifies."""

    scan_id: ScanId
    index: int = Field(ge=0, le=999)
    draft_hash: str = Field(pattern=f"^[0-9a-f]{{{DRAFT_HASH_DIGITS}}}$")


class TakeProposal(CallbackData, prefix="tk"):
    """Add the lines that the doctor proposed with the reading."""

    scan_id: ScanId


class PickMedicine(CallbackData, prefix="pm"):
    """Pick the next line from buttons."""


class PickPart(CallbackData, prefix="pp"):
    """One offer of a part (0 medicine, 1 strength, 2 how often, 3 how long) of the line that is picked."""

    part: int = Field(ge=0, le=3)
    index: int = Field(ge=0, le=99)


class OverrideAlerts(CallbackData, prefix="ov"):
    """Go on against the open alerts of a prescription; asks for the reason."""

    scan_id: ScanId


class AnswerFacts(CallbackData, prefix="pf"):
    """Answer the questions about allergies, medicines and the like, or not now."""

    now: bool


class ChooseFact(CallbackData, prefix="pa"):
    """A ready answer to the open question about the patient."""

    value: str


class ToggleCondition(CallbackData, prefix="pc"):
    """Choose or unchoose an illness, by its place in the list."""

    index: int = Field(ge=0, le=99)


class ConfirmFacts(CallbackData, prefix="pk"):
    """The patient's facts are as before."""
