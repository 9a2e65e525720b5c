"""Whatever anybody types survives as text: nothing of it becomes markup, nothing breaks a message."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from handlers.ui.texts import Catalogues, House, bare
from handlers.views.cards import CAPTION, MESSAGE, length, patient_card, staff_card, whole_story
from inference.model.bundle import Label, Modality
from inference.model.reading import Doubt
from inference.upload.picture import Adjustment
from models.tables.people import Account, Role, Sex
from models.tables.scans import Finding, Prescription, Reading, Scan, Status
from tests.architecture.test_sentences import faults

CATALOGUES = Catalogues(House("Demo", "112", ZoneInfo("Asia/Kolkata")))
TEXTS = CATALOGUES.of("en")
NOW = datetime(2026, 3, 1, tzinfo=UTC)
WORDS = some.text(max_size=600) | some.sampled_from(
    ["<b>", "</b>", "&", "&amp;", "<a href='x'>", "{name}", "%s", "\\n"]
)
NAMES = some.text(min_size=2, max_size=120)


def a_person(name: str) -> Account:
    return Account(id=1, name=name, email="a@example.org", sex=Sex.UNKNOWN, role=Role.PATIENT)


def a_scan(name: str, words: str, lines: list[str], status: Status = Status.PHARMACIST_COMPLETED) -> Scan:
    probabilities = {"Normal": 0.1, "COVID": 0.9}
    return Scan(
        id=1,
        status=status,
        patient=a_person(name),
        created_at=NOW,
        complaint=words,
        since=words,
        reason=words,
        finding=Finding(
            model="m",
            model_version="1",
            modality=Modality.CHEST_XRAY,
            label="COVID",
            confidence=0.9,
            uncertain=False,
            abnormal=0.9,
            probabilities=probabilities,
            adjustments=[],
            doubts=[],
            slices=1,
            heatmap_file="x",
        ),
        reading=Reading(findings=words, impression=words, own_reading=words, doctor=a_person(name), signed_at=NOW),
        prescription=Prescription(lines=lines, pharmacist=a_person(name)),
    )


@given(name=NAMES, words=WORDS, lines=some.lists(WORDS, max_size=3), status=some.sampled_from(Status))
@settings(max_examples=60, deadline=None)
def test_no_card_is_ever_refused_by_telegram(name: str, words: str, lines: list[str], status: Status) -> None:
    scan = a_scan(name, words, lines, status)
    for view in (patient_card(scan, TEXTS), *(staff_card(scan, role, TEXTS, False) for role in Role)):
        assert faults(view.text) == []
        assert length(view.text) <= CAPTION
    for page in whole_story(scan, TEXTS):
        assert faults(page) == []
        assert length(page) <= MESSAGE


@pytest.mark.parametrize("language", ["en", "ta", "hi"])
@pytest.mark.parametrize("words", ["", "a word or two ", "நுரையீரல் "])
def test_a_card_with_all_that_the_model_may_say_still_fits(words: str, language: str) -> None:
    """Purpose: the administrator's Approve stands on this card alone."""
    texts, scan = CATALOGUES.of(language), a_scan("Amina Yusuf", words * 40, [words * 40] * 3)
    assert scan.finding is not None
    scan.finding.uncertain, scan.finding.slices = True, 3
    scan.finding.probabilities = {name: 1 / len(Label) for name in Label}
    scan.finding.doubts, scan.finding.adjustments = list(Doubt), list(Adjustment)
    for role in Role:
        view = staff_card(scan, role, texts, True)
        assert faults(view.text) == []
        assert length(view.text) <= CAPTION


@given(words=some.text(min_size=1, max_size=3000))
@settings(max_examples=60, deadline=None)
def test_read_all_shows_every_letter(words: str) -> None:
    shown = "".join(bare(page) for page in whole_story(a_scan("Amina", words, []), TEXTS))
    assert words in shown


@given(words=WORDS)
@settings(max_examples=60, deadline=None)
def test_a_value_is_read_as_it_was_typed(words: str) -> None:
    sentence = TEXTS("card.findings", words=words)
    assert faults(sentence) == []
    assert bare(sentence) == f"Findings: {words}"
