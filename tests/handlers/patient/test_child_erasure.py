"""A guardian has a child's file erased in /family, with the own password; an adult's file is not theirs to erase."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from models.tables.accounts import Account
from models.tables.audit import AuditRow
from models.tables.scans import Scan
from tests.support.account_steps import PASSWORD
from tests.support.file_steps import names_mother
from tests.support.jobs import settles
from tests.support.people import Clinic


async def _names_daughter(clinic: Clinic) -> None:
    born = (clinic.app.services.now() - timedelta(days=8 * 365)).strftime("%d.%m.%Y")
    for asked, typed in (("full name of the person", "Noor Yusuf"), ("Their date of birth", born)):
        await clinic.amina.sees(asked)
        await clinic.amina.sends(typed)
    await clinic.amina.presses("Female", on="Which sex")
    await clinic.amina.presses("child", on="Who is that person to you")
    await clinic.amina.presses("I agree", on="Noor Yusuf")


@pytest.mark.slow
async def test_a_guardian_erases_a_childs_file_and_keeps_the_own(clinic: Clinic) -> None:
    amina = clinic.amina
    await amina.sends("/family")
    await amina.presses("Another person", on="Persons for whom")
    await _names_daughter(clinic)
    await amina.sends_photo(clinic.picture)
    await amina.presses("Noor Yusuf", on="Whose picture")
    await amina.presses("Skip", on="What troubles you")
    await amina.presses("Skip", on="Since when")
    await clinic.rao.presses("Better image", on="Scan #1")
    await clinic.rao.presses("The picture is blurred.")
    await amina.sees("Scan #1 needs a better picture")
    await amina.sends("/family")
    await amina.presses("Noor Yusuf", on="Persons for whom")
    await amina.presses("Erase this file")
    assert "Noor Yusuf" in (await amina.sees("Erase the file of")).text
    await amina.presses("Yes, erase the file")
    await amina.sees("To confirm, type your password")
    await amina.sends("not the password")
    await amina.sees("That is not the password")
    assert await _names(clinic) == {"Amina Yusuf", "Noor Yusuf"}
    await amina.sends(PASSWORD)
    await amina.sees("The file is erased")
    await settles(clinic)
    assert await _names(clinic) == {"Amina Yusuf"}
    await amina.sends("/scans")
    assert "#1" not in (await amina.sees("There is no scan of yours")).text
    async with clinic.app.services.sessions() as session:
        child = await session.scalar(select(Scan.patient_id))
        row = (await session.scalars(select(AuditRow).where(AuditRow.act == "forget"))).one()
        assert (row.object_id, row.role) == (str(child), "patient")
        guardian = await session.scalar(select(Account.id).where(Account.name == "Amina Yusuf"))
        assert (child, row.actor_id) != (guardian, child)
        assert row.actor_id == guardian


async def test_an_adults_file_is_not_erased_by_a_relative(clinic: Clinic) -> None:
    await clinic.amina.sends("/family")
    await clinic.amina.presses("Another person", on="Persons for whom")
    await names_mother(clinic.amina)
    await clinic.amina.sends("/family")
    await clinic.amina.presses("Lakshmi Ammal", on="Persons for whom")
    shown = await clinic.amina.sees("Send a picture and choose this person")
    assert shown.buttons == ["🎫 Slip for the own file", "👋 No longer for them", "↩️ Take back agreement"]


async def _names(clinic: Clinic) -> set[str]:
    async with clinic.app.services.sessions() as session:
        rows = await session.scalars(select(Account).where(Account.role == "patient"))
        return {one.name for one in rows if one.name}
