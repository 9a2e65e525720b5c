"""Buttons of a line that is picked: the choices of one part."""

from collections.abc import Sequence
from datetime import timedelta

from aiogram.types import InlineKeyboardMarkup

from handlers.ui.callbacks.prescription import PickPart
from handlers.ui.keyboards import rows
from handlers.ui.texts import Texts
from handlers.views.prescription import parts_of_day
from workflow.formulary.load import Formulary
from workflow.formulary.reading import read_line
from workflow.medication import picking
from workflow.medication.dosage import dosage_of


def picking_keyboard(
    picked: Sequence[str], offers: Sequence[str | int], texts: Texts, formulary: Formulary
) -> InlineKeyboardMarkup:
    """One button for each offer; how often as the report draws it, how long in the reader's language."""
    labels = [_label(picked, offer, texts, formulary) for offer in offers]
    return rows([(label, PickPart(part=len(picked), index=index)) for index, label in enumerate(labels)])


def _label(picked: Sequence[str], offer: str | int, texts: Texts, formulary: Formulary) -> str:
    if isinstance(offer, int):
        return texts.plain("rx.days", days=timedelta(days=offer)) if offer else texts.plain("pick.no_end")
    if len(picked) < 2:
        return offer or texts.plain("pick.only")
    line = read_line(picking.line(picked[0], picked[1], offer, 0), formulary)
    dosage = dosage_of(line, formulary) or {}
    day = parts_of_day(dosage, taken_only=True)
    return f"{day} {dosage['unit']}" if day else f"{line.dose} · {texts.plain('rx.as_needed')}"
