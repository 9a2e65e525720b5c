"""The words that a patient writes about a picture are taken whole, below any picture."""

from typing import Any

import pytest
from sqlalchemy import select

from models.tables.scans import Scan
from tests.support.jobs import settles
from tests.support.people import Clinic
from tests.support.steps import sentence_for

LONG = "I cough at night. " * 200  # 3,600 characters


async def complaints(clinic: Clinic) -> list[str | None]:
    await settles(clinic)
    async with clinic.app.services.sessions() as session:
        return [scan.complaint for scan in await session.scalars(select(Scan).order_by(Scan.id))]


def sends_again(clinic: Clinic, photo: Any, **other: Any) -> None:
    """Amina sends a picture of an album, with a caption of its own."""
    store = clinic.sandbox.engine.store
    clinic.sandbox.engine.add_person_message(
        store.people[clinic.amina.chat_id], {"photo": photo, "media_group_id": "77"} | other
    )


async def test_a_long_complaint_is_kept_to_its_last_letter(clinic: Clinic) -> None:
    await clinic.amina.sends_photo(clinic.picture)
    await clinic.amina.sees("What troubles you")
    await clinic.amina.sends(LONG)
    await clinic.amina.sees("Since when")
    assert await complaints(clinic) == [LONG.strip()]


@pytest.mark.slow
async def test_the_captions_of_every_picture_of_an_album_are_the_complaint_of_all(clinic: Clinic) -> None:
    photo = (await clinic.amina.sends_photo(clinic.picture)).body["photo"]
    await clinic.amina.sees("What troubles you")
    await clinic.amina.presses("Skip")
    for caption in ("Cough at night", "And this is from March", ""):
        sends_again(clinic, photo, **({"caption": caption} if caption else {}))
    await clinic.amina.sees("Since when")
    await clinic.amina.sends("two weeks")
    await clinic.amina.sees("Thank you")
    assert (await complaints(clinic))[1:] == ["Cough at night / And this is from March"] * 3


async def test_the_words_below_a_refused_picture_go_with_the_next_one(clinic: Clinic) -> None:
    await clinic.amina.sends_file(b"no picture", "scan.txt", "text/plain", caption="Cough at night")
    answer = (await clinic.amina.sees(sentence_for(clinic, "upload.not_an_image"))).text
    assert sentence_for(clinic, "upload.words_kept") in answer
    await clinic.amina.sends_photo(clinic.picture, caption="It is worse today")
    await clinic.amina.sees("Since when")
    await clinic.amina.presses("Skip")
    await clinic.amina.sends_photo(clinic.picture)
    await clinic.amina.sees("What troubles you")
    assert await complaints(clinic) == ["Cough at night / It is worse today", None]
