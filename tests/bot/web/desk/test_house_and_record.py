"""The administrator's pages: staff, undelivered reports, unanswered questions, the record; as CSV; nobody else's."""

import csv
from collections.abc import AsyncIterator
from io import StringIO

import pytest
from sqlalchemy import select, update

from bot.engines import Engines
from models.tables.accounts import Account
from models.tables.audit import AuditRow
from models.vocabulary import ScanStatus
from tests.support.browser import ORIGIN, browsing
from tests.support.people import Clinic, open_clinic
from tests.support.steps import a_scan


@pytest.fixture
async def public(engines: Engines) -> AsyncIterator[Clinic]:
    async with open_clinic(engines, public_url=ORIGIN) as clinic:
        yield clinic


@pytest.mark.slow
async def test_the_house_and_the_record_are_the_administrators_alone(public: Clinic) -> None:
    paths = ("/desk/house", "/desk/house/settings", "/desk/house/staff.csv", "/desk/record", "/desk/record.csv")
    async with browsing(public) as rao, browsing(public) as joseph:
        await rao.signs_in(public, "rao@example.org")
        await joseph.signs_in(public, "joseph@example.org")
        for path in paths:
            assert (await rao.get(path)).status == 404, path
            if path.endswith(".csv"):
                assert (await joseph.get(path)).location == "/desk/proof", path
        await joseph.proves(public, "joseph@example.org")
        for path in paths:
            assert (await joseph.get(path)).status == 200, path
        shown = (await rao.get("/desk/account")).text
        assert "/desk/house" not in shown
        assert (await joseph.get("/desk/house/passwords.csv")).status == 404
        shown = (await joseph.get("/desk/house/settings")).text
        assert "<code>CSSS_BOT_TOKEN</code></th><td><strong>•••</strong>" in shown
        assert public.app.settings.bot_token.get_secret_value() not in shown
        assert f"<strong>{ORIGIN}</strong>" in shown


async def test_lists_leave_as_csv_that_no_spreadsheet_runs(public: Clinic) -> None:
    async with public.app.services.sessions.begin() as session:
        hostile = "=HYPERLINK(1)<b>"
        await session.execute(update(Account).where(Account.email == "rao@example.org").values(name=hostile))
    async with browsing(public) as joseph:
        await joseph.signs_in(public, "joseph@example.org")
        await joseph.proves(public, "joseph@example.org")
        page = (await joseph.get("/desk/house")).text
        assert "<b>" not in page
        file = await joseph.get("/desk/house/staff.csv")
        assert file.headers["Content-Disposition"] == 'attachment; filename="staff.csv"'
        assert file.headers["Cache-Control"] == "no-store"
        rows = list(csv.reader(StringIO(file.text.lstrip("\ufeff"))))
        assert rows[0] == ["name", "email", "roles", "since", "suspended"]
        assert "'=HYPERLINK(1)<b>" in {row[0] for row in rows}
        assert (await joseph.get("/desk/house/undelivered.csv")).status == 200
        assert (await joseph.get("/desk/house/misses.csv")).status == 200


@pytest.mark.slow
async def test_the_record_is_searched_and_each_search_is_in_it(public: Clinic) -> None:
    scan = await a_scan(public, ScanStatus.AI_ANALYZED)
    async with browsing(public) as joseph:
        await joseph.signs_in(public, "joseph@example.org")
        await joseph.proves(public, "joseph@example.org")
        found = (await joseph.get(f"/desk/record?scan=%23{scan}&act=upload")).text
        assert f"scan {scan}" in found
        assert "sign_in" not in found.split("<tbody>")[1]
        for odd in ("scan=x", "day=never", "patient=P0000000000001", "actor=%00", "act=%25"):
            assert (await joseph.get(f"/desk/record?{odd}")).status == 200, odd
        file = (await joseph.get("/desk/record.csv?actor=rao%40example.org")).text
        rows = list(csv.DictReader(StringIO(file.lstrip("\ufeff"))))
        assert rows
        assert {row["role"] for row in rows} <= {"doctor"}
    async with public.app.services.sessions() as session:
        looks = select(AuditRow.object_id, AuditRow.reason).where(AuditRow.act == "look:audit")
        assert {tuple(row) for row in await session.execute(looks)} >= {("scan_id act", None), ("actor", "export")}
