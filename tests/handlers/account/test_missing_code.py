"""A mailed code that does not come: another address at once, the same one after a minute, or no email at all."""

import pytest
from sqlalchemy import select

from bot.dev.demo import PASSWORD
from models.base import Sessions
from models.tables.accounts import Account
from tests.support.account_steps import asks_for_the_name, invites
from tests.support.people import Clinic
from tests.support.rows import NOW
from workflow.accounts import registration
from workflow.accounts.codes import MAILS_PER_WINDOW
from workflow.errors import CodesUsedUp, CodeTooSoon

WAYS = ["Send again", "Other address", "Without email"]


async def test_a_mistyped_address_is_typed_again_at_once_and_one_without_email_goes_on_by_telephone(
    clinic: Clinic,
) -> None:
    ravi = await clinic.telegram.person("Ravi")
    await asks_for_the_name(ravi)
    await ravi.sends("Ravi Kumar")
    await ravi.sends("ravi@exmaple.org")
    assert (await ravi.sees("code to ravi@exmaple.org")).buttons == WAYS
    assert "only just now" in ((await ravi.presses("Send again")).text or "")
    await ravi.presses("Other address", on="code to ravi@exmaple.org")
    await ravi.sees("What is your email address")
    await ravi.sends("ravi@example.org")
    await ravi.sees("code to ravi@example.org")
    await ravi.presses("Without email", on="code to ravi@example.org")
    await ravi.sees("share your telephone number")
    await ravi.sends_contact("+919840012345")
    await ravi.sees("date of birth")
    await ravi.sends("24.12.1985")
    await ravi.presses("Male", on="Which sex")
    await ravi.presses("English", on="Which language")
    await ravi.sees("Your report will come to this chat")
    async with clinic.app.services.sessions() as session:
        account = (await session.scalars(select(Account).where(Account.name == "Ravi Kumar"))).one()
    assert (account.email, account.password_hash) == (None, None)


@pytest.mark.slow
async def test_staff_need_an_address_and_a_patient_may_leave_theirs_as_it_is(clinic: Clinic) -> None:
    link = await invites(clinic, "doctor", "new@example.org")
    newcomer = await clinic.telegram.person("Newcomer")
    await newcomer.starts(link)
    await newcomer.sees("")
    await newcomer.sends("/register")
    await newcomer.sees("full name")
    await newcomer.sends("New Doctor")
    await newcomer.sends("new@example.org")
    assert (await newcomer.sees("code to new@example.org")).buttons == WAYS[:2]
    await clinic.amina.sends("/me")
    await clinic.amina.presses("Email")
    await clinic.amina.sends(PASSWORD)
    await clinic.amina.sends("other@example.org")
    assert (await clinic.amina.sees("code to other@example.org")).buttons == WAYS
    await clinic.amina.presses("Other address")
    await clinic.amina.sends("another@example.org")
    await clinic.amina.sees("code to another@example.org")
    await clinic.amina.presses("Without email", on="code to another@example.org")
    await clinic.amina.sees("Nothing was changed")


async def test_the_limit_counts_the_address_and_the_chat_all_together(sessions: Sessions) -> None:
    async def ask(email: str) -> None:
        async with sessions.begin() as session:
            await registration.request_email_code(session, 1, email, "en", NOW)

    await ask("a@example.org")
    with pytest.raises(CodeTooSoon):
        await ask("a@example.org")
    for number in range(1, MAILS_PER_WINDOW):
        await ask(f"a{number}@example.org")
    with pytest.raises(CodesUsedUp):
        await ask("b@example.org")
