"""Promise 2: no report without findings, a pharmacist's note and a one-time code bound to exactly that content."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, select

from bot.dev.sandbox import Person
from handlers.ui.callbacks import CardAction, OnCard
from models.tables.accounts import Account
from models.tables.codes import Code
from models.tables.scans import Prescription, Reading, Report, Scan
from models.vocabulary import ScanStatus
from tests.support.people import CODE, Clinic
from tests.support.steps import (
    a_scan,
    an_hour_passes_for_codes,
    button,
    rows,
    scan_row,
    sentence_for,
    the_code_grows_old,
)

SPENT = "can no longer be used"
WRONG = "That code is not right"
READY = ScanStatus.PHARMACIST_COMPLETED


async def test_no_signer_can_be_left_out(clinic: Clinic) -> None:
    """Verify without findings, Complete without a note, Approve before both: each is refused with a message."""
    scan = await a_scan(clinic, ScanStatus.AI_ANALYZED)
    await _refuses(clinic, scan, clinic.rao, CardAction.VERIFY, "findings_missing")
    await _refuses(clinic, scan, clinic.rao, CardAction.APPROVE, "not_allowed")
    await _refuses(clinic, scan, clinic.joseph, CardAction.APPROVE, "stale")

    scan = await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    await _refuses(clinic, scan, clinic.meena, CardAction.COMPLETE, "prescription_missing")
    await _refuses(clinic, scan, clinic.joseph, CardAction.APPROVE, "stale")

    assert await clinic.telegram.mails() == [], "a code was mailed for an unfinished scan"
    await _no_report(clinic)


async def test_no_medicine_needed_is_a_pharmacists_note_too(clinic: Clinic) -> None:
    """One press records it; then Complete succeeds and the report is released."""
    await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    await clinic.meena.presses("No medicine needed")
    await clinic.meena.sees(sentence_for(clinic, "card.no_medicine"))
    answer = await clinic.meena.presses("Complete")
    assert answer.text == sentence_for(clinic, "prescribe.completed")
    await clinic.releases()
    await clinic.amina.receives_document(timeout=30)


async def test_a_code_is_good_for_the_content_it_was_asked_for(clinic: Clinic) -> None:
    """After any change of the report's content the right code releases nothing."""
    scan = await a_scan(clinic, READY)
    amina = Account.email == "amina@example.org"
    changes: list[tuple[Select[Any], str, Any]] = [
        (select(Prescription), "lines", ["Morphine 10 mg"]),
        (select(Reading), "findings", "Nothing to see."),
        (select(Reading), "own_reading", "Nothing."),
        (select(Scan), "picture_file", (await scan_row(clinic, scan)).original_file),
        (select(Account).where(amina), "name", "Somebody Else"),
        (select(Reading), "signed_at", datetime.now(UTC)),
    ]
    for rows_of, column, value in changes:
        code = await _asks(clinic, scan)
        async with clinic.app.services.sessions.begin() as session:  # encrypted columns are written row by row
            setattr((await session.scalars(rows_of)).one(), column, value)
        await clinic.joseph.sends(code)
        await clinic.joseph.sees(SPENT)  # otherwise "is released"
        await _no_report(clinic)
        await an_hour_passes_for_codes(clinic)

    await clinic.joseph.sends(await _asks(clinic, scan))
    await clinic.joseph.sees("is released")  # the current content, confirmed by a new code


async def test_a_code_opens_one_scan_once_and_in_time(clinic: Clinic) -> None:
    """Scan A's code on scan B, an old code, a used code: none of them releases anything."""
    first, second = await a_scan(clinic, READY), await a_scan(clinic, READY)
    of_first = await _asks(clinic, first)
    await an_hour_passes_for_codes(clinic)
    of_second = await _asks(clinic, second)
    await clinic.joseph.sends(of_first)
    await clinic.joseph.sees(WRONG)

    await the_code_grows_old(clinic)
    await clinic.joseph.sends(of_second)
    await clinic.joseph.sees(SPENT)
    await _no_report(clinic)

    await an_hour_passes_for_codes(clinic)
    code = await _asks(clinic, second)
    await clinic.joseph.sends(code)
    await clinic.joseph.sees("is released")
    await clinic.amina.receives_document(timeout=30)
    for scan in (first, second):
        await an_hour_passes_for_codes(clinic)
        await clinic.joseph.forges(OnCard(action=CardAction.APPROVE, scan_id=scan).pack())
        await clinic.joseph.sends(code)
        await clinic.joseph.sees(WRONG)
    assert [report[1] for report in await rows(clinic, Report)] == [second]
    assert (await scan_row(clinic, first)).status is READY


async def test_after_five_wrong_guesses_the_right_code_is_worth_nothing(clinic: Clinic) -> None:
    """The sixth try and every later one is refused, right or wrong; typed codes never stay in the chat."""
    scan = await a_scan(clinic, READY)
    code = await _asks(clinic, scan)
    wrong = [f"{(int(code) + step) % 10**6:06}" for step in range(1, 6)]
    for guess in wrong:
        await clinic.joseph.sends(guess)
        await clinic.joseph.sees(WRONG)
    for _ in range(2):
        await clinic.joseph.sends(code)
        await clinic.joseph.sees(SPENT)
    await _no_report(clinic)
    shown = " ".join(message.text for message in await clinic.joseph.messages())
    assert not any(digits in shown for digits in (*wrong, code))
    [row] = await rows(clinic, Code)
    assert code not in map(str, row), "the code itself is kept nowhere"


async def test_the_code_belongs_to_the_administrator_who_asked(clinic: Clinic) -> None:
    """A doctor who has read it over a shoulder cannot use it."""
    scan = await a_scan(clinic, READY)
    code = await _asks(clinic, scan)
    await clinic.rao.sends(code)
    await clinic.rao.sees(SPENT)
    await _no_report(clinic)


async def _asks(clinic: Clinic, scan: int) -> str:
    """The administrator presses Approve under this scan and reads the mail."""
    earlier = await clinic.telegram.mails("joseph@example.org")
    await clinic.joseph.presses("Approve", on=f"Scan #{scan} ")
    await clinic.joseph.sees(f"scan #{scan}")
    mail = await clinic.telegram.mail_to("joseph@example.org", after=earlier[-1] if earlier else None)
    [code] = CODE.findall(mail.text)
    return code


async def _refuses(clinic: Clinic, scan: int, person: Person, action: CardAction, key: str) -> None:
    if not await person.messages():
        await person.sends("/start")
        await person.sees("Hello")
    answer = await person.forges(await button(clinic, action, scan))
    assert (answer.show_alert, answer.text) == (True, sentence_for(clinic, f"error.{key}"))


async def _no_report(clinic: Clinic) -> None:
    """No report is stored, queued, in the patient's chat or in their mailbox."""
    assert await rows(clinic, Report) == []
    assert not [message for message in await clinic.amina.messages() if message.document]
    assert await clinic.telegram.mails("amina@example.org") == []
