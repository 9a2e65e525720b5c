"""Opening hours and holidays on the page of the house and over the API: after a code, kept as typed when refused."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.engines import Engines
from models.tables.audit import AuditRow
from tests.support.api import programming
from tests.support.browser import ORIGIN, browsing
from tests.support.people import Clinic, open_clinic
from workflow.permissions import PROOF_PERIOD

WEEK = {"mon": "8-13 14-20", "tue": "08:00-20:00", "wed": "", "thu": "8-20", "fri": "8-20", "sat": "8-12", "sun": ""}


@pytest.fixture
async def public(engines: Engines) -> AsyncIterator[Clinic]:
    async with open_clinic(engines, public_url=ORIGIN) as clinic:
        yield clinic


async def test_the_house_saves_the_week_and_holidays_after_a_code(public: Clinic) -> None:
    day = (public.app.services.now() + timedelta(days=9)).date()
    holiday = {"day": day.isoformat(), "name": "<b>Pongal</b>", "hours": ""}
    async with browsing(public) as joseph, browsing(public) as rao:
        await rao.signs_in(public, "rao@example.org")
        await rao.get("/desk/worklist")
        assert (await rao.post("/desk/house/hours", WEEK)).status == 404
        await joseph.signs_in(public, "joseph@example.org")
        page = await joseph.get("/desk/house")
        assert "00:00-24:00" in page.text
        assert "/desk/house/holidays" not in page.text, "first a code, so that nothing is typed in vain"
        assert (await joseph.post("/desk/house/hours", WEEK)).location == "/desk/proof"
        await joseph.proves(public, "joseph@example.org")
        page = await joseph.get("/desk/house")
        refused = await joseph.post("/desk/house/hours", WEEK | {"sat": "noon"})
        assert (refused.status, "cannot read these opening hours" in refused.text) == (422, True)
        assert 'value="noon"' in refused.text
        assert 'value="8-13 14-20"' in refused.text
        closed = await joseph.post("/desk/house/hours", dict.fromkeys(WEEK, ""))
        assert "open on one day of the week at least" in closed.text
        assert (await joseph.post("/desk/house/hours", WEEK)).location == "/desk/house#hours"
        odd = await joseph.post("/desk/house/holidays", holiday | {"day": "some day"})
        assert (odd.status, "&lt;b&gt;Pongal" in odd.text) == (422, True)
        assert (await joseph.post("/desk/house/holidays", holiday)).location == "/desk/house#hours"
        page = await joseph.get("/desk/house")
        assert 'value="08:00-13:00 14:00-20:00"' in page.text
        assert "<bdi>&lt;b&gt;Pongal&lt;/b&gt;</bdi>" in page.text
        assert (await joseph.post("/desk/house/holidays/remove", {"number": "x"})).status == 404
        forged = await joseph.post("/desk/house/holidays/remove", {"number": "1", "form_token": "0" * 64})
        assert forged.status == 403
        foreign = await joseph.post("/desk/house/holidays/remove", {"number": "1"}, Origin="https://evil.example")
        assert foreign.status == 403
        assert (await joseph.post("/desk/house/holidays/remove", {"number": "1"})).status == 303
        assert "Pongal" not in (await joseph.get("/desk/house")).text
        token, cookies = joseph.form_token, joseph.cookies
    async with browsing(public, PROOF_PERIOD + timedelta(minutes=1)) as later:
        later.form_token, later.cookies = token, cookies
        assert (await later.post("/desk/house/hours", WEEK)).location == "/desk/proof", "the proof is old"
    changed = [("set_hours", one) for one in WEEK]
    done = [*changed, ("add_holiday", day.isoformat()), ("remove_holiday", day.isoformat())]
    assert await _recorded(public) == done


async def _recorded(clinic: Clinic) -> list[tuple[str, str]]:
    """Acts on the desk from a browser."""
    async with clinic.app.services.sessions() as session:
        rows = select(AuditRow.act, AuditRow.object_id).where(AuditRow.object_kind == "desk").order_by(AuditRow.seq)
        return [(act, one) for act, one in await session.execute(rows.where(AuditRow.source == "browser"))]


async def test_a_program_does_the_same(public: Clinic) -> None:
    day = (public.app.services.now() + timedelta(days=9)).date().isoformat()
    async with programming(public) as joseph, programming(public) as meena:
        await joseph.signs_in(public, "joseph@example.org")
        shown = (await joseph.get("/house")).body["hours"]
        assert shown == {"week": ["00:00-24:00"] * 7, "time_zone": "Asia/Kolkata", "holidays": []}
        week = {"week": list(WEEK.values())}
        assert (await joseph.asks("PUT", "/house/hours", json=week)).key == "error.proof_missing"
        await joseph.proves(public, "joseph@example.org")
        saved = await joseph.asks("PUT", "/house/hours", json=week)
        assert saved.body["week"][:3] == ["08:00-13:00 14:00-20:00", "08:00-20:00", ""]
        assert (await joseph.asks("PUT", "/house/hours", json={"week": ["8-20"] * 6})).status == 422
        assert (await joseph.asks("PUT", "/house/hours", json={"week": ["noon"] * 7})).key == "error.hours"
        added = await joseph.post("/house/holidays", {"day": day, "name": "Pongal", "hours": "8-12"})
        [holiday] = added.body["holidays"]
        assert (holiday["day"], holiday["name"], holiday["hours"]) == (day, "Pongal", "08:00-12:00")
        assert (await joseph.post("/house/holidays", {"day": "2020-01-01", "name": "Gone"})).key == "error.holiday"
        await meena.signs_in(public, "meena@example.org")
        assert (await meena.asks("DELETE", f"/house/holidays/{holiday['number']}")).status == 404
        assert (await joseph.asks("DELETE", f"/house/holidays/{holiday['number']}")).status == 204
        assert (await joseph.asks("DELETE", f"/house/holidays/{holiday['number']}")).status == 404
        assert (await joseph.get("/house")).body["hours"]["holidays"] == []
