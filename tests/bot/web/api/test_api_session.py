"""A program's session: sign-in, refresh, lock and end, as a browser's; and what counts as a token."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import jwt
import pyotp
import pytest
from sqlalchemy import select, update

from bot.dev.demo import PASSWORD
from bot.engines import Engines
from models.tables.accounts import Account, BrowserSession
from models.tables.audit import AuditRow
from tests.support.account_steps import rests
from tests.support.api import Program, mailed_code, programming
from tests.support.browser import ORIGIN, browsing
from tests.support.people import Clinic, open_clinic
from workflow.accounts import authenticators
from workflow.accounts.browsers import sessions as browsers
from workflow.actors import actor_of


@pytest.fixture
async def public(engines: Engines) -> AsyncIterator[Clinic]:
    async with open_clinic(engines, public_url=ORIGIN) as clinic:
        yield clinic


async def is_in(program: Program) -> bool:
    return (await program.get("/session")).status == 200


async def test_a_program_signs_in_is_told_in_chat_and_ended_there(public: Clinic) -> None:
    async with programming(public) as program:
        refused = await program.get("/session")
        assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
        await program.signs_in(public, "rao@example.org")
        shown = (await program.get("/session")).body
        assert (shown["name"], shown["role"], shown["roles"]) == ("Dr Rao", "doctor", ["doctor"])
        assert [one["here"] for one in (await program.get("/session/places")).body["places"]] == [False, True]
        await public.rao.sees("signed in to in a browser")
        await public.rao.sends("/sessions")
        assert "💻 API" in (await public.rao.sees("Where you are signed in")).text
        await public.rao.presses("API", on="Where you are signed in")
        await public.rao.sees("Where you are signed in")
        ended = await program.get("/session")
        assert (ended.status, ended.headers["WWW-Authenticate"]) == (401, 'Bearer error="invalid_token"')


async def test_the_token_counts_below_the_api_alone_and_the_cookie_on_the_pages_alone(public: Clinic) -> None:
    async with browsing(public) as browser:
        await browser.signs_in(public, "rao@example.org")
        cookie = browser.cookies["__Host-csss"]
        headers = {"Cookie": f"__Host-csss={cookie}", "Origin": ORIGIN}
        assert (await browser.web.get("/api/v1/worklist", headers=headers)).status == 401
        bearer = {"Authorization": f"Bearer {cookie}"}
        assert (await browser.web.get("/api/v1/worklist", headers=bearer)).status == 200
        browser.cookies = {}
        assert (await browser.get("/desk/account", **bearer)).location == "/desk/sign-in"


async def test_wrong_passwords_unknown_addresses_and_patients_are_refused_as_on_the_page(public: Clinic) -> None:
    async with programming(public) as program:
        for email in ("rao@example.org", "nobody@example.org"):
            typed = {"email": email, "password": "wrong"}
            answers = [await program.post("/session", typed) for _ in range(4)]
            assert [one.status for one in answers] == [401, 401, 401, 429]
            assert answers[0].body["detail"] == "Email and password do not fit together."
            assert 0 < int(answers[3].headers["Retry-After"]) <= 60
            assert (await program.post("/session", {**typed, "password": PASSWORD})).status == 429
        patient = {"email": "amina@example.org", "password": PASSWORD}
        assert (await program.post("/session", patient)).key == "web.staff_only"
        for turn in range(200):  # the limit of the network's address fills up again meanwhile
            many = await program.post("/session", {"email": f"{turn}@example.org", "password": "x"})
            if many.status == 429:
                break
        assert (many.key, many.headers["Retry-After"]) == ("verify.too_many", "60")
    async with public.app.services.sessions() as session:
        refused = select(AuditRow.reason).where(AuditRow.act == "sign_in", AuditRow.outcome == "refused")
        assert set(await session.scalars(refused)) == {"password"}


async def test_a_challenge_takes_its_own_code_alone_and_only_once(public: Clinic) -> None:
    async with programming(public) as program:
        typed = {"email": "rao@example.org", "password": PASSWORD}
        earlier = await public.telegram.mails("rao@example.org")
        asked = (await program.post("/session", {**typed, "code": "123456"})).body
        code = await mailed_code(public, "rao@example.org", earlier)
        for challenge in ("", "x.y.z", "é", asked["challenge"][:-2]):
            assert (await program.post("/session/code", {"challenge": challenge, "code": code})).status == 401
        wrong = {"challenge": asked["challenge"], "code": "000000"}
        assert (await program.post("/session/code", wrong)).key == "error.code_wrong"
        assert (await program.post("/session/code", {**wrong, "code": "none"})).key == "error.code_missing"
        entered = await program.post("/session/code", {**wrong, "code": code})
        program.token = asked["challenge"]
        assert not await is_in(program), "a challenge is no token"
        program.token = entered.body["token"]
        assert await is_in(program)
        assert (await program.post("/session/code", {**wrong, "code": code})).status == 401


async def test_an_authenticator_app_signs_in_at_once(public: Clinic) -> None:
    app = await an_enrolled_app(public)
    async with programming(public) as program:
        typed = {"email": "joseph@example.org", "password": PASSWORD}
        assert (await program.post("/session", {**typed, "code": "000000"})).status == 401
        entered = await program.post("/session", {**typed, "code": app.now()})
        assert entered.status == 201, entered.text
        program.token = entered.body["token"]
        assert (await program.get("/house")).status == 200


async def test_forged_expired_exchanged_and_stolen_tokens_open_nothing(public: Clinic) -> None:
    async with programming(public) as program, programming(public) as thief:
        await program.signs_in(public, "rao@example.org")
        token = program.token
        claims = jwt.decode(token, options={"verify_signature": False})
        kid = jwt.get_unverified_header(token)["kid"]
        forged = jwt.encode(claims, "x" * 32, headers={"kid": kid})
        unsigned = jwt.encode(claims, "", "none", headers={"kid": kid})
        for other in (forged, unsigned, token[:-2], "x", "x.y.z", "é", "%00", "x" * 6000):
            thief.token = other
            assert not await is_in(thief), other
        async with programming(public, ahead=timedelta(minutes=61)) as later:
            later.token = token
            assert not await is_in(later)
        assert (await program.post("/session/token")).body["token"] == token, "it is new"
        await set_renewed(public, browsers.RENEWED_AFTER + timedelta(seconds=5))
        async with programming(public, ahead=browsers.RENEWED_AFTER + timedelta(seconds=5)) as later:
            later.token = token
            program.token = (await later.post("/session/token")).body["token"]
            assert program.token != token
            assert (await later.post("/session/token")).key == "api.stale", "exchanged already"
        assert await is_in(program)
        await set_renewed(public, browsers.FORMER_TOKEN)
        thief.token = token
        assert not await is_in(thief)
        assert not await is_in(program), "a copied token ends the session"


async def an_enrolled_app(clinic: Clinic) -> pyotp.TOTP:
    """The administrator's authenticator app, set an hour ago."""
    past, key = datetime.now(UTC) - timedelta(hours=1), clinic.app.services.secret_key
    async with clinic.app.services.sessions.begin() as session:
        joseph = (await session.scalars(select(Account).where(Account.email == "joseph@example.org"))).one()
        app = pyotp.parse_uri(await authenticators.enrol(session, actor_of(joseph), "Demo", key, past))
        assert isinstance(app, pyotp.TOTP)
        assert await authenticators.confirm(session, actor_of(joseph), app.at(past), key, past)
    return app


async def set_renewed(clinic: Clinic, before: timedelta) -> None:
    async with clinic.app.services.sessions.begin() as session:
        await session.execute(update(BrowserSession).values(renewed_at=datetime.now(UTC) - before))


async def test_a_locked_session_takes_the_password_alone_and_a_suspended_member_is_out(public: Clinic) -> None:
    async with programming(public) as program:
        await program.signs_in(public, "rao@example.org")
        await rests(public)
        async with public.app.services.sessions.begin() as session:
            idle = datetime.now(UTC) - public.app.services.idle_limit - timedelta(minutes=1)
            await session.execute(update(BrowserSession).values(seen_at=idle))
        for method, path in (("GET", "/worklist"), ("GET", "/session"), ("POST", "/session/token")):
            assert (await program.asks(method, path)).key == "web.locked_lead"
        assert (await program.post("/session/unlock", {"password": "wrong"})).key == "error.wrong_password"
        assert not await is_in(program)
        assert (await program.post("/session/unlock", {"password": PASSWORD})).status == 204
        assert await is_in(program)
        async with public.app.services.sessions.begin() as session:
            rao = (await session.scalars(select(Account).where(Account.email == "rao@example.org"))).one()
            rao.suspended_at = datetime.now(UTC)
        assert not await is_in(program)


async def test_a_program_signs_out_and_asking_for_changes_alone_keeps_no_session_open(public: Clinic) -> None:
    async with programming(public) as program:
        await program.signs_in(public, "rao@example.org")
        async with public.app.services.sessions.begin() as session:
            await session.execute(update(BrowserSession).values(seen_at=datetime.now(UTC) - timedelta(hours=1)))
        before = (await program.get("/worklist/changes")).body["newest"]
        assert before > 0
        assert await seen_at(public) < datetime.now(UTC) - timedelta(minutes=50)
        await program.get("/worklist")
        assert await seen_at(public) > datetime.now(UTC) - timedelta(minutes=50)
        assert (await program.asks("DELETE", "/session")).status == 204
        assert not await is_in(program)


async def seen_at(clinic: Clinic) -> datetime:
    async with clinic.app.services.sessions() as session:
        return (await session.scalars(select(BrowserSession.seen_at))).one()
