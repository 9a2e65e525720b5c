"""A patient without Telegram: registered at the desk, the film sent from there, the report printed and handed over."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from models.tables.accounts import Account, Consent
from models.tables.audit import AuditRow
from models.tables.deliveries import Delivery
from models.tables.proxies import Proxy
from models.tables.scans import Scan
from tests.support.file_steps import registers_walk_in, sends_film
from tests.support.jobs import settles
from tests.support.pdf import pages
from tests.support.people import Clinic


@pytest.mark.slow
async def test_the_desk_registers_sends_the_film_and_hands_the_report_over(clinic: Clinic) -> None:
    number = await registers_walk_in(clinic)
    await sends_film(clinic, "chest pain when coughing")
    card = await clinic.rao.sees("chest pain when coughing")
    assert all(one in card.text for one in ("Scan #1", "Kumar Raja", number, "penicillin"))
    about = f"about {datetime.now(UTC).year - 45}"  # the age was told, so no day is made up
    assert f"born {about}" in card.text
    await clinic.verifies()
    await clinic.dispenses()
    await clinic.releases()
    ready = await clinic.joseph.sees("Ready to print and hand over", timeout=30)
    assert all(one in ready.text for one in ("Kumar Raja", number))
    await clinic.joseph.presses("🖨 Print report #1", on="Ready to print")
    printed = await clinic.joseph.receives_document(timeout=30)
    shown = pages(printed.data)
    assert all(one in shown[0] for one in ("Kumar Raja", number))
    assert f"{about} (45 years)".replace(" ", "") in "".join("".join(shown).split())
    await settles(clinic)
    await _is_recorded(clinic)


async def _is_recorded(clinic: Clinic) -> None:
    """The acts name who registered, took the paper and printed; nothing was sent to anybody's chat or mailbox."""
    async with clinic.app.services.sessions() as session:
        account = (await session.scalars(select(Account).where(Account.name == "Kumar Raja"))).one()
        joseph = (await session.scalars(select(Account).where(Account.email == "joseph@example.org"))).one()
        consent = (await session.scalars(select(Consent).where(Consent.account_id == account.id))).one()
        scan = (await session.scalars(select(Scan))).one()
        done = await session.execute(select(AuditRow.act, AuditRow.role, AuditRow.actor_id))
        assert (account.email, account.password_hash, account.birth_estimated, account.whatsapp) == (
            None,
            None,
            True,
            False,
        )
        assert account.created_at.year - (account.date_of_birth or date.min).year == 45
        assert (consent.paper, consent.given_by, scan.patient_id) == (True, joseph.id, account.id)
        by_joseph = {(act, role) for act, role, actor in done if actor == joseph.id}
        acts = ("register_walk_in", "consent", "describe:facts", "upload", "describe:complaint", "print_report")
        assert {(act, "administrator") for act in acts} <= by_joseph
        assert (await session.scalars(select(Delivery.key).where(Delivery.report_id.is_not(None)))).all() == []
        assert (await session.scalars(select(Proxy.proxy_id))).all() == [joseph.id]


@pytest.mark.slow
async def test_a_walk_in_takes_the_agreement_back_at_the_desk_and_signs_again(clinic: Clinic) -> None:
    number = await registers_walk_in(clinic)
    await clinic.joseph.sends("/cancel")
    await clinic.joseph.sends(f"/walkin {number}")
    await clinic.joseph.presses("Take back", on="Consent on paper")
    await clinic.joseph.presses("Take back", on="Take back the agreement?")
    await clinic.joseph.sees("is taken back")
    await clinic.joseph.presses("Send the film", on="Consent on paper")  # of the older message
    await clinic.joseph.sees("Now send this patient's film")
    await clinic.joseph.sends_photo(clinic.picture)
    await clinic.joseph.sees("was taken back, or never given")
    await clinic.joseph.sends(f"/walkin {number}")
    assert "taken back on" in (await clinic.joseph.sees("Consent on paper")).text
    await clinic.joseph.presses("Signed again", on="taken back on")
    await clinic.joseph.presses("Send the film", on="Consent on paper")
    await sends_film(clinic, "cough")
    await clinic.rao.sees("Scan #1")
