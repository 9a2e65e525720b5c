"""Before consent nothing of a patient is stored, and pictures sent before it are not lost."""

import pytest
from sqlalchemy import delete, select

from handlers.ui.callbacks.family import TakeBackConsent
from models.tables.accounts import Consent
from models.tables.audit import AuditRow
from models.tables.scans import Scan
from models.vocabulary import ScanStatus
from tests.support.jobs import settles
from tests.support.people import Clinic
from tests.support.steps import sentence_for
from workflow.consent import VERSION


async def _has_never_agreed(clinic: Clinic) -> None:
    async with clinic.app.services.sessions.begin() as session:
        await session.execute(delete(Consent))


async def _kept(clinic: Clinic) -> int:
    files = [path for path in clinic.app.services.vault.store.root.rglob("*") if path.is_file()]
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


@pytest.mark.slow
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


@pytest.mark.slow
async def test_the_agreement_is_taken_back_and_given_again_and_the_scan_on_its_way_goes_on(clinic: Clinic) -> None:
    """Asked about first; a second press of the old button changes nothing."""
    await clinic.uploads()
    await clinic.amina.sends("/privacy")
    await clinic.amina.presses("Take back", on="What is kept of you")
    assert "Amina Yusuf" in (await clinic.amina.sees("Take back the agreement?")).text
    await clinic.amina.presses("Leave it", on="Take back the agreement?")
    await clinic.amina.sees("stays as it is")
    await clinic.amina.presses("Take back", on="What is kept of you")
    await clinic.amina.presses("Take back", on="Take back the agreement?")
    await clinic.amina.sees("is taken back")
    await clinic.amina.presses("Take back", on="What is kept of you")
    answer = await clinic.amina.presses("Take back", on="Take back the agreement?")
    assert answer.text == sentence_for(clinic, "error.stale")
    await clinic.amina.sends("/privacy")
    shown = await clinic.amina.sees("What is kept of you")
    assert "taken back on" in shown.text
    assert "Take back" not in str(shown.body["reply_markup"])

    kept = await _kept(clinic)
    await clinic.amina.sends_photo(clinic.picture)
    await clinic.amina.sees("Before your first picture")
    assert await _kept(clinic) == kept
    await clinic.amina.presses("I agree")
    await clinic.amina.sees("What troubles you")
    await clinic.rao.presses("Analyse", on="Scan #1")
    await settles(clinic)
    async with clinic.app.services.sessions() as session:
        own = select(Consent).where(Consent.account_id == 1).order_by(Consent.id)
        assert [bool(one.withdrawn_at) for one in await session.scalars(own)] == [True, False]
        acts = select(AuditRow.act).where(AuditRow.act.endswith("consent")).order_by(AuditRow.seq)
        assert (await session.scalars(acts)).all()[-2:] == ["withdraw_consent", "consent"]
        assert (await session.get_one(Scan, 1)).status is ScanStatus.AI_ANALYZED


async def test_of_another_persons_file_nobody_takes_the_agreement_back(clinic: Clinic) -> None:
    for person in (clinic.amina, clinic.joseph):
        await person.sends("/help")
        await person.sees("")
        answer = await person.forges(TakeBackConsent(patient_id=2, sure=True).pack())
        assert answer.text == sentence_for(clinic, "error.not_found")
    async with clinic.app.services.sessions() as session:
        assert not (await session.scalars(select(Consent).where(Consent.withdrawn_at.is_not(None)))).all()
