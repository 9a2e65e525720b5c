"""The same picture sent again is recognised within the patient's scans; the answer is on the doctor's card."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from handlers.ui.callbacks.history import CloseAsSame, SamePicture
from inference.upload.dct_hash import dct_hash, hash_distance
from inference.upload.open import open_picture
from models.vocabulary import Role, ScanStatus
from tests.support.ownership import _moves_in
from tests.support.people import Clinic
from tests.support.steps import scan_row, sentence_for
from workflow.scans.intake import SAME_PICTURE


def test_the_hash_survives_recompression_and_scaling_and_tells_other_films_apart(picture: bytes) -> None:
    grey = open_picture(picture).grey
    image = Image.fromarray(grey)
    for quality, scale in ((30, 1.0), (80, 0.5), (90, 0.25)):
        again = BytesIO()
        size = (round(image.width * scale), round(image.height * scale))
        image.resize(size).save(again, "JPEG", quality=quality)
        assert hash_distance(dct_hash(grey), dct_hash(open_picture(again.getvalue()).grey)) <= SAME_PICTURE
    for other in (grey[:, ::-1], np.roll(grey, grey.shape[0] // 8, axis=0), grey[: grey.shape[0] * 3 // 4]):
        assert hash_distance(dct_hash(grey), dct_hash(np.ascontiguousarray(other))) > SAME_PICTURE


@pytest.mark.slow
async def test_the_patient_says_whether_it_is_the_same_picture_and_the_doctor_sees_it(clinic: Clinic) -> None:
    await clinic.uploads()
    await clinic.uploads()
    await clinic.rao.sees("Looks like the same picture as scan #1")
    await clinic.amina.presses("Same picture", on="same picture as scan #1")
    await clinic.amina.sees("Scan #1 counts")
    await clinic.rao.sees("The patient says: the same picture as scan #1")
    assert (await scan_row(clinic, 2)).same_as == {"scan": 1, "confirmed": True}
    await clinic.amina.forges(SamePicture(scan_id=2, same=False).pack())
    await clinic.amina.sees("as a new scan")
    await clinic.rao.looks_away()
    assert (await scan_row(clinic, 2)).same_as == {"scan": 1, "confirmed": False}
    nothing = await clinic.amina.forges(SamePicture(scan_id=1, same=True).pack())
    assert nothing.text == sentence_for(clinic, "error.stale")


@pytest.mark.slow
async def test_the_doctor_closes_the_same_picture_and_the_earlier_scan_keeps_the_words(clinic: Clinic) -> None:
    """The patient is asked once, describes nothing twice, and hears that the earlier scan counts."""
    for words in ("Cough", "Fever, too"):
        await clinic.amina.sends_photo(clinic.picture)
        await clinic.amina.sees("What troubles you")
        await clinic.amina.sends(words)
        await clinic.amina.sees("Since when")
    await clinic.amina.presses("Same picture", on="same picture as scan #1")
    await clinic.amina.sees("Scan #1 counts, and nothing more is needed")
    await clinic.amina.sends("/status")
    await clinic.amina.sees("Scan #2")
    assert (await clinic.amina.messages())[-1].key("Skip") is None
    await clinic.rao.presses("Same as earlier", on="The patient says: the same picture as scan #1")
    asked = await clinic.rao.sees("Close scan #2 as the same picture as scan #1?")
    assert "Amina Yusuf" in asked.text
    await clinic.rao.presses("Yes, close it")
    await clinic.rao.sees("Scan #2 is closed; scan #1 counts")
    await clinic.amina.sees("Scan #2 is the same picture as scan #1")
    assert "better picture" not in (await clinic.amina.sees("that scan counts")).text
    assert (await scan_row(clinic, 2)).status is ScanStatus.REJECTED
    assert (await scan_row(clinic, 1)).complaint == "Cough; Fever, too"
    await clinic.amina.sends("/status")
    await clinic.amina.sees("Scan #1")
    await clinic.amina.sends("/scans")
    assert "Same picture as an earlier scan" in (await clinic.amina.sees("Your scans")).text
    again = await clinic.rao.forges(CloseAsSame(scan_id=2).pack())
    assert again.text == sentence_for(clinic, "error.stale")
    await clinic.uploads()
    third = await scan_row(clinic, 3)
    assert (third.supersedes_id, third.same_as) == (None, {"scan": 1, "confirmed": None})
    for person, scan_id in ((clinic.rao, 1), (clinic.amina, 3), (clinic.joseph, 3)):
        await person.forges(CloseAsSame(scan_id=scan_id).pack())
        assert (await scan_row(clinic, scan_id)).status is ScanStatus.PENDING_AI
    await clinic.amina.presses("New scan", on="same picture as scan #1")
    refused = await clinic.rao.forges(CloseAsSame(scan_id=3).pack())
    assert refused.text == sentence_for(clinic, "error.stale")


@pytest.mark.slow
async def test_neither_an_album_nor_a_retake_nor_another_patient_is_asked(clinic: Clinic) -> None:
    bela = await _moves_in(clinic, "Bela Stranger", "bela@example.org", Role.PATIENT)
    await clinic.uploads()
    await clinic.rao.presses("Better image")
    await clinic.rao.presses("blurred", on="Why does scan #1")
    await clinic.amina.sees("needs a better picture")
    await clinic.uploads()
    await clinic.amina.sends_album([clinic.picture, clinic.picture])
    await clinic.amina.sees("Scan #4")
    await clinic.uploads(bela)
    for scan_id in (1, 2, 3, 4, 5):
        assert (await scan_row(clinic, scan_id)).same_as is None
