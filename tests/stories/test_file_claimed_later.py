"""A walk-in opens their file in Telegram with the slip: once, with the telephone or the birth date."""

import pytest
from sqlalchemy import select

from bot.dev.sandbox import Person
from models.tables.accounts import Account, ChatLink
from models.tables.audit import AuditRow
from models.tables.codes import Code, Purpose
from models.tables.proxies import Proxy
from tests.support.account_steps import is_proved, rests
from tests.support.file_steps import gets_slip, registers_walk_in, sends_film
from tests.support.jobs import settles
from tests.support.pdf import pages
from tests.support.people import Clinic
from tests.support.steps import rows, sentence_for

OWN, OTHER = "+919840012345", "+919840099999"


@pytest.mark.slow
async def test_the_report_comes_to_the_chat_that_opened_the_file(clinic: Clinic) -> None:
    number = await registers_walk_in(clinic)
    await sends_film(clinic, "chest pain when coughing")
    await is_proved(clinic)
    payload = await gets_slip(clinic)
    await _slip_tells_nobody(clinic, number, payload)
    kumar = await clinic.telegram.person("Kumar")
    await kumar.starts(payload)
    await kumar.sees(f"opens the file of patient {number}")
    await kumar.sends_contact(OTHER, user_id=clinic.amina.chat_id)
    await kumar.sees("That is not your own number")
    await kumar.sends_contact(OTHER)
    await kumar.sees("What is your date of birth")
    await kumar.sends("12 May 1950")
    await kumar.sees("not what the hospital has written")
    await kumar.sends("45 years")
    await kumar.sees("Your file is open in this chat")
    assert number in (await clinic.joseph.sees("has opened their own file")).text
    await kumar.sends("/status")
    await kumar.sees("Scan #1")
    await clinic.verifies()
    await clinic.dispenses()
    await clinic.releases()
    assert "Kumar Raja" in pages((await kumar.receives_document(timeout=30)).data)[0]
    await settles(clinic)
    await clinic.joseph.does_not_see("Ready to print")
    await _opens_again_by_the_number(clinic, kumar)
    await _is_used(clinic, payload)


async def _slip_tells_nobody(clinic: Clinic, number: str, payload: str) -> None:
    """The paper names the patient's number, no name and no complaint; of the link a hash is kept."""
    [sent] = [one for one in await clinic.joseph.messages() if one.document]
    pdf = await sent.download()
    [page] = pages(pdf)
    assert number in page
    assert not [word for word in ("Kumar", "Raja", "1981", "cough", OWN) if word in page]
    async with clinic.app.services.sessions() as session:
        code = (await session.scalars(select(Code).where(Code.purpose == Purpose.CLAIM_FILE))).one()
    assert payload.removeprefix("claim_") not in str(vars(code))


async def _opens_again_by_the_number(clinic: Clinic, kumar: Person) -> None:
    """The telephone that was shared wakes the chat; the one that the desk had typed is replaced."""
    await rests(clinic)
    await kumar.sends("/report")
    await kumar.sees("This chat was unused for long")
    await kumar.sends_contact(OTHER)
    await kumar.sees("Thank you")
    await kumar.sends("/report")
    await kumar.receives_document(timeout=30)


async def _is_used(clinic: Clinic, payload: str) -> None:
    thief = await clinic.telegram.person("Thief")
    await thief.starts(payload)
    await thief.sees("used already, void or too old")
    async with clinic.app.services.sessions() as session:
        acts = select(AuditRow.role, AuditRow.outcome, AuditRow.reason).where(AuditRow.act == "claim_file")
        assert (await session.execute(acts.order_by(AuditRow.seq))).all() == [
            ("stranger", "refused", "birth"),
            ("patient", "ok", None),
        ]
        refused = select(AuditRow.reason).where(AuditRow.act == "trespass")
        assert (await session.scalars(refused)).all() == ["slip_invalid"]


@pytest.mark.slow
async def test_the_telephone_that_the_desk_wrote_down_is_enough_and_an_account_keeps_its_own(clinic: Clinic) -> None:
    """A stranger's chat is linked; the chat of a patient with an account acts for the file beside the own one."""
    await registers_walk_in(clinic)
    await sends_film(clinic, "a cough")
    await is_proved(clinic)
    kumar = await clinic.telegram.person("Kumar")
    await kumar.starts(await gets_slip(clinic))
    await kumar.sends_contact(OWN)
    await kumar.sees("Your file is open in this chat")
    await registers_walk_in(clinic, born="12.4.1987")
    await is_proved(clinic)
    await clinic.joseph.sends("/cancel")
    await clinic.joseph.sends("/walkin P000006")
    await clinic.amina.starts(await gets_slip(clinic, "P000006"))
    await clinic.amina.sees("What is your date of birth")
    await clinic.amina.sends("12 April 1987")
    await clinic.amina.sees("Your file is open in this chat")
    async with clinic.app.services.sessions() as session:
        walk_ins = select(Account.id).where(Account.name == "Kumar Raja").order_by(Account.id)
        first, second = (await session.scalars(walk_ins)).all()
        assert (await session.get_one(ChatLink, kumar.chat_id)).account_id == first
        acting = await session.scalars(select(Proxy).where(Proxy.ended_at.is_(None)))
        assert [(one.patient_id, one.proxy.name, one.relation) for one in acting] == [(second, "Amina Yusuf", "self")]


@pytest.mark.slow
async def test_a_slip_is_void_after_five_wrong_answers_a_new_one_or_the_desks_word(clinic: Clinic) -> None:
    await registers_walk_in(clinic)
    await clinic.joseph.sends("/cancel")
    await clinic.joseph.sends("/walkin P000005")
    await is_proved(clinic)
    replaced, slip = await gets_slip(clinic), ""
    thief = await clinic.telegram.person("Thief")
    await clinic.joseph.looks_away()
    slip = await gets_slip(clinic)
    await thief.starts(replaced)
    await thief.sees("used already, void or too old")
    await thief.starts(slip)
    await thief.sends_contact(OTHER)
    for _ in range(4):
        await thief.sends("1.1.1950")
        await thief.sees("not what the hospital has written")
    await thief.sends("1.1.1950")
    await thief.sees("used already, void or too old")
    await thief.starts(slip)
    await thief.sends_contact(OTHER)
    await thief.sees("used already, void or too old")
    await clinic.joseph.looks_away()
    slip = await gets_slip(clinic)
    await clinic.joseph.presses("🚫 Void the slip")
    await thief.starts(slip)
    await thief.sees("used already, void or too old")
    before = await rows(clinic, ChatLink, Proxy)
    for person in (clinic.rao, clinic.meena, clinic.joseph):
        await person.starts(slip)
        await person.sees(sentence_for(clinic, "error.not_allowed"))
    assert await rows(clinic, ChatLink, Proxy) == before
