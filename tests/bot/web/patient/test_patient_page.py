"""A patient's own page by its requests: the ways in and out, what each person may see there, and what is recorded."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from aiohttp import ClientResponse
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.dev.demo import PASSWORD
from bot.dev.sandbox.server import DEMO_TOKEN
from bot.dev.sandbox.store import Person as SandboxPerson
from bot.dev.sandbox.web_apps import init_data
from bot.engines import Engines
from models.tables.accounts import Account, BrowserSession
from models.tables.audit import AuditRow
from models.tables.scans import Scan
from models.vocabulary import Relation, Role, ScanStatus, Sex
from tests.support.browser import ORIGIN, Browser, browsing
from tests.support.ownership import _moves_in
from tests.support.people import Clinic, eventually, open_clinic
from tests.support.steps import a_scan, actor, until
from workflow.accounts import roles
from workflow.accounts.browsers import sessions as browsers
from workflow.accounts.files import dependants
from workflow.actors import Actor

AMINA: Final = "amina@example.org"
PAGES: Final = ("/my", "/my/send", "/my/consent", "/my/reports", "/my/medicines", "/my/account")
DESK: Final = ("/desk", "/desk/worklist", "/desk/scans/1", "/desk/account", "/desk/patients", "/desk/record")
UPLOAD_ID: Final = "0123456789abcdef" * 2


@pytest.fixture
async def public(engines: Engines) -> AsyncIterator[Clinic]:
    async with open_clinic(engines, public_url=ORIGIN) as clinic:
        yield clinic


async def is_in(browser: Browser) -> bool:
    return (await browser.get("/my/account")).status == 200


async def acts(clinic: Clinic) -> set[tuple[str, str]]:
    """Act and object of everything that browsers did."""
    async with clinic.app.services.sessions() as session:
        rows = await session.execute(select(AuditRow.act, AuditRow.object_id).where(AuditRow.source == "browser"))
        return {(act, number) for act, number in rows}


async def a_child(clinic: Clinic, name: str = "Zara Yusuf") -> Actor:
    """A child for whom Amina acts."""
    facts = dependants.Dependant(
        name, datetime.now(UTC).date() - timedelta(days=3000), False, Sex.FEMALE, Relation.CHILD
    )
    async with clinic.app.services.sessions.begin() as session:
        return await dependants.add(session, await actor(session, AMINA), facts, datetime.now(UTC))


async def fetched(browser: Browser, path: str) -> ClientResponse:
    """A file of the page inside Telegram."""
    return await browser.web.get(path, headers={"Cookie": f"__Host-csss-app={browser.cookies['__Host-csss-app']}"})


@pytest.mark.slow
async def test_the_page_opens_in_telegram_and_on_a_computer_and_ends_with_the_chat(public: Clinic) -> None:
    async with browsing(public) as telegram, browsing(public) as computer, browsing(public) as again:
        assert (await telegram.get("/my")).location == "/my/sign-in"
        assert "/computer" in (await telegram.get("/my/sign-in")).text
        assert (await telegram.opens_page(public.amina)).status == 200
        assert await is_in(telegram)
        assert (await computer.opens_computer(public.amina)).location == "/my"
        assert await is_in(computer)
        await public.amina.sends("/sessions")
        shown = (await public.amina.sees("Where you are signed in")).text
        assert ("💻 Telegram" in shown, "💻 Firefox, Windows" in shown) == (True, True)
        await again.opens_page(public.amina)
        assert not await is_in(telegram), "one page in Telegram for each chat"
        assert (await computer.post("/my/sign-out")).location == "/my/sign-in"
        assert not await is_in(computer)
        assert await is_in(again)
        await public.amina.sends("/unlink")
        await public.amina.sees("signed in with /computer are signed out with it")
        await public.amina.presses("Yes, separate")
        await eventually(public.app.services.sessions, _no_session)
        assert not await is_in(again)


async def _no_session(session: AsyncSession) -> bool:
    return await session.scalar(select(BrowserSession.id)) is None


async def test_forged_old_used_and_foreign_init_data_open_nothing(public: Clinic) -> None:
    amina, now = SandboxPerson(public.amina.chat_id, "Amina"), int(datetime.now(UTC).timestamp())
    stranger = await public.telegram.person("Nobody At All")
    staff = init_data(DEMO_TOKEN, SandboxPerson(public.rao.chat_id, "Rao"), now)
    good = init_data(DEMO_TOKEN, amina, now)
    refused = (
        *("", "x", good[:-1] + ("0" if good[-1] != "0" else "1"), good + "&user=1"),
        init_data("42:SANDBOX-another-bot", amina, now),
        init_data(DEMO_TOKEN, amina, now - 400),
        init_data(DEMO_TOKEN, SandboxPerson(stranger.chat_id, "Nobody"), now),
        staff,
    )
    async with browsing(public) as browser:
        for data in refused:
            assert (await browser.exchanges(data)).status == 401, data
        assert (await browser.exchanges(good, Origin="https://evil.example")).status == 401
        assert (await browser.exchanges(good)).status == 200
        assert (await browser.exchanges(good)).status == 401, "once"
        assert await is_in(browser)
        for _ in range(40):
            if (answer := await browser.exchanges("x")).status == 429:
                break
        assert (answer.status, answer.headers["Retry-After"]) == (429, "60")


async def test_patients_see_nothing_of_the_desk_and_staff_nothing_of_a_patients_page(public: Clinic) -> None:
    await a_scan(public, ScanStatus.AI_ANALYZED)
    async with browsing(public) as amina, browsing(public) as rao, browsing(public) as nobody:
        await amina.opens_computer(public.amina)
        await rao.signs_in(public, "rao@example.org")
        for path in PAGES:
            page = await amina.get(path)
            assert page.status == 200, path
            policy = page.headers["Content-Security-Policy"]
            assert "frame-ancestors https://web.telegram.org" in policy
            assert ("unsafe" in policy, page.headers["Cache-Control"]) == (False, "no-store")
            assert (await rao.get(path)).status == 404, path
            assert (await nobody.get(path)).location == "/my/sign-in", path
        for path in DESK:
            assert (await amina.get(path)).status == 404, path
        await amina.get("/my/account")
        assert (await amina.post("/desk/role", {"role": "doctor"})).status == 404
        for path in ("/my/films/1/film/1/" + "0" * 32, "/my/scans/1/film", "/my/reports/1.pdf", "/my/nothing"):
            assert (await amina.get(path)).status in {404, 200}
            assert (await rao.get(path)).status == 404, path


async def test_a_patient_who_becomes_staff_keeps_no_way_to_the_desk(public: Clinic) -> None:
    async with browsing(public) as browser:
        await browser.opens_computer(public.amina)
        async with public.app.services.sessions.begin() as session:
            account = (await session.scalars(select(Account).where(Account.email == AMINA))).one()
            roles.grant(account, Role.DOCTOR, "X-1", datetime.now(UTC), None)
        assert await is_in(browser), "still a patient, too"
        assert (await browser.get("/desk/worklist")).status == 404
        async with public.app.services.sessions.begin() as session:
            account = (await session.scalars(select(Account).where(Account.email == AMINA))).one()
            account.additional_roles = []
        assert (await browser.get("/desk/worklist")).location == "/desk/sign-in"
        assert not await is_in(browser)


async def test_a_foreign_scan_is_one_that_does_not_exist_and_a_relatives_opens_while_the_person_acts(
    public: Clinic,
) -> None:
    bela = await _moves_in(public, "Bela Stranger", "bela@example.org", Role.PATIENT)
    own, child = await a_scan(public, ScanStatus.DOCTOR_VERIFIED), await a_child(public, "<script>alert(1)</script>")
    childs = await a_scan(public, ScanStatus.PENDING_AI)
    async with public.app.services.sessions.begin() as session:
        (await session.get_one(Scan, childs)).patient_id = child.account_id or 0
    async with browsing(public) as amina, browsing(public) as other:
        await amina.opens_page(public.amina)
        await other.opens_page(bela)
        page = (await amina.get("/my")).text
        assert (f"Scan #{own}" in page, f"Scan #{childs}" in page) == (True, True)
        assert ("&lt;script&gt;" in page, "<script>alert" in page) == (True, False)
        films = re.findall(r'src="(/my/films/[^"]+)"', page)
        assert len(films) == 2
        for path in (*(f"/my/scans/{one}{part}" for one in (own, childs) for part in ("", "/film")), *films):
            assert (await other.get(path)).status == 404, path
        assert (await other.get(f"/my/reports/{own}.pdf")).status == 404
        assert "Scan #" not in (await other.get("/my")).text
        async with public.app.services.sessions.begin() as session:
            me = await actor(session, AMINA)
            await dependants.give_up(session, me, child.account_id or 0, datetime.now(UTC))
        assert (await amina.get(f"/my/scans/{childs}")).status == 404
        assert f"Scan #{childs}" not in (await amina.get("/my")).text


async def test_films_open_at_addresses_for_minutes_and_each_opening_is_recorded(public: Clinic) -> None:
    scan = await a_scan(public, ScanStatus.DOCTOR_VERIFIED)
    async with browsing(public) as browser, browsing(public, ahead=timedelta(minutes=6)) as later:
        await browser.opens_page(public.amina)
        page = (await browser.get("/my")).text
        [thumbnail] = re.findall(r'src="(/my/films/\d+/thumbnail/[^"]+)"', page)
        [film] = re.findall(r'src="(/my/films/\d+/film/[^"]+)"', (await browser.get(f"/my/scans/{scan}/film")).text)
        sizes = []
        for address in (thumbnail, film):
            answer = await fetched(browser, address)
            assert (answer.status, answer.content_type) == (200, "image/jpeg")
            assert answer.headers["Cache-Control"] == "no-store"
            sizes.append(len(await answer.read()))
            later.cookies = dict(browser.cookies)
            assert (await later.get(address)).status == 404, "old"
            forged = address[:-1] + ("0" if address[-1] != "0" else "1")
            assert (await browser.get(forged)).status == 404
        assert (await browser.get(thumbnail.replace("thumbnail", "film"))).status == 404
        assert sizes[0] < sizes[1]
        assert not re.search(r"COVID|heat|0\.94|94 %", (await browser.get(f"/my/scans/{scan}")).text)
    assert {("look:card", str(scan)), ("look:thumbnail", str(scan)), ("look:film", str(scan))} <= await acts(public)


@pytest.mark.slow
async def test_a_report_opens_with_its_medicines_and_only_its_current_version(public: Clinic) -> None:
    scan = await until(public, "released")
    await public.amina.sees("Your report R")
    async with browsing(public) as browser:
        await browser.opens_page(public.amina)
        page = await browser.get("/my/reports")
        assert f'href="/my/reports/{scan}.pdf"' in page.text
        answer = await fetched(browser, f"/my/reports/{scan}.pdf")
        assert (answer.content_type, (await answer.read())[:5]) == ("application/pdf", b"%PDF-")
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Paracetamol" in (await browser.get("/my/medicines")).text
        assert "✅ Report ready" in (await browser.get(f"/my/scans/{scan}")).text
    assert {("look:report", str(scan)), ("look:medicines", str(scan))} <= await acts(public)


async def test_a_picture_is_taken_in_once_and_refused_with_what_to_do(public: Clinic) -> None:
    async with browsing(public) as browser:
        await browser.opens_page(public.amina)
        assert "What we keep" in (await browser.get("/my/consent")).text
        amina = await own_id(public)
        assert 'data-token="' in (await browser.get("/my/send")).text
        taken = await browser.uploads(public.picture, amina, X_Upload_Id=UPLOAD_ID)
        assert (taken.status, "Received as scan #1" in taken.text) == (200, True), taken.text
        again = await browser.uploads(public.picture, amina, X_Upload_Id=UPLOAD_ID)
        assert "It was received before" in again.text
        same = await browser.uploads(public.picture, amina)
        assert "looks the same as scan #1" in same.text
        page = (await browser.get("/my/scans/2")).text
        assert "Did you mean to send the same picture again" in page
        assert (await browser.post("/my/scans/2/same", {"same": "yes"})).location == "/my/scans/2"
        assert "Did you mean" not in (await browser.get("/my/scans/2")).text
        for data, words in (
            (b"MZ\x90\x00 no picture at all" * 9, "not a picture"),
            (b"%PDF-1.7\n" + b"x" * 99, "PDF"),
            (b"\x89PNG\r\n\x1a\n" + b"\0" * 64, "."),
            (b"", "."),
            (b"\xff\xd8\xff" + b"x" * (21 * 1024 * 1024), "20 MB"),
        ):
            refused = await browser.uploads(data, amina)
            assert (refused.status, words in refused.text) == (422, True), refused.text
        await public.amina.sees("Scan #1 has come from your page")
        await public.amina.presses("Tell the doctor", on="Scan #1 has come")
        await public.amina.sees("What troubles you? A word or two")
        await public.amina.sends("Cough at night")
        await public.amina.sees("Since when")
    async with public.app.services.sessions() as session:
        assert [one.complaint for one in await session.scalars(select(Scan).order_by(Scan.id))] == [
            "Cough at night",
            None,
        ]
    kept = public.app.services.vault.names_before(datetime.now(UTC) + timedelta(minutes=1))
    assert len(kept) == 4, "nothing is left of what was refused"
    assert ("upload", "1") in await acts(public)


async def own_id(clinic: Clinic, email: str = AMINA) -> int:
    async with clinic.app.services.sessions() as session:
        return (await session.scalars(select(Account.id).where(Account.email == email))).one()


async def test_nobody_sends_for_others_without_agreement_or_from_another_page(public: Clinic) -> None:
    bela = await _moves_in(public, "Bela Stranger", "bela@example.org", Role.PATIENT)
    amina, belas, child = await own_id(public), await own_id(public, "bela@example.org"), await a_child(public)
    async with browsing(public) as browser, browsing(public) as nobody:
        await browser.opens_page(bela)
        assert (await browser.get("/my/send")).location == "/my/consent", "the agreement first"
        await browser.get("/my/consent")
        refused = await browser.uploads(public.picture, belas)
        assert (refused.status, "agreement" in refused.text) == (409, True)
        for foreign in (amina, child.account_id or 0, 999_999):
            assert (await browser.uploads(public.picture, foreign)).status == 409
            assert (await browser.get(f"/my/consent?for={foreign}")).status == 404
        await browser.get("/my/consent")
        assert (await browser.post("/my/consent", {"for": str(belas), "agree": "no"})).location == "/my"
        assert (
            await browser.post("/my/consent", {"for": str(belas), "agree": "yes"})
        ).location == f"/my/send?for={belas}"
        await browser.get("/my/send")
        for wrong in ({"X_Form_Token": "0" * 64}, {"Origin": "https://evil.example"}, {"Sec_Fetch_Site": "cross-site"}):
            assert (await browser.uploads(public.picture, belas, **wrong)).status == 403, wrong
        for path in ("/my/consent", "/my/language", "/my/theme", "/my/notices", "/my/sign-out", "/my/scans/1/same"):
            assert (await browser.post(path, {"form_token": "0" * 64})).status == 403, path
            assert (await browser.post(path, Origin="https://evil.example")).status == 403, path
        assert (await nobody.uploads(public.picture, belas)).status == 401
        assert (await browser.uploads(public.picture, belas)).status == 200
    async with public.app.services.sessions() as session:
        assert [one.patient_id for one in await session.scalars(select(Scan))] == [belas]


async def test_a_child_s_picture_becomes_the_childs_scan_and_pictures_are_few_at_once(public: Clinic) -> None:
    child = await a_child(public)
    async with browsing(public) as browser:
        await browser.opens_page(public.amina)
        page = (await browser.get(f"/my/send?for={child.account_id}")).text
        assert f'value="{child.account_id}" checked' in page
        assert "Zara Yusuf" in page
        assert (await browser.uploads(public.picture, child.account_id or 0)).status == 200
        assert "👤 Zara Yusuf" in (await browser.get("/my")).text
        for _ in range(40):
            answer = await browser.uploads(b"x", child.account_id or 0)
            if answer.status == 429:
                break
        assert (answer.status, "still here" in answer.text) == (429, True)
    async with public.app.services.sessions() as session:
        assert [one.patient_id for one in await session.scalars(select(Scan))] == [child.account_id]


async def test_language_colours_and_the_lock(public: Clinic) -> None:
    async with browsing(public) as browser:
        await browser.opens_computer(public.amina)
        await browser.get("/my/account")
        assert (await browser.post("/my/language", {"language": "xx"})).status == 404
        assert (await browser.post("/my/language", {"language": "hi"})).location == "/my/account"
        assert 'lang="hi"' in (await browser.get("/my/account")).text
        await browser.post("/my/theme", {"theme": "dark"})
        assert 'data-theme="dark"' in (await browser.get("/my")).text
        async with public.app.services.sessions.begin() as session:
            idle = datetime.now(UTC) - public.app.services.idle_limit - timedelta(minutes=1)
            await session.execute(update(BrowserSession).values(seen_at=idle))
        assert (await browser.get("/my")).location == "/my/unlock"
        assert "Amina" not in (await browser.get("/my/unlock")).text
        assert (await browser.post("/my/unlock", {"password": "wrong"})).status == 401
        assert (await browser.post("/my/unlock", {"password": PASSWORD})).location == "/my"
        assert await is_in(browser)
        async with public.app.services.sessions.begin() as session:
            await session.execute(update(BrowserSession).values(seen_at=idle))
            await session.execute(
                update(Account).where(Account.email == AMINA).values(password_hash=None, phone_hash="x")
            )
        assert "/page" in (await browser.get("/my/unlock")).text
    async with browsing(public, ahead=browsers.LONGEST) as later:
        later.cookies = dict(browser.cookies)
        assert (await later.get("/my")).location == "/my/sign-in"
