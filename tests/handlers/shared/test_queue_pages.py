"""The worklist on a phone: two lines for each scan, pages, totals and filters."""

from datetime import date

from models.tables.accounts import Account
from models.vocabulary import ScanStatus, Sex
from tests.support.people import Clinic
from tests.support.steps import a_scan, actor
from workflow.desk import alarms
from workflow.scans import intake, queries


async def test_a_line_says_who_waits_how_long_with_what_and_who_reads_it(clinic: Clinic) -> None:
    await a_scan(clinic, ScanStatus.PENDING_AI)
    await a_scan(clinic, ScanStatus.AI_ANALYZED)
    at = clinic.app.services.now()
    async with clinic.app.services.sessions.begin() as session:
        amina = await session.get_one(Account, (await actor(session, "amina@example.org")).account_id)
        amina.sex, amina.date_of_birth, amina.name = Sex.FEMALE, date(1980, 1, 1), "Amina <Yusuf>"
        await intake.record_complaint(
            session, await actor(session, "amina@example.org"), 1, "complaint", "Cough " * 20, at
        )
    await clinic.rao.sends("/queue")
    listed = (await clinic.rao.sees("Waiting for you")).text
    assert "1–2 of 2" in listed
    assert "▫️ #1 Amina <Yusuf> · ⏳ 0 min" in listed
    assert "yrs · female · “Cough Cough Cough" in listed
    assert "Cou…”" in listed
    assert listed.count("computer:") == 1, "only the analysed scan has the model's word"
    assert "computer: COVID-19" in listed.split("#2")[1].split("#1")[0]
    assert "👤" not in listed
    await clinic.rao.presses("Write findings")
    await clinic.rao.sends("/queue")
    await clinic.rao.sees("👤 Dr")


async def test_a_long_queue_has_pages_and_totals_and_marks_an_open_emergency(clinic: Clinic) -> None:
    for _ in range(8):
        await a_scan(clinic, ScanStatus.PENDING_AI)
    await clinic.rao.sends("/queue")
    first = await clinic.rao.sees("1–6 of 8")
    assert "#7" not in first.text
    assert first.buttons == [*(f"▫️ #{number}" for number in range(1, 7)), "›"]
    await clinic.rao.presses("›")
    second = await clinic.rao.sees("7–8 of 8")
    assert second.id == first.id, "the page is turned in place"
    assert second.buttons == ["▫️ #7", "▫️ #8", "‹"]
    async with clinic.app.services.sessions.begin() as session:
        amina = await actor(session, "amina@example.org")
        (chat,) = await queries.chats_of_account(session, amina.account_id)
        await alarms.report_emergency(session, chat, amina, "en", "I cannot breathe", clinic.app.services.now())
    await clinic.rao.sends("/queue")
    await clinic.rao.sees("🆘 #1 ")


async def test_filters_leave_their_part_and_say_how_many_there_are_in_all(clinic: Clinic) -> None:
    await a_scan(clinic, ScanStatus.AI_ANALYZED)
    await a_scan(clinic, ScanStatus.PENDING_AI)
    await clinic.rao.sends("/start")
    await clinic.rao.presses("Write findings")
    await clinic.rao.sends("/queue")
    assert "🔴 Urgent" not in " ".join((await clinic.rao.sees("1–2 of 2")).buttons), "nothing is urgent"
    await clinic.rao.presses("👤 Mine (1)")
    mine = await clinic.rao.sees("👤 Mine: 1–1 of 1 · 2 in all")
    assert "#2" not in mine.text
    await clinic.rao.presses("All (2)")
    await clinic.rao.sees("1–2 of 2")


async def test_an_old_page_or_filter_shows_what_there_is(clinic: Clinic) -> None:
    await a_scan(clinic, ScanStatus.PENDING_AI)
    await clinic.rao.sends("/queue")
    listed = await clinic.rao.sees("1–1 of 1")
    await clinic.rao.forges("q:hearts:0", listed.id)  # the scan's card may come after the list
    assert (await clinic.rao.sees("🫀 Hearts: 0–0 of 0 · 1 in all")).buttons == ["All (1)"]
    await clinic.rao.forges("q:all:99", listed.id)
    await clinic.rao.sees("1–1 of 1")
