"""A doctor's own phrases, and the ready readings used last: kept for each doctor, sealed, exported, erased."""

import pytest

from bot.dev.sandbox.client import Message
from handlers.ui.callbacks.reading import DeletePhrase, UsePhrase
from models.base import Sessions
from models.tables.readings import ReadingPresets
from models.vocabulary import Role, ScanStatus
from tests.support.people import Clinic
from tests.support.rows import NOW, a_person, a_staff
from tests.support.rows import a_scan as a_row
from tests.support.steps import a_scan, actor, rows, scan_row, sentence_for
from workflow.errors import PhrasesFull, StaleAction
from workflow.privacy import export
from workflow.scans import presets, reading

WORDS = "Appearances as on the earlier film."


async def drafts_an_impression(clinic: Clinic, words: str) -> None:
    await clinic.rao.presses("Impression", on="Written down")
    await clinic.rao.sends(words)
    await clinic.rao.presses("Skip", on="what shall happen next")
    await clinic.rao.sees(words)


@pytest.mark.slow
async def test_an_impression_is_kept_by_one_press_and_a_name_picked_and_deleted(clinic: Clinic) -> None:
    first = await a_scan(clinic, ScanStatus.AI_ANALYZED, label="Normal", abnormal=0.04)
    rao = clinic.rao
    await rao.presses("Write findings")
    draft = await _normal(clinic)
    assert "⭐ Keep as my phrase" not in draft.buttons, "a ready reading needs no phrase"
    await drafts_an_impression(clinic, WORDS)
    await rao.presses("Keep as my phrase", on=WORDS)
    await rao.sees("Under which short name")
    await rao.sends("scar")
    await rao.sees("Kept as “scar”")
    await rao.presses("AI right", on=WORDS)
    assert (await scan_row(clinic, first)).status is ScanStatus.DOCTOR_VERIFIED

    second = await a_scan(clinic, ScanStatus.AI_ANALYZED, label="Normal", abnormal=0.04)
    await rao.sees(f"Scan #{second}")
    await rao.presses("Write findings", on=f"Scan #{second}")
    await _normal(clinic)
    await rao.presses("Add a reading", on="Written down")
    await rao.presses("My phrases", on="which region")
    listed = await rao.sees("which of your phrases")
    assert f"scar: {WORDS}" in listed.text
    await rao.presses("scar", on="which of your phrases")
    await rao.sees(WORDS)
    stored = (await scan_row(clinic, second)).reading
    assert stored is not None
    assert (stored.impression, stored.diagnosis) == (WORDS, "normal_chest")
    assert (await rao.forges(UsePhrase(scan_id=second, number=1).pack())).answered
    again = (await scan_row(clinic, second)).reading
    assert again is not None
    assert again.impression == WORDS, "two presses add it once"

    await rao.presses("Add a reading", on="Written down")
    await rao.presses("My phrases", on="which region")
    await rao.presses("Delete one", on="which of your phrases")
    await rao.presses("🗑 scar", on="shall be deleted")
    await rao.sees("no phrases of your own")
    for old in (UsePhrase(scan_id=second, number=1), DeletePhrase(scan_id=second, number=1)):
        assert (await rao.forges(old.pack())).text == sentence_for(clinic, "error.stale")


async def _normal(clinic: Clinic) -> Message:
    await clinic.rao.presses("Normal chest")
    return await clinic.rao.sees("Written down")


async def test_only_doctors_keep_phrases(clinic: Clinic) -> None:
    scan = await a_scan(clinic, ScanStatus.AI_ANALYZED, label="Normal", abnormal=0.04)
    for person in (clinic.amina, clinic.meena, clinic.joseph):
        for forged in (UsePhrase(scan_id=scan, number=1), DeletePhrase(scan_id=scan, number=1)):
            assert (await person.forges(forged.pack())).text == sentence_for(clinic, "error.not_allowed")
    assert await rows(clinic, ReadingPresets) == []


async def test_the_readings_used_last_stand_first(clinic: Clinic) -> None:
    """In the first menu, in that of all regions and within a region; the normal one keeps its place on top."""
    await a_scan(clinic, ScanStatus.AI_ANALYZED, label="Normal", abnormal=0.04)
    rao = clinic.rao
    await rao.presses("Write findings")
    await rao.presses("➕ Lungs")
    before = await rao.sees("Which reading")
    assert before.buttons[0] != "Collapse"
    await rao.presses("Collapse", on="Which reading")
    await rao.presses("Collapse, on the left", on="on which side")
    await rao.presses("Add a reading", on="Written down")
    menu = await rao.sees("which region")
    assert menu.buttons[0].startswith("🕘")
    await rao.presses("➕ Lungs", on="which region")
    assert (await rao.sees("Which reading")).buttons[0] == "Collapse"
    other = await a_scan(clinic, ScanStatus.AI_ANALYZED, label="Normal", abnormal=0.04)
    await rao.sees(f"Scan #{other}")
    await rao.presses("Write findings", on=f"Scan #{other}")
    question = await rao.sees("Findings")
    assert question.buttons[0].startswith("✅")
    assert question.buttons[1].startswith("🕘")
    async with clinic.app.services.sessions() as session:
        assert list(await presets.recent_readings(session, await actor(session, "rao@example.org"))) == [
            "collapse_left"
        ]


async def test_phrases_belong_to_one_doctor_and_are_exported_with_the_account(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        staff = await a_staff(session)
        colleague = await a_person(session, Role.DOCTOR)
        scan = await a_row(session, staff, "AI_ANALYZED")
        await reading.revise_draft(session, staff.doctor, scan.id, NOW, impression=WORDS)
        await presets.keep_phrase(session, staff.doctor, scan.id, "scar", NOW)
        await reading.revise_draft(session, staff.doctor, scan.id, NOW, impression="Other words.")
        await presets.keep_phrase(session, staff.doctor, scan.id, "scar", NOW)
        [one] = await presets.own_phrases(session, staff.doctor)
        assert (one.number, one.name, one.text) == (2, "scar", "Other words."), "the same name replaces"
        assert await presets.own_phrases(session, colleague) == []
        with pytest.raises(StaleAction):
            await presets.take_phrase(session, colleague, 2)
        told = await export.gather(session, staff.doctor._replace(role=Role.PATIENT), NOW)
    assert told.data["own_phrases"] == [{"number": 2, "name": "scar", "text": "Other words."}]


async def test_a_further_phrase_than_fit_is_refused_and_none_is_lost(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        staff = await a_staff(session)
        scan = await a_row(session, staff, "AI_ANALYZED")
        await reading.revise_draft(session, staff.doctor, scan.id, NOW, impression=WORDS)
        for number in range(presets.MAX_PHRASES):
            await presets.keep_phrase(session, staff.doctor, scan.id, f"n{number}", NOW)
        with pytest.raises(PhrasesFull):
            await presets.keep_phrase(session, staff.doctor, scan.id, "one more", NOW)
        await presets.keep_phrase(session, staff.doctor, scan.id, "n3", NOW)
        assert len(await presets.own_phrases(session, staff.doctor)) == presets.MAX_PHRASES
