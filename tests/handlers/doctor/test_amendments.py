"""Amendments after the release: reason, new approval, the superseded version marked and kept."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from bot.jobs.issue_report import build_draft
from handlers.ui.callbacks import CardAction, OnCard, SendAgain
from models.tables.accounts import ChatLink
from models.tables.deliveries import Delivery
from models.vocabulary import ScanStatus
from tests.support.account_steps import enrols
from tests.support.authenticator_steps import STEP
from tests.support.jobs import settles, waits
from tests.support.pdf import pages
from tests.support.people import Clinic, eventually
from tests.support.report_steps import approves_amendment, asks_to_amend
from tests.support.steps import a_scan, scan_row, sentence_for
from workflow.reporting.deliveries import history


@pytest.mark.slow
async def test_an_amendment_makes_a_new_version_and_marks_the_old_one(clinic: Clinic) -> None:
    """Reason, new text, risk colour, a new code; the patient is notified, and the old copy in the chat is marked
    void.
    """
    await clinic.plays("released")
    first = await clinic.amina.receives_document(timeout=30)
    await asks_to_amend(clinic)
    again = await clinic.rao.forges(OnCard(action=CardAction.ADDENDUM, scan_id=1).pack())
    assert again.answered
    await clinic.rao.sends("And more.")
    await clinic.rao.sees(sentence_for(clinic, "error.amendment_open"))

    question = await clinic.joseph.sees("asks to change the report")
    assert "The side was mixed up." in question.text
    await clinic.amina.looks_away()
    await approves_amendment(clinic)
    await clinic.amina.sees("takes the place of the earlier version", timeout=30)
    second = await clinic.amina.receives_document()
    assert second.name == first.name.replace(".pdf", "-2.pdf")
    plain, report = pages(second.data)[:2]
    assert "Urgent" in plain
    assert "Left-sided pneumonia." in plain
    for words in ("Version 1 was changed", "The side was mixed up.", "Opacity, left.", "Amended", "Dr Rao"):
        assert words in report
    assert not any("Patchy opacities" in page for page in pages(second.data))
    assert "Repeat film in two weeks" in report, "what was skipped stays"
    await clinic.amina.sees("Superseded.")
    await clinic.amina.sends("/report")
    assert await clinic.amina.receives_document() == second
    listed = (await clinic.amina.sees("Your reports")).text.splitlines()
    assert [line[0] for line in listed[1:]] == ["✅", "▫"]
    assert "version 2" in listed[1]
    assert listed[2].endswith("superseded")
    assert (await scan_row(clinic, 1)).status is ScanStatus.REPORT_READY

    await clinic.joseph.presses("Report", on="Scan #1")
    await clinic.joseph.sees("Superseded.")
    documents = [one for one in await clinic.joseph.messages() if one.document]
    assert len(documents) == 2, "staff can read the old version too"
    assert (await build_draft(clinic.app.services, 1)).version == 2, "a preview shows the version that counts"


@pytest.mark.slow
async def test_a_version_that_was_superseded_on_its_way_never_arrives(clinic: Clinic) -> None:
    """Telegram is away when the first version is sent, and back when the second has superseded it."""
    await clinic.telegram.fault("500", "sendDocument", times=100)
    await clinic.plays("released")
    await waits(clinic, "send_report")
    await asks_to_amend(clinic)
    await approves_amendment(clinic)
    await eventually(
        clinic.app.services.sessions, lambda session: session.get(Delivery, f"report:2:chat:{_amina(clinic)}")
    )
    await clinic.telegram.no_faults()
    await settles(clinic)
    got = await clinic.amina.receives_document()
    assert got.name.endswith("-2.pdf")
    assert len([one for one in await clinic.amina.messages() if one.document]) == 1
    async with clinic.app.services.sessions() as session:
        late = await history(session, f"report:1:chat:{_amina(clinic)}")
    assert late[-1].state == "cancelled"


@pytest.mark.slow
async def test_an_old_button_sends_the_newest_version_again_and_never_the_one_it_was_made_for(clinic: Clinic) -> None:
    """Both versions' mails were refused; only the second is listed, and the first one's button resends it."""
    await clinic.plays("completed")
    code = await clinic.approves()
    clinic.sandbox.mailbox.fail(1, 550)
    await clinic.joseph.sends(code)
    await clinic.joseph.sees("could not be delivered", timeout=30)
    await asks_to_amend(clinic)
    await approves_amendment(clinic)
    clinic.sandbox.mailbox.fail(1, 550)
    await clinic.joseph.sees("-2 of scan #1 could not be delivered", timeout=30)
    await clinic.joseph.sends("/undelivered")
    listed = await clinic.joseph.sees("Reports that have not arrived")
    assert len(listed.buttons) == 1
    again = await clinic.joseph.forges(SendAgain(key="report:1:email").pack())
    assert again.answered
    mail = await clinic.telegram.mail_to("amina@example.org", "attached", timeout=30)
    assert [one.name for one in mail.attachments] == [f"{listed.buttons[0].split()[1]}.pdf"]
    await settles(clinic)
    assert len(await clinic.telegram.mails("amina@example.org")) == 1
    late = await clinic.joseph.forges(SendAgain(key="report:1:email").pack())
    assert late.text == sentence_for(clinic, "error.stale")


@pytest.mark.slow
async def test_an_addendum_adds_and_a_declined_change_changes_nothing(clinic: Clinic) -> None:
    await clinic.plays("released")
    first = await clinic.amina.receives_document(timeout=30)
    await clinic.rao.presses("Addendum", on="Report ready")
    await clinic.rao.sends("Discussed with the ward.")
    await clinic.joseph.presses("Decline", on="asks to change")
    await clinic.rao.sees("has declined your change")
    await clinic.amina.sends("/report")
    assert await clinic.amina.receives_document() == first

    await clinic.rao.presses("Addendum", on="Report ready")
    await clinic.rao.sends("Discussed with the ward at noon.")
    await clinic.joseph.sees("Discussed with the ward at noon.")
    await clinic.amina.looks_away()
    await approves_amendment(clinic)
    await clinic.amina.sees("takes the place of the earlier version", timeout=30)
    second = "".join(pages((await clinic.amina.receives_document()).data))
    for words in ("Addedtoversion1", "Discussedwiththewardatnoon.", "Patchyopacities"):
        assert words in second


@pytest.mark.slow
async def test_a_button_decides_the_change_above_it_and_no_later_one(clinic: Clinic) -> None:
    """The first change is declined from another chat and its buttons stay here; then a second one waits."""
    await clinic.plays("released")
    await clinic.amina.receives_document(timeout=30)
    await clinic.rao.presses("Addendum", on="Report ready")
    await clinic.rao.sends("Discussed with the ward.")
    first = await clinic.joseph.sees("Discussed with the ward.")
    old = [first.key(label) for label in ("Approve the change", "Decline")]
    await clinic.joseph.presses("Decline", on="asks to change")
    await clinic.rao.sees("has declined your change")
    await clinic.rao.presses("Addendum", on="Report ready")
    await clinic.rao.sends("The side was mixed up.")
    await clinic.joseph.sees("The side was mixed up.")
    for button in old:
        assert button is not None
        assert button.data is not None
        assert (await clinic.joseph.forges(button.data)).text == sentence_for(clinic, "error.stale")
    assert "version 2 of scan #1" in (await approves_amendment(clinic)).text


@pytest.mark.slow
async def test_a_change_waits_in_the_administrators_queue_and_can_be_decided_from_there(clinic: Clinic) -> None:
    """The request message may be deleted; no other queue lists the change, and a decided one is gone."""
    await clinic.plays("released")
    await clinic.amina.receives_document(timeout=30)
    await clinic.rao.presses("Addendum", on="Report ready")
    await clinic.rao.sends("Discussed with the ward.")
    await clinic.joseph.sees("Discussed with the ward.")
    for who in (clinic.rao, clinic.meena):
        await who.sends("/queue")
        await who.sees("Nothing waits for you")
    await clinic.joseph.sends("/queue")
    listed = await clinic.joseph.sees("Waiting for you")
    assert "a change of the report" in listed.text
    opens = listed.key("✏️ #1")
    assert opens is not None
    await clinic.joseph.presses("✏️ #1")
    again = await clinic.joseph.sees("Discussed with the ward.")
    assert again.body.get("has_protected_content")
    await clinic.joseph.presses("Decline", on="asks to change")
    await clinic.rao.sees("has declined your change")
    await clinic.joseph.sends("/queue")
    await clinic.joseph.sees("Nothing waits for you")
    assert (await clinic.joseph.forges(opens.data or "")).text == sentence_for(clinic, "error.stale")


@pytest.mark.slow
async def test_a_long_change_is_told_whole_in_several_messages(clinic: Clinic) -> None:
    """Telegram allows 4,096 characters; an administrator must be able to read the whole change."""
    await clinic.plays("released")
    await clinic.amina.receives_document(timeout=30)
    long = [f"{letter * 2900} the end of {letter}" for letter in "abcd"]
    await clinic.rao.presses("Amend", on="Report ready")
    for question, words in zip(
        ("Why must it", "as they should be", "Impression", "Skip leaves them"), long, strict=True
    ):
        await clinic.rao.sees(question)
        await clinic.rao.sends(words)
    await clinic.rao.presses("urgent", on="what should the patient do now")
    await clinic.rao.sees("An administrator approves it")
    last = await clinic.joseph.sees("the end of d")
    assert last.key("Approve the change")
    shown = " ".join(message.text for message in await clinic.joseph.messages())
    assert all(f"the end of {letter}" in shown for letter in "abc")
    await clinic.joseph.presses("Decline", on="the end of d")
    await clinic.rao.sees("has declined your change")


@pytest.mark.slow
async def test_a_locked_chat_gets_no_notice_of_a_change(clinic: Clinic) -> None:
    await clinic.plays("released")
    await clinic.amina.receives_document(timeout=30)
    async with clinic.app.services.sessions.begin() as session:
        await session.execute(
            update(ChatLink)
            .where(ChatLink.chat_id == clinic.joseph.chat_id)
            .values(seen_at=datetime(2020, 1, 1, tzinfo=UTC))
        )
    await clinic.rao.presses("Addendum", on="Report ready")
    await clinic.rao.sends("Discussed with the ward.")
    await clinic.joseph.sees("news of scan #1")
    await clinic.joseph.does_not_see("Discussed with the ward.", within=0.2)


@pytest.mark.slow
async def test_who_has_an_app_approves_a_change_with_it(clinic: Clinic) -> None:
    """Purpose: nobody waits for a mail that is not sent."""
    await clinic.plays("released")
    phone = await enrols(clinic)
    codes = await _code_mails(clinic)
    await clinic.rao.presses("Addendum", on="Report ready")
    await clinic.rao.sends("Discussed with the ward.")
    await clinic.joseph.presses("Approve the change")
    assert "of scan #1" in (await clinic.joseph.sees("authenticator app shows now")).text
    await clinic.joseph.sends(phone.at(datetime.now(UTC) + STEP))
    await clinic.joseph.sees("is approved")
    assert await _code_mails(clinic) == codes


async def _code_mails(clinic: Clinic) -> int:
    return len([mail for mail in await clinic.telegram.mails("joseph@example.org") if mail.subject == "Your code"])


async def test_only_doctors_amend_and_only_what_was_released(clinic: Clinic) -> None:
    scan = await a_scan(clinic, ScanStatus.PHARMACIST_COMPLETED)
    amend = OnCard(action=CardAction.AMEND, scan_id=scan).pack()
    for who, key in ((clinic.rao, "stale"), (clinic.amina, "not_allowed"), (clinic.meena, "not_allowed")):
        await who.sends("/start")
        assert (await who.forges(amend)).text == sentence_for(clinic, f"error.{key}")


def _amina(clinic: Clinic) -> int:
    return clinic.amina.chat_id
