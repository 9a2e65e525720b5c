"""Nothing is kept of a patient who has not agreed, and nothing that was sent before is lost."""

from sqlalchemy import delete, select

from models.tables.audit import AuditRow
from models.tables.people import Consent
from models.tables.scans import Scan
from tests.support.jobs import settles
from tests.support.people import House
from tests.support.steps import says
from workflow.accounts.consent import VERSION


async def _has_never_agreed(house: House) -> None:
    async with house.app.clinic.sessions.begin() as session:
        await session.execute(delete(Consent))


async def _kept(house: House) -> int:
    files = [path for path in house.app.clinic.vault.root.rglob("*") if path.is_file()]
    async with house.app.clinic.sessions() as session:
        return len(files) + len((await session.scalars(select(Scan.id))).all())


async def test_the_first_picture_waits_for_the_agreement_and_then_goes_its_way(house: House) -> None:
    await _has_never_agreed(house)
    await house.amina.sends_photo(house.picture, caption="Cough")
    card = await house.amina.sees("Before your first picture")
    assert "Demo Hospital" in card.text
    assert await _kept(house) == 0
    await house.amina.presses("I agree")
    await house.amina.sees("Since when")
    await settles(house)
    async with house.app.clinic.sessions() as session:
        consent = (await session.scalars(select(Consent))).one()
        scan = (await session.scalars(select(Scan))).one()
        acts = list(await session.scalars(select(AuditRow.act).where(AuditRow.act.in_(["consent", "upload"]))))
    assert (consent.version, consent.language, scan.complaint) == (VERSION, "en", "Cough")
    assert acts[-2:] == ["consent", "upload"]
    await house.amina.presses("Skip")
    await house.amina.sends_photo(house.picture)
    await house.amina.sees("What troubles you")


async def test_one_that_is_refused_holds_up_no_other_and_each_is_asked_about(house: House) -> None:
    await _has_never_agreed(house)
    await house.amina.sends_photo(house.picture)
    await house.amina.sees("Before your first picture")
    await house.amina.sends_file(b"no picture", "scan.txt", "text/plain")
    await house.amina.sees("Before your first picture")
    await house.amina.sends_photo(house.picture)
    await house.amina.sees("Before your first picture")
    await house.amina.presses("I agree")
    await house.amina.sees(says(house, "consent.agreed"))
    await house.amina.sees(says(house, "upload.not_an_image"))
    async with house.app.clinic.sessions() as session:
        assert len((await session.scalars(select(Scan.id))).all()) == 2


async def test_another_command_or_form_meanwhile_loses_no_waiting_picture(house: House) -> None:
    await _has_never_agreed(house)
    await house.amina.sends_photo(house.picture)
    await house.amina.sees("Before your first picture")
    await house.amina.sends("/password")
    await house.amina.sees("password")
    await house.amina.sends("/cancel")
    await house.amina.sees("")
    await house.amina.presses("I agree", on="Before your first picture")
    await house.amina.sees("What troubles you")


async def test_the_press_goes_on_until_each_waiting_picture_is_fetched(house: House) -> None:
    await _has_never_agreed(house)
    for _ in range(2):
        await house.amina.sends_photo(house.picture)
        await house.amina.sees("Before your first picture")
    await house.clinic.fault("500", "getFile", times=2)
    await house.amina.presses("I agree")
    await house.amina.sees(says(house, "consent.agreed"), timeout=30)
    async with house.app.clinic.sessions() as session:
        assert len((await session.scalars(select(Scan.id))).all()) == 2


async def test_not_now_keeps_nothing_and_asks_again_another_time(house: House) -> None:
    await _has_never_agreed(house)
    await house.amina.sends_photo(house.picture)
    await house.amina.sees("Before your first picture")
    await house.amina.presses("Not now")
    await house.amina.sees(says(house, "consent.declined"))
    assert await _kept(house) == 0
    await house.amina.sends_photo(house.picture)
    await house.amina.sees("Before your first picture")
    await house.amina.presses("I agree")
    await house.amina.sees("What troubles you")


async def test_a_new_version_of_the_words_is_asked_anew(house: House) -> None:
    async with house.app.clinic.sessions.begin() as session:
        for consent in await session.scalars(select(Consent)):
            consent.version = "2025-01"
    await house.amina.sends_photo(house.picture)
    await house.amina.sees("Before your first picture")


async def test_a_cry_below_a_picture_is_told_though_nothing_was_agreed_yet(house: House) -> None:
    await _has_never_agreed(house)
    await house.amina.sends_photo(house.picture, caption="I cannot breathe")
    await house.amina.sees("112")
    await house.amina.sees("Before your first picture")
    assert "I cannot breathe" in (await house.rao.sees("🆘")).text
