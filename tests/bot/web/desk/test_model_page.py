"""The model's card in a browser and over the API: figures of the bundles in use, plots and lists by week."""

import csv
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from io import StringIO

import pytest
from sqlalchemy import update

from bot.engines import Engines
from models.tables.accounts import Account
from models.tables.model_watch import ShadowFinding
from models.tables.scans import AiFinding, Reading
from models.vocabulary import ScanStatus
from tests.support.api import programming
from tests.support.browser import ORIGIN, browsing
from tests.support.people import Clinic, open_clinic
from tests.support.steps import a_scan
from workflow.model_watch.weeks import WEEKS


@pytest.fixture
async def public(engines: Engines) -> AsyncIterator[Clinic]:
    async with open_clinic(engines, public_url=ORIGIN) as clinic:
        yield clinic


async def test_the_card_names_the_bundle_its_thresholds_and_where_it_fails(public: Clinic) -> None:
    await a_scan(public, ScanStatus.DOCTOR_VERIFIED)
    bundle = public.app.services.classifier.bundle
    async with browsing(public) as meena:
        await meena.signs_in(public, "meena@example.org")
        page = (await meena.get("/desk/model")).text
    for shown in (*bundle.identity, public.app.services.hearts.identity.sha256, "1567 pictures of 1092 patients"):
        assert shown in page
    assert "Never sure of: Other chest finding, Viral pneumonia." in page
    assert "1 scans analysed, 0 of them uncertain" in page
    assert "<b>mobilenetv2" in page, "markup of our own sentences"
    assert "http" not in page.replace("http-equiv", ""), "it links to nothing foreign"
    async with programming(public) as program:
        await program.signs_in(public, "rao@example.org")
        card = (await program.get("/model")).body
    assert (card["enabled"], card["created"], card["shadow"]) == (True, "2026-11-29", None)
    assert card["chest"]["sha256"] == bundle.identity.sha256
    assert card["chest"]["here"]["analysed"] == 1
    sure = {one["label"]: (one["sure_from"], one["sure_from_damaged"]) for one in card["classes"]}
    assert sure == {
        "COVID": (0.85, 0.85),
        "Lung_Opacity": (0.94, None),
        "NIH_MERGED": (None, None),
        "Normal": (0.9, 0.97),
        "Viral_Pneumonia": (None, None),
    }
    assert card["measured"]["accuracy"] == {"value": 0.8258, "low": 0.7812, "high": 0.8646}
    assert len(card["limits"]) == 4


@pytest.mark.parametrize("language", ["ta", "hi"])
async def test_the_card_is_read_in_every_language(language: str, public: Clinic) -> None:
    async with public.app.services.sessions.begin() as session:
        await session.execute(update(Account).where(Account.email == "rao@example.org").values(language=language))
    async with browsing(public) as rao:
        await rao.signs_in(public, "rao@example.org")
        page = await rao.get("/desk/model")
        assert page.status == 200
        assert f'lang="{language}"' in page.text
        assert "model." not in page.text.split("<main")[1].replace("/desk/model", "")


@pytest.mark.slow
async def test_agreement_coverage_and_drift_are_drawn_by_week_and_said_in_a_table(engines: Engines) -> None:
    on_trial = engines._replace(shadow=engines.classifier)
    async with open_clinic(on_trial, public_url=ORIGIN) as clinic, browsing(clinic) as joseph:
        await two_weeks(clinic)
        await joseph.signs_in(clinic, "joseph@example.org")
        page = (await joseph.get("/desk/model")).text
        drawn = [one for one in re.findall(r"<svg.*?</svg>", page, re.DOTALL) if "role" in one]
        assert len(drawn) == 3, "nothing was read of hearts"
        assert "No scan was analysed in the last twelve weeks." in page
        agreement, coverage, drift = drawn
        assert [one.count("<circle") for one in drawn] == [1, 2, 2]
        assert [one.count('class="trial" x') for one in drawn] == [1, 1, 0]
        assert len(re.findall("<polyline", coverage)) == 2, "one line over both weeks, and the trial's"
        assert re.search("<title>[^<]*: 50% of 2</title>", coverage)
        assert 'aria-label="Share of scans on which mobilenetv2' in coverage
        assert "style=" not in page + agreement + drift, "the policy forbids styles in a page"
        rows = re.findall("<tr>(.*?)</tr>", page.split("</svg>\n<ul")[2].split("</table>")[0])
        assert len(rows) == WEEKS + 1
        assert re.findall(">([^<]+)</t[dh]>", rows[2])[1:] == ["1", "100%", "–"]


@pytest.mark.slow
async def test_the_lists_by_week_leave_as_csv_for_administrators_and_over_the_api_for_staff(public: Clinic) -> None:
    await two_weeks(public)
    async with browsing(public) as joseph, browsing(public) as rao, programming(public) as program:
        await rao.signs_in(public, "rao@example.org")
        await joseph.signs_in(public, "joseph@example.org")
        assert "/desk/model/drift.csv" in (await joseph.get("/desk/model")).text
        assert ".csv" not in (await rao.get("/desk/model")).text
        assert (await rao.get("/desk/model/drift.csv")).status == 404
        assert (await joseph.get("/desk/model/drift.csv")).location == "/desk/proof"
        await joseph.proves(public, "joseph@example.org")
        assert (await joseph.get("/desk/model/passwords.csv")).status == 404
        last = {}
        for name in ("agreement", "coverage", "drift"):
            file = await joseph.get(f"/desk/model/{name}.csv")
            assert file.headers["Content-Disposition"] == f'attachment; filename="{name}.csv"'
            rows = list(csv.DictReader(StringIO(file.text.lstrip("\ufeff"))))
            assert len(rows) == 2 * WEEKS
            last[name] = rows[WEEKS - 1]
        assert (last["agreement"]["readings"], last["agreement"]["agreed"], last["agreement"]["usual from"]) == (
            "1",
            "1",
            "",
        )
        assert (last["coverage"]["analysed"], last["coverage"]["sure"], last["coverage"]["on trial"]) == ("2", "1", "0")
        assert float(last["drift"]["mean distance"]) == pytest.approx(0.3)
        await program.signs_in(public, "rao@example.org")
        card = (await program.get("/model")).body
        week = card["chest"]["weeks"][-1]
        assert (week["analysed"], week["sure"], week["opinions"], week["agreed"]) == (2, 1, 1, 1)
        assert (week["mean_distance"], week["usual_distance"]) == (pytest.approx(0.3), None)
        assert len(card["hearts"]["weeks"]) == WEEKS
        assert (await program.get("/model/drift.csv")).status == 404


async def two_weeks(clinic: Clinic) -> None:
    """Two films this week, one of them unsure and one signed in agreement; one film last week."""
    identity, now = clinic.app.services.classifier.identity, clinic.app.services.now()
    scans = [await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED) for _ in range(3)]
    facts = {"label": "Normal", "confidence": 0.9, "uncertain": False, "probabilities": {}, "created_at": now}
    version = {"model": identity.name, "model_version": "2", "model_sha256": identity.sha256}
    async with clinic.app.services.sessions.begin() as session:
        await session.execute(update(AiFinding).values(uncertain=False, distance=0.3))
        await session.execute(update(AiFinding).where(AiFinding.scan_id == scans[1]).values(uncertain=True))
        earlier = {"created_at": now - timedelta(weeks=1)}
        await session.execute(update(AiFinding).where(AiFinding.scan_id == scans[2]).values(**earlier))
        await session.execute(update(Reading).values(agrees=None))
        await session.execute(update(Reading).where(Reading.scan_id == scans[0]).values(agrees=True))
        await session.merge(ShadowFinding(scan_id=scans[0], **version, **facts))
