"""A heart's measures on the doctor's card, beside the usual values of normal patients."""

from typing import Any

import pytest

from handlers.ui.callbacks import CardAction
from handlers.ui.keyboards import card_keyboard
from handlers.ui.texts import Catalogues, plain_text
from handlers.views.reading.model_answer import measure_lines
from models.tables.scans import AiFinding, Scan
from tests.support.catalogues import HOSPITAL, LANGUAGES

MEASURES: list[dict[str, Any]] = [
    {"measure": "cavity_to_muscle", "phase": "rest", "value": 1.94, "usual": [0.999, 1.28, 1.6]},
    {"measure": "roundness", "phase": "squeeze", "value": 0.931, "usual": [0.909, 0.93, 0.96]},
    {"measure": "right_to_left", "phase": "any", "value": 0.0, "usual": [0.8, 1.24, 2.09]},
    {"measure": "wall_to_radius", "phase": "any", "value": 0.5, "usual": None},
]
TEXTS = Catalogues(HOSPITAL)
FINDING = AiFinding(scan_id=7, heart={"phases": "both", "slices": 8, "measures": MEASURES})


def test_each_measure_stands_beside_its_usual_values() -> None:
    """Ratios with two digits; a measure without usual values is left out."""
    lines = [plain_text(line) for line in measure_lines(FINDING, TEXTS.of("en"), every=True)]
    assert lines == [
        "Measured in 8 slices (usual: 90 of 100 of our normal patients)",
        "Left ventricle to muscle, rest (end-diastole) 1.9, usual 1.00–1.6",
        "Roundness, squeeze (end-systole) 0.93, usual 0.91–0.96",
        "Right to left ventricle 0.00, usual 0.80–2.1",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_crowded_card_keeps_what_is_unusual(language: str) -> None:
    lines = measure_lines(FINDING, TEXTS.of(language), every=False)
    assert len(lines) == 3
    assert all(line.startswith("<b>") for line in lines)


def test_a_finding_without_measures_has_no_such_lines() -> None:
    """Findings from before hearts were measured, chest films, and hearts without an outline."""
    for heart in (None, {"phases": "none", "slices": 0, "measures": []}):
        assert measure_lines(AiFinding(scan_id=7, heart=heart), TEXTS.of("en"), every=True) == []


@pytest.mark.parametrize(("finding", "label"), [(FINDING, "🫀 Outlines"), (AiFinding(scan_id=7), "🔥 Heat map")])
def test_the_button_names_the_picture_behind_it(finding: AiFinding, label: str) -> None:
    keyboard = card_keyboard(Scan(id=7, finding=finding), [CardAction.HEAT_MAP], TEXTS.of("en"))
    assert keyboard is not None
    [[button]] = keyboard.inline_keyboard
    assert button.text == label
    assert button.callback_data == "c:heat_map:7"
