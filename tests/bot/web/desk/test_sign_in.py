"""Sign-in of staff in a browser: password, second factor, cookie, end; and by a link from the chat."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from sqlalchemy import select, update

from bot.dev.demo import PASSWORD
from bot.engines import Engines
from models.tables.accounts import Account, BrowserSession, Throttle
from models.tables.audit import AuditRow
from models.vocabulary import Role
from tests.support.account_steps import GOOD, rests
from tests.support.browser import ORIGIN, Browser, browsing
from tests.support.people import Clinic, open_clinic
from workflow.accounts import roles
from workflow.accounts.browsers import sessions as browsers

LINK = re.compile(r"https://scans\.example\.org(/desk/open/\S+)")


@pytest.fixture
async def public(engines: Engines) -> AsyncIterator[Clinic]:
    async with open_clinic(engines, public_url=ORIGIN) as clinic:
        yield clinic


async def is_in(browser: Browser) -> bool:
    return (await browser.get("/desk/account")).status == 200


async def test_staff_sign_in_with_password_and_code_are_told_in_chat_and_end_it_there(public: Clinic) -> None:
    async with browsing(public) as browser:
        assert (await browser.get("/desk")).location == "/desk/sign-in"
        await browser.signs_in(public, "rao@example.org")
        own = await browser.get("/desk/account")
        assert "Dr Rao" in own.text
        assert own.headers["Cache-Control"] == "no-store"
        await public.rao.sees("signed in to in a browser")
        await public.rao.sends("/sessions")
        shown = await public.rao.sees("Where you are signed in")
        assert "💻 Firefox, Windows" in shown.text
        await public.rao.presses("Firefox, Windows", on="Where you are signed in")
        await public.rao.sees("Where you are signed in")
        assert not await is_in(browser)
    async with public.app.services.sessions() as session:
        rows = await session.execute(select(AuditRow.act, AuditRow.reason).where(AuditRow.source == "browser"))
        assert ("sign_in", "browser") in {tuple(row) for row in rows}


@pytest.mark.slow
async def test_this_was_not_me_a_new_password_and_the_sign_out_end_every_browser(public: Clinic) -> None:
    async with browsing(public) as browser, browsing(public) as other:
        await browser.signs_in(public, "meena@example.org")
        assert (await browser.post("/desk/sign-out")).location == "/desk/sign-in"
        assert not await is_in(browser)
        await other.signs_in(public, "rao@example.org")
        await public.rao.sends("/password")
        await public.rao.sends(PASSWORD)
        await public.rao.sees("And the new one")
        await public.rao.sends(GOOD)
        await public.rao.sees("counts from now on")
        assert not await is_in(other)
        await browser.signs_in(public, "joseph@example.org")
        await public.joseph.presses("This was not me", on="signed in to in a browser")
        await public.joseph.sees("its password is void")
        assert not await is_in(browser)


@pytest.mark.slow
async def test_wrong_passwords_and_unknown_addresses_get_one_answer_and_wait_alike(public: Clinic) -> None:
    for email in ("rao@example.org", "nobody@example.org"):
        async with browsing(public) as browser:
            answers = [await browser.types_password(email, f"wrong {turn}") for turn in range(4)]
            assert [one.status for one in answers] == [401, 401, 401, 429]
            assert "do not fit together" in answers[0].text
            assert "Too many tries" in answers[3].text
            assert (await browser.types_password(email)).status == 429
    async with browsing(public) as browser:
        assert (await browser.types_password("amina@example.org")).status == 403
        assert not await is_in(browser)
    async with browsing(public) as browser:
        for turn in range(200):  # the limit fills up again meanwhile
            answer = await browser.types_password(f"{turn}@example.org", "wrong")
            if answer.status == 429:
                break
        assert answer.status == 429


async def test_a_wrong_code_counts_and_a_code_of_one_browser_opens_no_other(public: Clinic) -> None:
    async with browsing(public) as browser, browsing(public) as other:
        await browser.types_password("rao@example.org")
        mail = await public.telegram.mail_to("rao@example.org")
        [code] = re.findall(r"\b\d{6}\b", mail.text)
        await other.get("/desk/code")
        assert (await other.post("/desk/code", {"code": code})).status == 401
        assert (await browser.post("/desk/code", {"code": "no digits"})).status == 401
        wrong = [(await browser.post("/desk/code", {"code": "000000"})).text for _ in range(6)]
        assert "Sign in" in wrong[-1]
        assert (await browser.post("/desk/code", {"code": code})).status == 401
        assert not await is_in(browser)


async def test_bodies_that_are_no_form_are_refused_without_a_fault(public: Clinic) -> None:
    async with browsing(public) as browser:
        await browser.get("/desk/sign-in")
        assert (await browser.post("/desk/sign-in", {"email": "a\0@b", "password": "\0" * 99})).status == 401
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        for kind, body in (
            ("application/x-www-form-urlencoded; charset=bogus", b"form_token=1"),
            ("application/x-www-form-urlencoded", b"\xff\xfe"),
            ("application/x-www-form-urlencoded", b"a=1&" * 60),
            ("multipart/form-data; boundary=x", b"--y"),
            ("application/json", b"[[[[["),
        ):
            headers = {"Cookie": cookies, "Origin": ORIGIN, "Content-Type": kind}
            answer = await browser.web.post("/desk/sign-in", data=body, headers=headers)
            assert answer.status in {400, 403}, kind


async def test_forged_expired_replaced_and_stolen_tokens_open_nothing(public: Clinic) -> None:
    async with browsing(public) as browser, browsing(public) as thief:
        await browser.signs_in(public, "rao@example.org")
        token = browser.cookies["__Host-csss"]
        claims = jwt.decode(token, options={"verify_signature": False})
        assert claims["exp"] - claims["iat"] == 3600
        kid = jwt.get_unverified_header(token)["kid"]
        forged = jwt.encode(claims, "x" * 32, headers={"kid": kid})
        unsigned = jwt.encode(claims, "", "none", headers={"kid": kid})
        door = browser.cookies.get("__Host-csss-door", "")
        for other in (forged, unsigned, token[:-2], "", "x.y.z", door):
            thief.cookies = {"__Host-csss": other}
            assert not await is_in(thief)
        async with browsing(public, ahead=timedelta(minutes=61)) as later:
            later.cookies = dict(browser.cookies)
            assert not await is_in(later)
        async with public.app.services.sessions.begin() as session:
            old = datetime.now(UTC) - browsers.RENEWED_AFTER
            await session.execute(update(BrowserSession).values(renewed_at=old))
        assert await is_in(browser)
        assert browser.cookies["__Host-csss"] != token
        thief.cookies = {"__Host-csss": token}
        assert await is_in(thief)  # on its way while the new one was given
        async with public.app.services.sessions.begin() as session:
            await session.execute(update(BrowserSession).values(renewed_at=datetime.now(UTC) - browsers.FORMER_TOKEN))
        assert not await is_in(thief)
        assert not await is_in(browser), "a copied token ends the session"
    async with public.app.services.sessions() as session:
        ended = await session.scalars(select(AuditRow.reason).where(AuditRow.act == "sign_out"))
        assert "replayed" in set(ended)


async def test_no_token_is_stored_and_old_rows_go(public: Clinic) -> None:
    async with browsing(public) as browser:
        await browser.signs_in(public, "rao@example.org")
        secret = jwt.decode(browser.cookies["__Host-csss"], options={"verify_signature": False})["jti"]
    async with public.app.services.sessions.begin() as session:
        [row] = await session.scalars(select(BrowserSession))
        assert secret not in str(vars(row))
        await browsers.delete_old(session, datetime.now(UTC) + timedelta(days=2))
        assert not (await session.scalars(select(BrowserSession))).all()
        assert not (await session.scalars(select(Throttle).where(Throttle.key.startswith("chat:-")))).all()


async def test_an_unused_browser_is_locked_like_a_chat_and_a_suspended_or_former_member_is_out(public: Clinic) -> None:
    async with browsing(public) as browser:
        await browser.signs_in(public, "rao@example.org")
        await rests(public)
        async with public.app.services.sessions.begin() as session:
            idle = datetime.now(UTC) - public.app.services.idle_limit - timedelta(minutes=1)
            await session.execute(update(BrowserSession).values(seen_at=idle))
        assert (await browser.get("/desk")).location == "/desk/unlock"
        assert "Dr Rao" not in (await browser.get("/desk/unlock")).text
        assert (await browser.post("/desk/unlock", {"password": "wrong"})).status == 401
        assert (await browser.get("/desk/account")).location == "/desk/unlock", "only the password unlocks"
        assert (await browser.post("/desk/unlock", {"password": PASSWORD})).location == "/desk"
        assert await is_in(browser)
        async with public.app.services.sessions.begin() as session:
            rao = (await session.scalars(select(Account).where(Account.email == "rao@example.org"))).one()
            rao.suspended_at = datetime.now(UTC)
        assert not await is_in(browser)
        async with public.app.services.sessions.begin() as session:
            rao = (await session.scalars(select(Account).where(Account.email == "rao@example.org"))).one()
            rao.suspended_at = None
            await roles.revoke(session, rao, Role.DOCTOR)
        assert not await is_in(browser)


async def test_forms_of_other_sites_and_pages_in_frames_do_nothing(public: Clinic) -> None:
    async with browsing(public) as browser:
        await browser.signs_in(public, "rao@example.org")
        page = await browser.get("/desk/account")
        policy = page.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert page.headers["X-Frame-Options"] == "DENY"
        own = browser.form_token
        for headers, token in (
            ({"Origin": "https://evil.example"}, own),
            ({"Origin": "null"}, own),
            ({"Origin": ""}, own),
            ({"Sec_Fetch_Site": "cross-site"}, own),
            ({}, "0" * 64),
            ({}, ""),
        ):
            browser.form_token = token
            assert (await browser.post("/desk/sign-out", {}, **headers)).status == 403, (headers, token)
        browser.form_token = own
        assert (await browser.post("/desk/sign-out", {"x": "y" * 20_000})).status == 413
        assert await is_in(browser)
        assert (await browser.post("/desk/theme", {"theme": "light"})).location == "/desk/account"
        assert 'data-theme="light"' in (await browser.get("/desk/account")).text


async def test_a_link_from_the_chat_signs_in_the_browser_whose_number_is_pressed(public: Clinic) -> None:
    await public.rao.sends("/computer")
    [path] = LINK.findall((await public.rao.sees("Open this link")).text)
    async with browsing(public) as browser, browsing(public) as late:
        assert "Sign in on this computer" in (await browser.get(path)).text
        assert (await browser.post(path)).location.startswith("/desk/waiting")
        waiting = await browser.get("/desk/waiting")
        [number] = re.findall(r'class="number">(\d\d)<', waiting.text)
        assert (await late.get(path)).status == 404
        await public.rao.presses(number, on="Which number")
        await public.rao.sees("The browser is signed in")
        assert (await browser.get("/desk/waiting")).location == "/desk"
        assert await is_in(browser)
        await public.rao.sends("/unlink")
        await public.rao.sees("signed in with /computer are signed out with it")
        assert await is_in(browser)
        await public.rao.presses("Yes, separate")
        await public.rao.sees("had signed in with /computer are signed out, too")
        assert not await is_in(browser), "it ends with the chat that let it in"


@pytest.mark.slow
async def test_a_wrong_number_or_none_ends_the_link_a_patients_opens_no_desk_and_a_locked_chat_gets_none(
    public: Clinic,
) -> None:
    for press in ("another", "None of these"):
        await public.rao.sends("/computer")
        [path] = LINK.findall((await public.rao.sees("Open this link")).text)
        async with browsing(public) as browser:
            await browser.get(path)
            await browser.post(path)
            waiting = await browser.get("/desk/waiting")
            [number] = re.findall(r'class="number">(\d\d)<', waiting.text)
            question = await public.rao.sees("Which number")
            offered = re.findall(r"'text': '(\d\d)'", str(question.body["reply_markup"]))
            assert number in offered
            assert len(set(offered)) == 3
            wrong = next(one for one in offered if one != number)
            await public.rao.presses(wrong if press == "another" else press, on="Which number")
            await public.rao.sees("stays outside")
            assert (await browser.get("/desk/waiting")).status == 410
            assert not await is_in(browser)
    await public.amina.sends("/computer")
    offer = (await public.amina.sees("Open this link")).text
    assert (LINK.findall(offer), "/my/open/" in offer) == ([], True)
    async with browsing(public) as browser:  # at the desk's address it signs in to the patient's page alone
        [token] = re.findall(r"/my/open/(\S+)", offer)
        await browser.get(f"/desk/open/{token}")
        await browser.post(f"/desk/open/{token}")
        [number] = re.findall(r'class="number">(\d\d)<', (await browser.get("/desk/waiting")).text)
        await public.amina.presses(number, on="Which number")
        await public.amina.sees("The browser is signed in")
        assert (await browser.get("/desk/waiting")).location == "/desk"
        assert [(await browser.get(path)).status for path in ("/desk", "/desk/worklist", "/my")] == [404, 404, 200]
    await rests(public)
    await public.meena.sends("/computer")
    await public.meena.does_not_see("Open this link")


async def test_without_a_public_address_there_is_no_desk(clinic: Clinic) -> None:
    async with browsing(clinic) as browser:
        assert (await browser.get("/desk")).status == 404
        assert (await browser.get("/desk/sign-in")).status == 404
    await clinic.rao.sends("/computer")
    await clinic.rao.sees("no public address")
