"""The model's card in a browser and over the API: the same figures, those of the bundles in use."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import update

from bot.engines import Engines
from models.tables.accounts import Account
from models.vocabulary import ScanStatus
from tests.support.api import programming
from tests.support.browser import ORIGIN, browsing
from tests.support.people import Clinic, open_clinic
from tests.support.steps import a_scan


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
