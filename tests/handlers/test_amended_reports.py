"""A report after its release: changed for a reason, approved anew, the old version marked and never lost."""

from datetime import UTC, datetime

from sqlalchemy import update

from bot.dev.sandbox.mailbox import Mail
from bot.jobs.issue_report import draft
from handlers.ui.keyboards import CardAction, OnCard, SendAgain
from models.tables.jobs import Delivery
from models.tables.people import Link
from models.tables.scans import Status
from tests.handlers.test_authenticator import enrols
from tests.support.jobs import settles, waits
from tests.support.pdf import pages
from tests.support.people import CODE, House, eventually
from tests.support.steps import a_scan, says, scan_row
from tests.threats.test_code_guessing_and_reissue import STEP
from workflow.reporting.deliveries import history


async def test_an_amendment_makes_a_new_version_and_marks_the_old_one(house: House) -> None:
    """Reason, new words, colour, a new code; the patient is told, and the old copy in the chat says that it is void."""
    await house.until("released")
    first = await house.amina.receives_document(timeout=30)
    await asks_to_amend(house)
    again = await house.rao.forges(OnCard(action=CardAction.ADDENDUM, scan_id=1).pack())
    assert again.answered
    await house.rao.sends("And more.")
    await house.rao.sees(says(house, "error.amendment_open"))

    asked = await house.joseph.sees("asks to change the report")
    assert "The side was mixed up." in asked.text
    await house.amina.looks_away()
    await _approves(house)
    await house.amina.sees("takes the place of the earlier version", timeout=30)
    second = await house.amina.receives_document()
    assert second.name == first.name.replace(".pdf", "-2.pdf")
    plain, report = pages(second.data)[:2]
    assert "Urgent" in plain
    assert "Left-sided pneumonia." in plain
    for words in ("Version 1 was changed", "The side was mixed up.", "Opacity, left.", "Amended", "Dr Rao"):
        assert words in report
    assert not any("Patchy opacities" in page for page in pages(second.data))
    assert "Repeat film in two weeks" in report, "what was skipped stays"
    await house.amina.sees("Superseded.")
    await house.amina.sends("/report")
    assert await house.amina.receives_document() == second
    listed = (await house.amina.sees("Your reports")).text.splitlines()
    assert [line[0] for line in listed[1:]] == ["✅", "▫"]
    assert "version 2" in listed[1]
    assert listed[2].endswith("superseded")
    assert (await scan_row(house, 1)).status is Status.REPORT_READY

    await house.joseph.presses("Report", on="Scan #1")
    await house.joseph.sees("Superseded.")
    documents = [one for one in await house.joseph.messages() if one.document]
    assert len(documents) == 2, "staff can read the old version too"
    assert (await draft(house.app.clinic, 1)).version == 2, "a preview shows the version that counts"


async def test_a_version_that_was_superseded_on_its_way_never_arrives(house: House) -> None:
    """Telegram was away when the first left, and is back when the second has taken its place."""
    await house.clinic.fault("500", "sendDocument", times=100)
    await house.until("released")
    await waits(house, "send_report")
    await asks_to_amend(house)
    await _approves(house)
    await eventually(house.app.clinic.sessions, lambda session: session.get(Delivery, f"report:2:chat:{_amina(house)}"))
    await house.clinic.no_faults()
    await settles(house)
    got = await house.amina.receives_document()
    assert got.name.endswith("-2.pdf")
    assert len([one for one in await house.amina.messages() if one.document]) == 1
    async with house.app.clinic.sessions() as session:
        late = await history(session, f"report:1:chat:{_amina(house)}")
    assert late[-1].state == "cancelled"


async def test_an_old_button_sends_the_newest_version_again_and_never_the_one_it_was_made_for(house: House) -> None:
    """Both versions' mails were refused; only the second is listed, and the first one's button stands for it."""
    await house.until("completed")
    code = await house.approves()
    house.sandbox.mailbox.fail(1, 550)
    await house.joseph.sends(code)
    await house.joseph.sees("could not be delivered", timeout=30)
    await asks_to_amend(house)
    await _approves(house)
    house.sandbox.mailbox.fail(1, 550)
    await house.joseph.sees("-2 of scan #1 could not be delivered", timeout=30)
    await house.joseph.sends("/undelivered")
    listed = await house.joseph.sees("Reports that have not arrived")
    assert len(listed.buttons) == 1
    again = await house.joseph.forges(SendAgain(key="report:1:email").pack())
    assert again.answered
    mail = await house.clinic.mail_to("amina@example.org", "attached", timeout=30)
    assert [one.name for one in mail.attachments] == [f"{listed.buttons[0].split()[1]}.pdf"]
    await settles(house)
    assert len(await house.clinic.mails("amina@example.org")) == 1
    late = await house.joseph.forges(SendAgain(key="report:1:email").pack())
    assert late.text == says(house, "error.stale")


async def test_an_addendum_adds_and_a_declined_change_changes_nothing(house: House) -> None:
    await house.until("released")
    first = await house.amina.receives_document(timeout=30)
    await house.rao.presses("Addendum", on="Report ready")
    await house.rao.sends("Discussed with the ward.")
    await house.joseph.presses("Decline", on="asks to change")
    await house.rao.sees("has declined your change")
    await house.amina.sends("/report")
    assert await house.amina.receives_document() == first

    await house.rao.presses("Addendum", on="Report ready")
    await house.rao.sends("Discussed with the ward at noon.")
    await house.joseph.sees("Discussed with the ward at noon.")
    await house.amina.looks_away()
    await _approves(house)
    await house.amina.sees("takes the place of the earlier version", timeout=30)
    second = "".join(pages((await house.amina.receives_document()).data))
    for words in ("Addedtoversion1", "Discussedwiththewardatnoon.", "Patchyopacities"):
        assert words in second


async def test_a_button_decides_the_change_above_it_and_no_later_one(house: House) -> None:
    """Declined from another chat, the first change leaves its buttons here; then a second one waits."""
    await house.until("released")
    await house.amina.receives_document(timeout=30)
    await house.rao.presses("Addendum", on="Report ready")
    await house.rao.sends("Discussed with the ward.")
    first = await house.joseph.sees("Discussed with the ward.")
    old = [first.key(label) for label in ("Approve the change", "Decline")]
    await house.joseph.presses("Decline", on="asks to change")
    await house.rao.sees("has declined your change")
    await house.rao.presses("Addendum", on="Report ready")
    await house.rao.sends("The side was mixed up.")
    await house.joseph.sees("The side was mixed up.")
    for button in old:
        assert button is not None
        assert button.data is not None
        assert (await house.joseph.forges(button.data)).text == says(house, "error.stale")
    assert "version 2 of scan #1" in (await _approves(house)).text


async def test_a_change_waits_in_the_administrators_queue_and_can_be_decided_from_there(house: House) -> None:
    """The message that asked may have left the chat; nobody else's queue has it, and once decided it is gone."""
    await house.until("released")
    await house.amina.receives_document(timeout=30)
    await house.rao.presses("Addendum", on="Report ready")
    await house.rao.sends("Discussed with the ward.")
    await house.joseph.sees("Discussed with the ward.")
    for who in (house.rao, house.meena):
        await who.sends("/queue")
        await who.sees("Nothing waits for you")
    await house.joseph.sends("/queue")
    listed = await house.joseph.sees("Waiting for you")
    assert "a change of the report" in listed.text
    opens = listed.key("✏️ #1")
    assert opens is not None
    await house.joseph.presses("✏️ #1")
    again = await house.joseph.sees("Discussed with the ward.")
    assert again.body.get("has_protected_content")
    await house.joseph.presses("Decline", on="asks to change")
    await house.rao.sees("has declined your change")
    await house.joseph.sends("/queue")
    await house.joseph.sees("Nothing waits for you")
    assert (await house.joseph.forges(opens.data or "")).text == says(house, "error.stale")


async def test_a_long_change_is_told_whole_in_several_messages(house: House) -> None:
    """Telegram takes 4,096 characters; what an administrator approves has to be read to its end."""
    await house.until("released")
    await house.amina.receives_document(timeout=30)
    long = [f"{letter * 2900} the end of {letter}" for letter in "abcd"]
    await house.rao.presses("Amend", on="Report ready")
    for asked, words in zip(("Why must it", "as they should be", "Impression", "Skip leaves them"), long, strict=True):
        await house.rao.sees(asked)
        await house.rao.sends(words)
    await house.rao.presses("urgent", on="what should the patient do now")
    await house.rao.sees("An administrator approves it")
    last = await house.joseph.sees("the end of d")
    assert last.key("Approve the change")
    told = " ".join(message.text for message in await house.joseph.messages())
    assert all(f"the end of {letter}" in told for letter in "abc")
    await house.joseph.presses("Decline", on="the end of d")
    await house.rao.sees("has declined your change")


async def test_a_change_is_not_told_in_a_chat_that_is_asleep(house: House) -> None:
    await house.until("released")
    await house.amina.receives_document(timeout=30)
    async with house.app.clinic.sessions.begin() as session:
        await session.execute(
            update(Link).where(Link.chat_id == house.joseph.chat_id).values(seen_at=datetime(2020, 1, 1, tzinfo=UTC))
        )
    await house.rao.presses("Addendum", on="Report ready")
    await house.rao.sends("Discussed with the ward.")
    await house.joseph.sees("news of scan #1")
    await house.joseph.does_not_see("Discussed with the ward.", within=0.2)


async def test_who_has_an_app_approves_a_change_with_it(house: House) -> None:
    """Purpose: nobody waits for a mail that is not sent."""
    await house.until("released")
    phone = await enrols(house)
    mails = len(await house.clinic.mails("joseph@example.org"))
    await house.rao.presses("Addendum", on="Report ready")
    await house.rao.sends("Discussed with the ward.")
    await house.joseph.presses("Approve the change")
    assert "of scan #1" in (await house.joseph.sees("authenticator app shows now")).text
    await house.joseph.sends(phone.at(datetime.now(UTC) + STEP))
    await house.joseph.sees("is approved")
    assert len(await house.clinic.mails("joseph@example.org")) == mails


async def test_only_doctors_amend_and_only_what_has_left_the_house(house: House) -> None:
    scan = await a_scan(house, Status.PHARMACIST_COMPLETED)
    amend = OnCard(action=CardAction.AMEND, scan_id=scan).pack()
    for who, key in ((house.rao, "stale"), (house.amina, "not_allowed"), (house.meena, "not_allowed")):
        await who.sends("/start")
        assert (await who.forges(amend)).text == says(house, f"error.{key}")


async def asks_to_amend(house: House) -> None:
    await house.rao.presses("Amend", on="Report ready")
    for asked, words in (("Why must it be changed", "The side was mixed up."), ("as they should be", "Opacity, left.")):
        await house.rao.sees(asked)
        await house.rao.sends(words)
    await house.rao.sees("Impression")
    await house.rao.sends("Left-sided pneumonia.")
    await house.rao.presses("Skip", on="Skip leaves them")
    await house.rao.presses("urgent", on="what should the patient do now")
    await house.rao.sees("An administrator approves it")


async def _approves(house: House) -> Mail:
    earlier = await house.clinic.mails("joseph@example.org")
    await house.joseph.presses("Approve the change")
    mail = await house.clinic.mail_to("joseph@example.org", after=earlier[-1] if earlier else None)
    [code] = CODE.findall(mail.text)
    await house.joseph.sends("000000" if code != "000000" else "111111")
    await house.joseph.sees("That code is not right")
    await house.joseph.sends(code)
    await house.joseph.sees("is approved")
    return mail


def _amina(house: House) -> int:
    return house.amina.chat_id
