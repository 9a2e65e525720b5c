"""The work of staff at the desk, done by a program: the same acts, the same rows in the record."""

import re
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select, update

from bot.engines import Engines
from models.tables.accounts import Account
from models.tables.audit import AuditRow
from models.tables.claims import Claim
from models.tables.deliveries import Delivery, DeliveryState
from models.tables.scans import Scan
from models.vocabulary import ScanStatus
from tests.support.api import programming
from tests.support.browser import ORIGIN, browsing
from tests.support.jobs import settles
from tests.support.people import Clinic, open_clinic
from tests.support.steps import a_scan, until

HOSTILE = "<img src=x onerror=alert(1)>\"'&{{7*7}}"


@pytest.fixture
async def public(engines: Engines) -> AsyncIterator[Clinic]:
    async with open_clinic(engines, public_url=ORIGIN) as clinic:
        yield clinic


async def acts(clinic: Clinic) -> list[tuple[str, str, str | None]]:
    """Act, object and reason of each row that came from a browser or a program, without sign-ins."""
    async with clinic.app.services.sessions() as session:
        rows = select(AuditRow.act, AuditRow.object_id, AuditRow.reason).where(AuditRow.source == "browser")
        found = (await session.execute(rows.order_by(AuditRow.seq))).tuples().all()
    return [row for row in found if row[0] != "sign_in"]


async def test_a_scan_is_taken_and_given_back_and_stands_in_its_filter(public: Clinic) -> None:
    scan = await a_scan(public, ScanStatus.AI_ANALYZED)
    async with programming(public) as rao:
        await rao.signs_in(public, "rao@example.org")
        before = (await rao.get("/worklist/changes")).body["newest"]
        assert (await rao.post(f"/scans/{scan}/claim", {"act": "take"})).status == 204
        [row] = (await rao.get("/worklist?part=mine")).body["rows"]
        assert (row["scan"], row["claim"]["mine"], row["claim"]["holder_name"]) == (scan, True, "Dr Rao")
        assert row["patient"]["number"] == "P000001"
        assert (await rao.get("/worklist?part=hearts")).body["rows"] == []
        counts = (await rao.get("/worklist?page=7")).body["counts"]
        assert counts == {"all": 1, "mine": 1, "urgent": 0, "children": 0, "hearts": 0}
        over = {"act": "take_over", "holder": row["claim"]["holder"]}
        assert (await rao.post(f"/scans/{scan}/claim", over)).key == "api.stale", "from oneself"
        assert (await rao.post(f"/scans/{scan}/claim", {"act": "take_over"})).status == 404
        for odd in ({"act": "burn"}, {"act": "take_over", "holder": 1.5}, {"act": "take_over", "holder": 2.0**70}):
            assert (await rao.post(f"/scans/{scan}/claim", odd)).status == 422, odd
        assert (await rao.post(f"/scans/{scan}/claim", {"act": "take_over", "holder": 2.0})).status == 409
        assert (await rao.post(f"/scans/{scan}/claim", {"act": "give_back"})).status == 204
        await settles(public)
        assert (await rao.get("/worklist")).body["rows"][0]["claim"] is None
        async with public.app.services.sessions() as session:
            newest = max(await session.scalars(select(AuditRow.seq).where(~AuditRow.act.startswith("look:"))))
            assert newest > before
            assert not (await session.scalars(select(Claim))).all()


async def test_pages_and_api_leave_the_same_rows(public: Clinic) -> None:
    scan = await a_scan(public, ScanStatus.AI_ANALYZED)
    async with browsing(public) as rao:
        await rao.signs_in(public, "rao@example.org")
        await rao.get("/desk/worklist")
        await rao.post(f"/desk/scans/{scan}/claim", {"act": "take"})
        await rao.get(f"/desk/scans/{scan}")
        await rao.get("/desk/patients")
        await rao.post("/desk/patients", {"typed": "Amina"})
        await rao.get("/desk/patients/1")
    by_page = await acts(public)
    async with programming(public) as program:
        await program.signs_in(public, "rao@example.org")
        await program.get("/worklist")
        await program.post(f"/scans/{scan}/claim", {"act": "give_back"})
        await program.get(f"/scans/{scan}")
        await program.post("/patients/search", {"typed": "Amina"})
        assert (await program.get("/patients/1")).status == 200
    by_api = (await acts(public))[len(by_page) :]
    assert [row[0] for row in by_page] == ["look:queue", "claim", "look:story", "find_patient", "look:patient"]
    assert by_api == [("give_back", *row[1:]) if row[0] == "claim" else row for row in by_page]


async def test_a_story_says_what_its_page_says_and_hostile_words_stay_words(public: Clinic) -> None:
    scan = await a_scan(public, ScanStatus.DOCTOR_VERIFIED)
    async with public.app.services.sessions.begin() as session:
        await session.execute(update(Account).where(Account.email == "amina@example.org").values(name=HOSTILE))
    async with programming(public) as meena:
        await meena.signs_in(public, "meena@example.org")
        answer = await meena.get(f"/scans/{scan}")
        story = answer.body
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert story["patient"]["name"] == HOSTILE
        assert (story["status"], story["stage"], story["may_claim"]) == (
            "DOCTOR_VERIFIED",
            "Read by the doctor",
            True,
        )
        assert [one["name"] for one in story["happened"]] == ["arrived", "analysed", "signed"]
        assert story["happened"][2]["by"] == "Dr Rao"
        assert story["record"] == [], "an administrator's"
        assert any("Opacities" in page or "opacities" in page for page in story["text"])
        found = (await meena.post("/patients/search", {"typed": "P000001"})).body
        assert [one["name"] for one in found["patients"]] == [HOSTILE]


@pytest.mark.slow
async def test_a_failed_delivery_is_sent_again_after_an_own_code(public: Clinic) -> None:
    await until(public, "released")
    await settles(public)
    async with public.app.services.sessions.begin() as session:
        scan = (await session.scalars(select(Scan))).one()
        mailed = Delivery.key.endswith(":email")
        await session.execute(update(Delivery).where(mailed).values(state=DeliveryState.FAILED, reason="refused"))
    async with programming(public) as joseph, programming(public) as rao:
        await rao.signs_in(public, "rao@example.org")
        assert {one["key"] for one in (await rao.get(f"/scans/{scan.id}")).body["deliveries"]} == {None}
        await joseph.signs_in(public, "joseph@example.org")
        story = (await joseph.get(f"/scans/{scan.id}")).body
        [key] = [one["key"] for one in story["deliveries"] if one["key"]]
        [lost] = (await joseph.get("/house")).body["undelivered"]
        assert (lost["key"], lost["scan"], lost["reason"]) == (key, scan.id, "refused")
        assert {one["act"] for one in story["record"]} >= {"release", "look:story"}
        assert (await joseph.post("/deliveries", {"key": key})).key == "error.proof_missing"
        await joseph.proves(public, "joseph@example.org")
        again = await joseph.post("/deliveries", {"key": key})
        assert re.fullmatch(r"\S+", again.body["report"])
        assert (await joseph.post("/deliveries", {"key": key})).key == "api.stale", "it is no longer a failed one"
