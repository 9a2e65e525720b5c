"""Cards: found, opened, paged, read whole; and requests for a better picture."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import cv2
import numpy as np
import pytest

from bot.dev.sandbox import Person
from bot.dev.sandbox.client.transcript import Message
from models.tables.scans import Scan
from tests.support.people import FINDINGS, Clinic
from tests.support.steps import until
from workflow.accounts import sessions
from workflow.scans import reading

NASTY = '<b>bold</b> & "quoted" </code> &lt; 🫁'


async def card_with(who: Person, button: str, after: int = 0) -> Message:
    """Wait for the card with this button; with `after`, wait for a newer message than that one."""
    return await who._wait(
        lambda messages: next(
            (one for one in messages if one.photo and not one.deleted and button in one.buttons and one.id > after),
            None,
        ),
        10,
        f"a card with the button {button}",
    )


@pytest.mark.slow
async def test_a_doctor_finds_opens_turns_and_reads_a_card(clinic: Clinic) -> None:
    await clinic.plays("analysed")
    rao = clinic.rao
    await rao.sends("/queue")
    queue = await rao.sees("Waiting for you")
    assert queue.buttons == ["▫️ #1", "👤 Mine (1)"]
    await rao.presses("#1")
    card = await card_with(rao, "🔥 Heat map", after=queue.id)
    shown = await card.download()

    await rao.presses("Heat map")
    turned = await card_with(rao, "🩻 Picture")
    assert turned.id == card.id
    async with asyncio.timeout(30):  # the caption may change a moment before the picture
        while await turned.download() == shown:
            turned = await card_with(rao, "🩻 Picture")
    await rao.presses("Picture")
    back = await card_with(rao, "🔥 Heat map")
    async with asyncio.timeout(30):
        while await back.download() != shown:
            back = await card_with(rao, "🔥 Heat map")

    await rao.presses("Read all")
    assert "Viral pneumonia" in (await rao.sees("Amina Yusuf")).text
    cards = [message for message in await rao.messages() if message.photo]
    assert [message.id for message in cards] == [card.id], "the old card is gone when a new one comes"
    answer = await clinic.amina.forges("c:heat_map:1")
    assert "Somebody else does this step" in (answer.text or "")
    for forged in ("c:read_all:1", "c:analyse:1", "c:verify:1", "c:approve:1", "c:report:999", "c:open:999", "c:x:1"):
        answer = await clinic.amina.forges(forged)
        assert answer.answered
        assert answer.text


@pytest.mark.slow
async def test_what_people_type_is_shown_as_they_typed_it_and_long_words_are_read_whole(clinic: Clinic) -> None:
    """Markup in a complaint and 3,000 characters of findings: the card keeps to its limit, Read all shows all."""
    await clinic.amina.sends_photo(clinic.picture, caption=NASTY)
    await clinic.amina.sees("Since when")
    await clinic.amina.sends("since <Monday> & Tuesday")
    await clinic.amina.sees("Thank you")
    assert NASTY in (await clinic.rao.sees("since <Monday> & Tuesday")).text
    await clinic.analyses()
    long = " ".join(f"word{number}" for number in range(1000))[:2990] + " the end."
    await clinic.rao.presses("Write findings")
    if "own reading" in (await clinic.rao.sees("")).text:
        await clinic.rao.sends("Pneumonia.")
        await clinic.rao.sees("Findings")
    await clinic.rao.sends("x" * 3001)
    await clinic.rao.sees("3000 characters at most")
    await clinic.rao.sends(long)
    await clinic.rao.sees("what does it mean")
    await clinic.rao.presses("Skip")
    await clinic.rao.presses("Skip", on="what shall happen next")
    await clinic.rao.sees("Written down")
    draft = await clinic.rao.sees("Draft by Dr Rao")
    assert len(draft.text.encode("utf-16-le")) // 2 <= 1024
    await clinic.rao.presses("Read all")
    await clinic.rao.sees("the end.")
    whole = "".join(message.text for message in await clinic.rao.messages() if not message.photo)
    for word in ("word0 ", "word200 ", "word350 ", "the end."):
        assert word in whole


@pytest.mark.slow
async def test_a_better_picture_is_asked_for_and_takes_the_old_ones_place(clinic: Clinic) -> None:
    """With a ready reason, then with the doctor's own text; the patient gets the retake tip."""
    await clinic.uploads()
    await clinic.rao.presses("Better image")
    await clinic.rao.presses("blurred", on="Why does scan #1")
    await clinic.rao.sees("Scan #1 is closed")
    notice = await clinic.amina.sees("Scan #1 needs a better picture")
    assert "The picture is blurred." in notice.text
    assert "bright window" in notice.text
    shown = await clinic.amina.sees("Right, not like this")
    assert shown.photo
    await clinic.amina.sees("❌")
    answer = await clinic.rao.forges("c:analyse:1")
    assert "things have moved on" in (answer.text or "")

    await clinic.uploads()
    await clinic.rao.presses("Better image", on="#2")
    await clinic.rao.sees("Why does scan #2")
    await clinic.rao.sends("The <left> lung & the heart are missing.")
    await clinic.rao.sees("Scan #2 is closed")
    await clinic.amina.sees("The <left> lung & the heart are missing.")
    async with clinic.app.services.sessions() as session:
        second = await session.get_one(Scan, 2)
        assert second.supersedes_id == 1


@pytest.mark.slow
async def test_a_form_whose_scan_was_closed_meanwhile_says_so(clinic: Clinic) -> None:
    """The press was answered before its effect was refused: the refusal comes as a message then."""
    await clinic.plays("analysed")
    await clinic.rao.presses("Write findings")
    if "own reading" in (await clinic.rao.sees("")).text:
        await clinic.rao.sends("Pneumonia.")
        await clinic.rao.sees("Findings")
    await clinic.rao.sends("Opacities.")
    await clinic.rao.presses("Skip", on="what does it mean")
    await clinic.rao.sees("what shall happen next")
    async with clinic.app.services.sessions.begin() as session:
        doctor = await sessions.actor_for(session, clinic.rao.chat_id)
        assert doctor is not None
        await reading.reject(session, doctor, 1, "Blurred.", datetime.now(UTC))
    await clinic.rao.presses("Skip", on="what shall happen next")
    await clinic.rao.sees("things have moved on")


@pytest.mark.slow
async def test_an_administrator_rejects_and_an_old_button_speaks_kindly(clinic: Clinic) -> None:
    await until(clinic, "completed")
    code = await clinic.approves()
    await clinic.joseph.sees("6-digit code is on its way")
    await clinic.joseph.sends("/cancel")
    await clinic.joseph.presses("Reject")
    await clinic.joseph.sees("Why does scan #1")
    await clinic.joseph.sends("The wrong patient.")
    await clinic.joseph.sees("Scan #1 is closed")
    await clinic.amina.sees("The wrong patient.")
    for who, old in ((clinic.rao, "c:verify:1"), (clinic.meena, "c:complete:1"), (clinic.joseph, "c:approve:1")):
        answer = await who.forges(old)
        assert "things have moved on" in (answer.text or "")
        assert answer.show_alert
    await clinic.joseph.sends(code)
    await clinic.joseph.sees("can no longer be used")
    await clinic.amina.sends("/report")
    await clinic.amina.sees("no finished report yet")


@pytest.mark.slow
async def test_a_report_can_be_fetched_again_and_again(clinic: Clinic) -> None:
    await until(clinic, "released")
    first = await clinic.amina.receives_document(timeout=30)
    for _ in range(2):
        await clinic.amina.sends("/report")
        assert await clinic.amina.receives_document() == first
    await clinic.amina.sends("/status")
    await clinic.amina.sees("Your report is here")
    await clinic.amina.presses("Report", on="Scan #1")
    assert await clinic.amina.receives_document() == first
    assert len(FINDINGS) == 3


async def test_a_film_that_lay_on_its_side_is_shown_upright_with_its_heat_map(clinic: Clinic) -> None:
    film = cv2.imdecode(np.frombuffer(clinic.picture, np.uint8), cv2.IMREAD_GRAYSCALE)
    lying = cv2.imencode(".png", cv2.rotate(film, cv2.ROTATE_180))[1].tobytes()
    await clinic.amina.sends_file(lying, "film.png")
    await clinic.amina.sees("What troubles you")
    await clinic.analyses()
    card = await card_with(clinic.rao, "🔥 Heat map")
    picture = await card.download()
    await clinic.rao.presses("Heat map")
    turned = await card_with(clinic.rao, "🩻 Picture")
    async with asyncio.timeout(30):
        while (heat := await turned.download()) == picture:
            turned = await card_with(clinic.rao, "🩻 Picture")
    upright = _likeness(picture, film)
    assert upright > 0.95
    assert _likeness(heat, film) > 0.8
    assert _likeness(heat, cv2.rotate(film, cv2.ROTATE_180)) < _likeness(heat, film)


async def test_a_film_larger_than_any_photo_reaches_the_doctor(clinic: Clinic) -> None:
    """Telegram takes photos of 10 MB and of 10,000 pixels in width and height together; files may be more."""
    film = cv2.imdecode(np.frombuffer(clinic.picture, np.uint8), cv2.IMREAD_GRAYSCALE)
    large = cv2.resize(film, (5600, 5600), interpolation=cv2.INTER_LINEAR)
    await clinic.amina.sends_file(cv2.imencode(".jpg", large)[1].tobytes(), "film.jpg")
    await clinic.amina.sees("What troubles you", timeout=30)
    card = await card_with(clinic.rao, "🤖 Analyse")
    shown = cv2.imdecode(np.frombuffer(await card.download(), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert max(shown.shape) <= 2048


def _likeness(one: bytes, film: Any) -> float:
    shown = cv2.imdecode(np.frombuffer(one, np.uint8), cv2.IMREAD_GRAYSCALE)
    small = [cv2.resize(grey, (64, 64), interpolation=cv2.INTER_AREA).ravel() for grey in (shown, film)]
    return float(np.corrcoef(*small)[0, 1])
