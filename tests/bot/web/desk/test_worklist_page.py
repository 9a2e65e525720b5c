"""The worklist in a browser: by role, live, recorded, with hostile names as text."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from aiohttp import ClientResponse
from sqlalchemy import select, update

from bot.engines import Engines
from models.tables.accounts import Account, BrowserSession
from models.tables.audit import AuditRow
from models.tables.claims import Claim
from models.vocabulary import ScanStatus
from tests.support.browser import ORIGIN, Browser, browsing
from tests.support.people import Clinic, open_clinic
from tests.support.steps import a_scan
from workflow.accounts.browsers import sessions as browsers

HOSTILE = "<img src=x onerror=alert(1)>\"'&{{7*7}}"


@pytest.fixture
async def public(engines: Engines) -> AsyncIterator[Clinic]:
    async with open_clinic(engines, public_url=ORIGIN) as clinic:
        yield clinic


@pytest.mark.slow
async def test_each_role_sees_what_waits_for_it_and_each_row_shown_is_recorded_once(public: Clinic) -> None:
    early, signed = await a_scan(public, ScanStatus.AI_ANALYZED), await a_scan(public, ScanStatus.DOCTOR_VERIFIED)
    async with browsing(public) as rao, browsing(public) as meena:
        await rao.signs_in(public, "rao@example.org")
        await meena.signs_in(public, "meena@example.org")
        assert (await rao.get("/desk")).location == "/desk/worklist"
        page = await rao.get("/desk/worklist")
        assert f'data-scan="{early}"' in page.text
        assert f'data-scan="{signed}"' not in page.text
        assert page.headers["Cache-Control"] == "no-store"
        for _ in range(3):
            again = await rao.get("/desk/worklist/rows", Sec_Fetch_Dest="empty")
            assert f'data-scan="{early}"' in again.text
        assert f'data-scan="{signed}"' in (await meena.get("/desk/worklist?part=nonsense&page=99")).text
    async with public.app.services.sessions() as session:
        looks = await session.scalars(select(AuditRow.object_id).where(AuditRow.act == "look:queue"))
        assert sorted(looks) == sorted([str(early), str(signed)])


@pytest.mark.slow
async def test_hostile_names_and_complaints_stay_text(public: Clinic) -> None:
    await a_scan(public, ScanStatus.AI_ANALYZED)
    async with public.app.services.sessions.begin() as session:
        await session.execute(update(Account).where(Account.email == "amina@example.org").values(name=HOSTILE))
    async with browsing(public) as rao:
        await rao.signs_in(public, "rao@example.org")
        text = (await rao.get("/desk/worklist")).text
        assert "&lt;img src=x onerror=alert(1)&gt;" in text
        assert "<img" not in text
        assert "{{7*7}}" in text


@pytest.mark.slow
async def test_a_scan_is_taken_and_given_back_as_by_the_buttons_of_its_card(public: Clinic) -> None:
    scan = await a_scan(public, ScanStatus.AI_ANALYZED)
    async with browsing(public) as rao, browsing(public) as meena:
        await rao.signs_in(public, "rao@example.org")
        await meena.signs_in(public, "meena@example.org")
        await rao.get("/desk/worklist")
        path = f"/desk/scans/{scan}/claim"
        assert (await rao.post(path, {"act": "take", "back": "worklist"})).location == "/desk/worklist"
        assert 'value="give_back"' in (await rao.get("/desk/worklist")).text
        await meena.get("/desk/worklist")
        await meena.get("/desk/account")
        assert (await meena.post(path, {"act": "take"})).status == 404, "not at this stage"
        assert (await rao.post(path, {"act": "give_back", "back": "worklist"})).status == 303
        assert (await rao.post(path, {"act": "burn"})).status == 404
        assert (await rao.post(path, {"act": "take_over", "holder": "1"})).status == 409
    async with public.app.services.sessions() as session:
        assert not (await session.scalars(select(Claim))).all()


async def events(answer: ClientResponse, wanted: str) -> None:
    """Read the stream up to this event."""
    async with asyncio.timeout(60):
        async for line in answer.content:
            if line.decode().strip() == f"event: {wanted}":
                return
    raise AssertionError(wanted)


async def opened_stream(browser: Browser) -> ClientResponse:
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    answer = await browser.web.get("/desk/worklist/stream", headers={"Cookie": cookies, "Sec-Fetch-Dest": "empty"})
    assert answer.status == 200
    assert answer.content_type == "text/event-stream"
    return answer


@pytest.mark.slow
async def test_the_stream_says_that_something_changed_and_ends_with_the_session(public: Clinic) -> None:
    async with browsing(public) as rao:
        await rao.signs_in(public, "rao@example.org")
        streams = [await opened_stream(rao) for _ in range(8)]
        cookies = "; ".join(f"{name}={value}" for name, value in rao.cookies.items())
        more = await rao.web.get("/desk/worklist/stream", headers={"Cookie": cookies, "Sec-Fetch-Dest": "empty"})
        assert more.status == 429
        await a_scan(public, ScanStatus.AI_ANALYZED)
        await events(streams[0], "changed")
        async with public.app.services.sessions.begin() as session:
            [row] = await session.scalars(select(BrowserSession))
            await browsers.end(session, row.id, datetime.now(UTC))
        for stream in streams:
            await events(stream, "end")
            assert b"Amina" not in await stream.read()
    async with browsing(public) as guest:
        answer = await guest.get("/desk/worklist/stream", Sec_Fetch_Dest="empty")
        assert (answer.status, answer.text) == (401, "")


@pytest.mark.slow
async def test_the_films_of_the_viewer_open_with_the_cookie_and_end_with_it(public: Clinic) -> None:
    scan = await a_scan(public, ScanStatus.AI_ANALYZED)
    async with browsing(public) as rao:
        await rao.signs_in(public, "rao@example.org")
        headers = {"Cookie": f"__Host-csss={rao.cookies['__Host-csss']}", "Origin": ORIGIN}
        foreign = headers | {"Origin": "https://evil.example"}
        assert (await rao.web.post("/viewer/session", json={"init_data": ""}, headers=foreign)).status == 401
        given = await rao.web.post("/viewer/session", json={"init_data": ""}, headers=headers)
        assert given.status == 200
        bearer = {"Authorization": f"Bearer {(await given.json())['token']}"}
        assert (await rao.web.get(f"/viewer/scans/{scan}", headers=bearer)).status == 200
        await rao.get("/desk/worklist")
        await rao.post("/desk/sign-out")
        assert (await rao.web.get(f"/viewer/scans/{scan}", headers=bearer)).status == 401
        assert (await rao.web.post("/viewer/session", json={"init_data": ""}, headers=headers)).status == 401
