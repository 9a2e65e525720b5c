"""A photograph of a film, from the phone to the doctor's own reading."""

from datetime import date

import cv2
import numpy as np
import pytest
from sqlalchemy import update

from inference.model.prediction import Doubt
from inference.robustness.surrounds import surround_white
from models.tables.accounts import Account
from tests.support.people import Clinic
from tests.support.steps import scan_row, sentence_for


def on_a_light_box(jpeg: bytes) -> bytes:
    """The film in an even white surround of 16 % of each side, as PNG."""
    grey = np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)
    return cv2.imencode(".png", surround_white(grey, 0.16))[1].tobytes()


@pytest.mark.slow
async def test_a_film_on_a_light_box_is_cut_read_and_left_to_the_doctor(clinic: Clinic) -> None:
    """The card says that only the framed part was read, with the whole file one press away; the unsure answer cannot
    be signed without an own reading."""
    photo = on_a_light_box(clinic.picture)
    await clinic.amina.sends_file(photo, "box.png")
    card = await clinic.analyses()
    assert sentence_for(clinic, "adjustment.cut_out") in card.text
    finding = (await scan_row(clinic, 1)).finding
    assert finding is not None
    assert "cut_out" in finding.adjustments
    assert finding.uncertain
    assert finding.doubts
    for doubt in finding.doubts:
        assert sentence_for(clinic, f"doubt.{doubt}") in card.text
    await clinic.rao.presses("Original file", on="Scan #1")
    sent = await clinic.rao.sees("the file as it was sent")
    assert await sent.download() == photo
    assert sent.document["file_name"] == "scan-1.png"
    answer = await clinic.rao.presses("Verify", on="Scan #1")
    assert answer.text == sentence_for(clinic, "error.findings_missing")


@pytest.mark.slow
async def test_a_childs_film_is_never_answered_surely(clinic: Clinic) -> None:
    """By the date of birth in the account; the reason stands on the card."""
    async with clinic.app.services.sessions.begin() as session:
        await session.execute(
            update(Account).where(Account.email == "amina@example.org").values(date_of_birth=date(2020, 5, 1))
        )
    await clinic.uploads()
    card = await clinic.analyses()
    finding = (await scan_row(clinic, 1)).finding
    assert finding is not None
    assert finding.uncertain
    assert Doubt.CHILD in finding.doubts
    assert sentence_for(clinic, "doubt.child") in card.text
