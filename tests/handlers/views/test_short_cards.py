"""Cards are short: one line of the model for pharmacist and administrator, six bars for the doctor; dead buttons go."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from bot.dev.sandbox.client.transcript import Message
from handlers.ui.texts import plain_text
from handlers.views.reading.model_answer import model_line
from models.tables.scans import AiFinding
from models.vocabulary import ScanStatus
from tests.support.people import Clinic
from tests.support.steps import TEXTS as FACTS
from tests.support.steps import a_scan
from tests.support.texts import TEXTS

SURE = {**FACTS, "doubts": [], "slices": 1, "created_at": datetime(2026, 3, 1, tzinfo=UTC)}


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        ({}, "🤖 COVID-19 94%"),
        ({"uncertain": True, "doubts": ["low_confidence", "child"]}, "🤖 Uncertain: The patient is younger than 16"),
        ({"uncertain": True, "doubts": ["near_classes", "poor_image"]}, "🤖 Uncertain: The picture is too poor"),
        ({"uncertain": True, "doubts": []}, "🤖 Uncertain: The model is not sure enough."),
        ({"label": None}, "🤖 Switched off"),
    ],
)
def test_the_models_answer_in_one_line(facts: dict[str, object], line: str) -> None:
    shown = plain_text(model_line(AiFinding(**(SURE | facts)), TEXTS))
    assert shown.startswith(line)
    assert "\n" not in shown


async def test_six_bars_are_on_the_doctors_card_and_one_press_away_for_the_pharmacist(clinic: Clinic) -> None:
    scan = await a_scan(clinic, ScanStatus.AI_ANALYZED)
    assert (await clinic.rao.sees(f"Scan #{scan}")).text.count("▰") == 8  # of 94 %; five classes have none
    verified = await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    card = await clinic.meena.sees(f"Scan #{verified}")
    assert "▱" not in card.text
    assert "COVID-19 94%" in card.text
    await clinic.meena.presses("Read all", on=f"Scan #{verified}")
    assert (await clinic.meena.sees("supports clinicians")).text.count("▱") > 30


async def test_a_signed_draft_loses_its_buttons(clinic: Clinic) -> None:
    await clinic.plays("verified")
    await clinic.meena.sees("Scan #1")
    await clinic.rao._wait(_drafts_without_buttons, 10, "drafts without buttons")


def _drafts_without_buttons(messages: Sequence[Message]) -> bool | None:
    drafts = [one for one in messages if "Written down" in one.text]
    return True if drafts and not any(one.buttons for one in drafts) else None
