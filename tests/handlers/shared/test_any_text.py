"""Typed text of any kind is shown as typed: none becomes markup, none breaks a message."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from handlers.ui.texts import plain_text
from handlers.views.cards import Reader, full_text, patient_card, staff_card
from handlers.views.paging import CAPTION_LIMIT, MESSAGE_LIMIT, telegram_length
from inference.model.prediction import Doubt
from inference.upload.picture import Adjustment
from models.tables.accounts import Account
from models.tables.scans import AiFinding, Prescription, Reading, Scan
from models.vocabulary import Label, Modality, Role, ScanStatus, Sex
from tests.support.catalogues import faults
from tests.support.texts import CATALOGUES, TEXTS
from workflow.reporting.history import History, PastScan

NOW = datetime(2026, 3, 1, tzinfo=UTC)
WORDS = some.text(max_size=600) | some.sampled_from(
    ["<b>", "</b>", "&", "&amp;", "<a href='x'>", "{name}", "%s", "\\n"]
)
NAMES = some.text(min_size=2, max_size=120)


def a_person(name: str) -> Account:
    return Account(id=1, name=name, email="a@example.org", sex=Sex.UNKNOWN, role=Role.PATIENT)


def a_scan(name: str, words: str, lines: list[str], status: ScanStatus = ScanStatus.PHARMACIST_COMPLETED) -> Scan:
    probabilities = {"Normal": 0.1, "COVID": 0.9}
    return Scan(
        id=1,
        status=status,
        patient=a_person(name),
        patient_id=1,
        created_at=NOW,
        complaint=words,
        since=words,
        reason=words,
        finding=AiFinding(
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


def readers(words: str) -> list[Reader]:
    """A reader in each role; the doctor's card lists three of a hundred earlier scans."""
    past = PastScan(Scan(id=2**31 - 1, status=ScanStatus.REPORT_READY, created_at=NOW), words)
    earlier = {Role.DOCTOR: History([past] * 3, 100)}
    return [Reader(role, earlier=earlier.get(role, History())) for role in Role]


@given(name=NAMES, words=WORDS, lines=some.lists(WORDS, max_size=3), status=some.sampled_from(ScanStatus))
@settings(max_examples=60, deadline=None)
def test_no_card_is_ever_refused_by_telegram(name: str, words: str, lines: list[str], status: ScanStatus) -> None:
    scan = a_scan(name, words, lines, status)
    for view in (patient_card(scan, TEXTS), *(staff_card(scan, one, TEXTS, False) for one in readers(words))):
        assert faults(view.text) == []
        assert telegram_length(view.text) <= CAPTION_LIMIT
    for page in full_text(scan, Reader(Role.DOCTOR), TEXTS):
        assert faults(page) == []
        assert telegram_length(page) <= MESSAGE_LIMIT


@pytest.mark.parametrize("language", ["en", "ta", "hi"])
@pytest.mark.parametrize("words", ["", "a word or two ", "நுரையீரல் "])
def test_a_card_with_all_that_the_model_may_say_still_fits(words: str, language: str) -> None:
    """Purpose: the administrator's Approve button is on this card alone."""
    texts, scan = CATALOGUES.of(language), a_scan("Amina Yusuf", words * 40, [words * 40] * 3)
    assert scan.finding is not None
    scan.finding.uncertain, scan.finding.slices = True, 3
    scan.finding.probabilities = {name: 1 / len(Label) for name in Label}
    scan.finding.doubts, scan.finding.adjustments = list(Doubt), list(Adjustment)
    for reader in readers(words * 40):
        view = staff_card(scan, reader, texts, True)
        assert faults(view.text) == []
        assert telegram_length(view.text) <= CAPTION_LIMIT


@given(words=some.text(min_size=1, max_size=3000))
@settings(max_examples=60, deadline=None)
def test_read_all_shows_every_letter(words: str) -> None:
    shown = "".join(plain_text(page) for page in full_text(a_scan("Amina", words, []), Reader(Role.DOCTOR), TEXTS))
    assert words in shown


@given(words=WORDS)
@settings(max_examples=60, deadline=None)
def test_a_value_is_read_as_it_was_typed(words: str) -> None:
    sentence = TEXTS("card.findings", words=words)
    assert faults(sentence) == []
    assert plain_text(sentence) == f"Findings: {words}"
