"""The week in a browser and over the API: numbers and plots, for administrators alone, in three languages."""

import csv
import re
from collections.abc import AsyncIterator
from io import StringIO

import pytest
from sqlalchemy import update

from bot.engines import Engines
from models.tables.accounts import Account
from models.tables.scans import Scan
from models.vocabulary import ScanStatus
from tests.support.api import programming
from tests.support.browser import ORIGIN, Browser, browsing
from tests.support.people import Clinic, open_clinic
from tests.support.steps import a_scan


@pytest.fixture
async def public(engines: Engines) -> AsyncIterator[Clinic]:
    async with open_clinic(engines, public_url=ORIGIN) as clinic:
        yield clinic


async def a_week(clinic: Clinic) -> None:
    """Two scans signed, one of them completed; two sent back, one in words that name the patient."""
    for stage in (ScanStatus.DOCTOR_VERIFIED, ScanStatus.PHARMACIST_COMPLETED, ScanStatus.REJECTED):
        await a_scan(clinic, stage)
    ready = await a_scan(clinic, ScanStatus.REJECTED)
    async with clinic.app.services.sessions.begin() as session:
        (await session.get_one(Scan, ready)).reason = "reason.blurred"


async def test_the_week_is_drawn_and_listed_and_leaves_as_csv_after_a_code(public: Clinic) -> None:
    await a_week(public)
    async with browsing(public) as joseph:
        await joseph.signs_in(public, "joseph@example.org")
        page = await joseph.get("/desk/week")
        assert "4 scans arrived, 0 of them are late or were" in page.text
        plot = page.text.split("<svg")[1].split("</svg>")[0]
        assert len(re.findall("<rect ", plot)) == 7 * 24
        assert re.findall(r'fill-opacity="(?!0")([\d.]+)"', plot)
        assert "Signed by the doctor" in page.text.split("<svg")[2]
        assert "The picture is blurred." in page.text
        assert "Too dark." not in page.text, "somebody's own words"
        assert "style=" not in page.text, "the policy forbids styles in a page"
        assert (await joseph.get("/desk/week/hours.csv")).location == "/desk/proof"
        await joseph.proves(public, "joseph@example.org")
        rows = {name: await listed(joseph, name) for name in ("hours", "stages", "retakes", "deliveries")}
        assert sum(int(n) for row in rows["hours"] for name, n in row.items() if name != "day") == 4
        assert {row["until"]: row["scans"] for row in rows["stages"]}["signed"] == "2"
        assert [tuple(row.values()) for row in rows["retakes"]] == [
            ("In own words", "1"),
            ("The picture is blurred.", "1"),
        ]
        assert rows["deliveries"] == []
        assert (await joseph.get("/desk/week/patients.csv")).status == 404


async def listed(browser: Browser, name: str) -> list[dict[str, str]]:
    file = await browser.get(f"/desk/week/{name}.csv")
    assert file.headers["Content-Disposition"] == f'attachment; filename="{name}.csv"'
    return list(csv.DictReader(StringIO(file.text.lstrip("\ufeff"))))


async def test_the_api_says_the_same_and_nobody_else_sees_either(public: Clinic) -> None:
    await a_week(public)
    async with programming(public) as joseph, programming(public) as rao, browsing(public) as meena:
        await joseph.signs_in(public, "joseph@example.org")
        week = (await joseph.get("/week")).body
        assert (len(week["days"]), sum(sum(one["hours"]) for one in week["days"])) == (7, 4)
        assert {one["reason"]: one["scans"] for one in week["retakes"]} == {"other": 1, "reason.blurred": 1}
        await rao.signs_in(public, "rao@example.org")
        assert (await rao.get("/week")).status == 404
        await meena.signs_in(public, "meena@example.org")
        assert (await meena.get("/desk/week")).status == 404
        assert "/desk/week" not in (await meena.get("/desk/account")).text


@pytest.mark.parametrize("language", ["en", "ta", "hi"])
async def test_a_week_without_a_scan_is_a_page_in_every_language(language: str, public: Clinic) -> None:
    async with public.app.services.sessions.begin() as session:
        await session.execute(update(Account).where(Account.email == "joseph@example.org").values(language=language))
    async with browsing(public) as joseph:
        await joseph.signs_in(public, "joseph@example.org")
        page = await joseph.get("/desk/week")
        assert page.status == 200
        assert f'lang="{language}"' in page.text
        assert 'fill-opacity="0"' in page.text
        assert page.text.count("<svg") == 1, "no bars without a scan"
