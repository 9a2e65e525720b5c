"""Before consent nothing of a patient is stored, and pictures sent before it are not lost."""

from sqlalchemy import delete, select

from models.tables.accounts import Consent
from models.tables.audit import AuditRow
from models.tables.scans import Scan
from tests.support.jobs import settles
from tests.support.people import Clinic
from tests.support.steps import sentence_for
from workflow.accounts.consent import VERSION


async def _has_never_agreed(clinic: Clinic) -> None:
    async with clinic.app.services.sessions.begin() as session:
        await session.execute(delete(Consent))


async def _kept(clinic: Clinic) -> int:
    files = [path for path in clinic.app.services.vault.root.rglob("*") if path.is_file()]
    async with clinic.app.services.sessions() as session:
        return len(files) + len((await session.scalars(select(Scan.id))).all())


async def test_the_first_picture_waits_for_the_agreement_and_then_goes_its_way(clinic: Clinic) -> None:
    await _has_never_agreed(clinic)
    await clinic.amina.sends_photo(clinic.picture, caption="Cough")
    card = await clinic.amina.sees("Before your first picture")
    assert "Demo Hospital" in card.text
    assert await _kept(clinic) == 0
    await clinic.amina.presses("I agree")
    await clinic.amina.sees("Since when")
    await settles(clinic)
    async with clinic.app.services.sessions() as session:
        consent = (await session.scalars(select(Consent))).one()
        scan = (await session.scalars(select(Scan))).one()
        acts = list(await session.scalars(select(AuditRow.act).where(AuditRow.act.in_(["consent", "upload"]))))
    assert (consent.version, consent.language, scan.complaint) == (VERSION, "en", "Cough")
    assert acts[-2:] == ["consent", "upload"]
    await clinic.amina.presses("Skip")
    await clinic.amina.sends_photo(clinic.picture)
    await clinic.amina.sees("What troubles you")


async def test_one_that_is_refused_holds_up_no_other_and_each_is_asked_about(clinic: Clinic) -> None:
    await _has_never_agreed(clinic)
    await clinic.amina.sends_photo(clinic.picture)
    await clinic.amina.sees("Before your first picture")
    await clinic.amina.sends_file(b"no picture", "scan.txt", "text/plain")
    await clinic.amina.sees("Before your first picture")
    await clinic.amina.sends_photo(clinic.picture)
    await clinic.amina.sees("Before your first picture")
    await clinic.amina.presses("I agree")
    await clinic.amina.sees(sentence_for(clinic, "consent.agreed"))
    await clinic.amina.sees(sentence_for(clinic, "upload.not_an_image"))
    async with clinic.app.services.sessions() as session:
        assert len((await session.scalars(select(Scan.id))).all()) == 2


async def test_another_command_or_form_meanwhile_loses_no_waiting_picture(clinic: Clinic) -> None:
    await _has_never_agreed(clinic)
    await clinic.amina.sends_photo(clinic.picture)
    await clinic.amina.sees("Before your first picture")
    await clinic.amina.sends("/password")
    await clinic.amina.sees("password")
    await clinic.amina.sends("/cancel")
    await clinic.amina.sees("")
    await clinic.amina.presses("I agree", on="Before your first picture")
    await clinic.amina.sees("What troubles you")


async def test_the_pressing_goes_on_until_each_waiting_picture_is_fetched(clinic: Clinic) -> None:
    await _has_never_agreed(clinic)
    for _ in range(2):
        await clinic.amina.sends_photo(clinic.picture)
        await clinic.amina.sees("Before your first picture")
    await clinic.telegram.fault("500", "getFile", times=2)
    await clinic.amina.presses("I agree")
    await clinic.amina.sees(sentence_for(clinic, "consent.agreed"), timeout=30)
    async with clinic.app.services.sessions() as session:
        assert len((await session.scalars(select(Scan.id))).all()) == 2


async def test_not_now_keeps_nothing_and_asks_again_another_time(clinic: Clinic) -> None:
    await _has_never_agreed(clinic)
    await clinic.amina.sends_photo(clinic.picture)
    await clinic.amina.sees("Before your first picture")
    await clinic.amina.presses("Not now")
    await clinic.amina.sees(sentence_for(clinic, "consent.declined"))
    assert await _kept(clinic) == 0
    await clinic.amina.sends_photo(clinic.picture)
    await clinic.amina.sees("Before your first picture")
    await clinic.amina.presses("I agree")
    await clinic.amina.sees("What troubles you")


async def test_a_new_version_of_the_words_is_asked_anew(clinic: Clinic) -> None:
    async with clinic.app.services.sessions.begin() as session:
        for consent in await session.scalars(select(Consent)):
            consent.version = "2025-01"
    await clinic.amina.sends_photo(clinic.picture)
    await clinic.amina.sees("Before your first picture")


async def test_an_emergency_in_a_caption_is_notified_before_any_consent(clinic: Clinic) -> None:
    await _has_never_agreed(clinic)
    await clinic.amina.sends_photo(clinic.picture, caption="I cannot breathe")
    await clinic.amina.sees("112")
    await clinic.amina.sees("Before your first picture")
    assert "I cannot breathe" in (await clinic.rao.sees("🆘")).text
