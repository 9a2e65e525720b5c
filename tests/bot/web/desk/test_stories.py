"""A scan's story, deliveries sent again, and patients, in a browser: by role, recorded, with the chat's proofs."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select, update

from bot.engines import Engines
from models.tables.accounts import Account
from models.tables.audit import AuditRow
from models.tables.deliveries import Delivery, DeliveryState
from models.tables.scans import Scan
from models.vocabulary import ScanStatus
from tests.support.browser import ORIGIN, browsing
from tests.support.jobs import settles
from tests.support.people import CODE, Clinic, open_clinic
from tests.support.steps import a_scan, until

HOSTILE = "<script>alert(1)</script> Amina {{7*7}}"


@pytest.fixture
async def public(engines: Engines) -> AsyncIterator[Clinic]:
    async with open_clinic(engines, public_url=ORIGIN) as clinic:
        yield clinic


@pytest.mark.slow
async def test_a_story_names_the_patient_and_what_happened_and_is_not_there_for_who_may_not_see_it(
    public: Clinic,
) -> None:
    early = await a_scan(public, ScanStatus.AI_ANALYZED)
    signed = await a_scan(public, ScanStatus.DOCTOR_VERIFIED)
    async with public.app.services.sessions.begin() as session:
        await session.execute(update(Account).where(Account.email == "amina@example.org").values(name=HOSTILE))
    async with browsing(public) as rao, browsing(public) as meena:
        await rao.signs_in(public, "rao@example.org")
        await meena.signs_in(public, "meena@example.org")
        story = (await rao.get(f"/desk/scans/{signed}")).text
        assert "Signed by the doctor" in story
        assert "P0000" in story
        assert "&lt;script&gt;alert(1)" in story
        assert "<script>alert" not in story
        assert "look:" not in story, "the record's rows are the administrator's"
        unknown = await meena.get("/desk/scans/999999")
        hidden = await meena.get(f"/desk/scans/{early}")
        assert (hidden.status, hidden.text) == (404, unknown.text)
        for path in ("/desk/scans/1x", "/desk/nothing", f"/desk/scans/{'9' * 12}"):
            assert (await rao.get(path)).status == 404, path
        assert (await rao.get("/desk/patients")).status == 200
        assert (await rao.post("/desk/deliveries", {"key": "report:1:chat:1"})).status == 404, "an administrator's"
    async with public.app.services.sessions() as session:
        seen = select(AuditRow.object_id).where(AuditRow.act == "look:story", AuditRow.source == "browser")
        assert (await session.scalars(seen)).all() == [str(signed)]


@pytest.mark.slow
async def test_a_failed_delivery_is_sent_again_after_an_own_code(public: Clinic) -> None:
    await until(public, "released")
    await settles(public)
    async with public.app.services.sessions.begin() as session:
        scan = (await session.scalars(select(Scan))).one()
        mailed = Delivery.key.endswith(":email")
        await session.execute(update(Delivery).where(mailed).values(state=DeliveryState.FAILED, reason="refused"))
    path = f"/desk/scans/{scan.id}"
    async with browsing(public) as joseph:
        await joseph.signs_in(public, "joseph@example.org")
        await joseph.get(path)
        story = (await joseph.get(path)).text
        assert "look:story" in story
        [key] = [part.split('"')[0] for part in story.split('name="key" value="')[1:]]
        fields = {"key": key, "scan": str(scan.id)}
        await settles(public)
        assert (await joseph.post("/desk/deliveries", fields)).location == "/desk/proof"
        earlier = await public.telegram.mails("joseph@example.org")
        assert (await joseph.get("/desk/proof")).status == 200
        mail = await public.telegram.mail_to("joseph@example.org", after=earlier[-1])
        assert (await joseph.post("/desk/proof", {"code": "000000"})).status == 401
        assert (await joseph.post("/desk/proof", {"code": CODE.findall(mail.text)[0]})).location == "/desk/proved"
        await joseph.get(path)
        assert (await joseph.post("/desk/deliveries", fields)).location == path
        assert (await joseph.post("/desk/deliveries", fields)).status == 409, "it is no longer a failed one"


@pytest.mark.slow
async def test_patients_are_found_in_any_script_and_by_number_and_nothing_typed_is_in_an_address(
    public: Clinic,
) -> None:
    scan = await a_scan(public, ScanStatus.AI_ANALYZED)
    async with browsing(public) as rao, browsing(public) as meena:
        await rao.signs_in(public, "rao@example.org")
        await meena.signs_in(public, "meena@example.org")
        await rao.get("/desk/patients")
        found = (await rao.post("/desk/patients", {"typed": "அமினா யூசுப்"})).text
        [address] = {f"/desk/patients/{part.split(chr(34))[0]}" for part in found.split('"/desk/patients/')[1:]}
        assert "Amina Yusuf" in found
        page = (await rao.get(address)).text
        assert f'href="/desk/scans/{scan}"' in page
        assert "P0000" in page
        nobody = await rao.post("/desk/patients", {"typed": '"><b>nobody</b>'})
        assert "<b>nobody" not in nobody.text
        await meena.get("/desk/patients")
        assert "Yusuf" not in (await meena.post("/desk/patients", {"typed": "Amina"})).text, "no scan at her stage"
        assert (await meena.get(address)).status == 404
    async with public.app.services.sessions() as session:
        acts = set(await session.scalars(select(AuditRow.act).where(AuditRow.source == "browser")))
        assert {"find_patient", "look:patient"} <= acts
