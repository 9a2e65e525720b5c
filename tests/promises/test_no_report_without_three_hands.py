"""Promise 2: no report without findings, a pharmacist's note and a one-time code bound to exactly that content."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, select

from bot.dev.sandbox import Person
from handlers.ui.keyboards import CardAction, OnCard
from models.tables.codes import Code
from models.tables.people import Account
from models.tables.scans import Prescription, Reading, Report, Scan, Status
from tests.support.people import CODE, House
from tests.support.steps import a_scan, an_hour_passes_for_codes, button, rows, says, scan_row, the_code_grows_old

SPENT = "can no longer be used"
WRONG = "That code is not right"
READY = Status.PHARMACIST_COMPLETED


async def test_no_hand_can_be_left_out(house: House) -> None:
    """Verify without findings, Complete without a note, Approve before both: each is refused in words."""
    scan = await a_scan(house, Status.AI_ANALYZED)
    await _refuses(house, scan, house.rao, CardAction.VERIFY, "findings_missing")
    await _refuses(house, scan, house.rao, CardAction.APPROVE, "not_allowed")
    await _refuses(house, scan, house.joseph, CardAction.APPROVE, "stale")

    scan = await a_scan(house, Status.DOCTOR_VERIFIED)
    await _refuses(house, scan, house.meena, CardAction.COMPLETE, "prescription_missing")
    await _refuses(house, scan, house.joseph, CardAction.APPROVE, "stale")

    assert await house.clinic.mails() == [], "a code was mailed for an unfinished scan"
    await _no_report(house)


async def test_no_medicine_needed_is_a_pharmacists_note_too(house: House) -> None:
    """One press says so; then Complete goes through and the report leaves."""
    await a_scan(house, Status.DOCTOR_VERIFIED)
    await house.meena.presses("No medicine needed")
    await house.meena.sees(says(house, "card.no_medicine"))
    answer = await house.meena.presses("Complete")
    assert answer.text == says(house, "prescribe.completed")
    await house.releases()
    await house.amina.receives_document(timeout=30)


async def test_a_code_is_good_for_the_content_it_was_asked_for(house: House) -> None:
    """Whatever the report states may change behind the administrator's back: then the right digits release nothing."""
    scan = await a_scan(house, READY)
    amina = Account.email == "amina@example.org"
    changes: list[tuple[Select[Any], str, Any]] = [
        (select(Prescription), "lines", ["Morphine 10 mg"]),
        (select(Reading), "findings", "Nothing to see."),
        (select(Reading), "own_reading", "Nothing."),
        (select(Scan), "picture_file", (await scan_row(house, scan)).original_file),
        (select(Account).where(amina), "name", "Somebody Else"),
        (select(Reading), "signed_at", datetime.now(UTC)),
    ]
    for rows_of, column, value in changes:
        code = await _asks(house, scan)
        async with house.app.clinic.sessions.begin() as session:  # sealed columns are written row by row
            setattr((await session.scalars(rows_of)).one(), column, value)
        await house.joseph.sends(code)
        await house.joseph.sees(SPENT)  # else "is released"
        await _no_report(house)
        await an_hour_passes_for_codes(house)

    await house.joseph.sends(await _asks(house, scan))
    await house.joseph.sees("is released")  # what stands there now, confirmed by a new code


async def test_a_code_opens_one_scan_once_and_in_time(house: House) -> None:
    """Scan A's code on scan B, an old code, a used code: none of them releases anything."""
    first, second = await a_scan(house, READY), await a_scan(house, READY)
    of_first = await _asks(house, first)
    await an_hour_passes_for_codes(house)
    of_second = await _asks(house, second)
    await house.joseph.sends(of_first)
    await house.joseph.sees(WRONG)

    await the_code_grows_old(house)
    await house.joseph.sends(of_second)
    await house.joseph.sees(SPENT)
    await _no_report(house)

    await an_hour_passes_for_codes(house)
    code = await _asks(house, second)
    await house.joseph.sends(code)
    await house.joseph.sees("is released")
    await house.amina.receives_document(timeout=30)
    for scan in (first, second):
        await an_hour_passes_for_codes(house)
        await house.joseph.forges(OnCard(action=CardAction.APPROVE, scan_id=scan).pack())
        await house.joseph.sends(code)
        await house.joseph.sees(WRONG)
    assert [report[1] for report in await rows(house, Report)] == [second]
    assert (await scan_row(house, first)).status is READY


async def test_after_five_wrong_guesses_the_right_code_is_worth_nothing(house: House) -> None:
    """The sixth try is refused, right or wrong, and so is every later one; typed digits never stay in the chat."""
    scan = await a_scan(house, READY)
    code = await _asks(house, scan)
    wrong = [f"{(int(code) + step) % 10**6:06}" for step in range(1, 6)]
    for guess in wrong:
        await house.joseph.sends(guess)
        await house.joseph.sees(WRONG)
    for _ in range(2):
        await house.joseph.sends(code)
        await house.joseph.sees(SPENT)
    await _no_report(house)
    shown = " ".join(message.text for message in await house.joseph.messages())
    assert not any(digits in shown for digits in (*wrong, code))
    [row] = await rows(house, Code)
    assert code not in map(str, row), "the code itself is kept nowhere"


async def test_the_code_belongs_to_the_administrator_who_asked(house: House) -> None:
    """A doctor who reads it over a shoulder has six digits and nothing else."""
    scan = await a_scan(house, READY)
    code = await _asks(house, scan)
    await house.rao.sends(code)
    await house.rao.sees(SPENT)
    await _no_report(house)


async def _asks(house: House, scan: int) -> str:
    """The administrator presses Approve under this scan and reads the mail."""
    earlier = await house.clinic.mails("joseph@example.org")
    await house.joseph.presses("Approve", on=f"Scan #{scan} ")
    await house.joseph.sees(f"scan #{scan}")
    mail = await house.clinic.mail_to("joseph@example.org", after=earlier[-1] if earlier else None)
    [code] = CODE.findall(mail.text)
    return code


async def _refuses(house: House, scan: int, person: Person, action: CardAction, key: str) -> None:
    if not await person.messages():
        await person.sends("/start")
        await person.sees("Hello")
    answer = await person.forges(await button(house, action, scan))
    assert (answer.show_alert, answer.text) == (True, says(house, f"error.{key}"))


async def _no_report(house: House) -> None:
    """None is written, none is on its way, none is in the patient's chat or mailbox."""
    assert await rows(house, Report) == []
    assert not [message for message in await house.amina.messages() if message.document]
    assert await house.clinic.mails("amina@example.org") == []
