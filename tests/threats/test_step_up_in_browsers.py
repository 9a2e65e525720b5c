"""Threat: a page or an address of the API does without a code what asks for one in the chat.

Every address is found in the routes; those whose operation asks for a proof refuse a session that has shown none. The
others are named here: none of them changes rights or what patients are told, or takes anything out of the house."""

import ast
from pathlib import Path
from typing import Final

import pytest

from bot.app import Engines
from bot.web.api.routes import ENDPOINTS
from tests.support.api import programming
from tests.support.browser import ORIGIN, browsing
from tests.support.people import open_clinic
from workflow.permissions import STEP_UP, Permission, Proof

WEB: Final = Path(__file__).parents[2] / "bot" / "web"
ROUTES, PATIENTS = WEB / "desk" / "routes.py", WEB / "patient" / "routes.py"
LISTS: Final = {"house": "staff", "week": "stages", "model": "drift"}  # one list of each page of the API
WITHOUT_PROOF: Final = {  # own session and role, reading on the screen, and the claim, which its holder is told of
    *(Permission.UNLOCK, Permission.SIGN_OUT, Permission.SEE_SESSIONS, Permission.SWITCH_ROLE),
    *(Permission.PROVE, Permission.SEE_QUEUE, Permission.SEE_HISTORY, Permission.FIND_PATIENT, Permission.SEE_STAFF),
    *(Permission.SEE_AUDIT, Permission.SEE_WEEK, Permission.SEE_MODEL, Permission.CLAIM),
}


def _pages(routes: Path = ROUTES) -> list[tuple[str, str, Permission]]:
    """Method, address and permission of every page of the desk, or of the patients'."""
    found = []
    for node in ast.walk(ast.parse(routes.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(
                func=ast.Attribute(attr="add_get" | "add_post" as method),
                args=[ast.Constant(value=str(path)), ast.Call(args=[ast.Attribute(attr=name), *_])],
            ):
                found.append((method.removeprefix("add_").upper(), path, Permission[name]))
    return found


def _filled(path: str) -> str:
    """The address with a number or a list's name in the place of each parameter."""
    for parameter, value in {r"{scan_id:\d{1,9}}": "1", r"{account_id:\d{1,9}}": "1", "{name}": "staff"}.items():
        path = path.replace(parameter, value)
    return path


def test_every_address_asks_for_a_proof_or_is_named() -> None:
    pages = _pages()
    assert len(pages) > 25
    operations = {permission for _, _, permission in pages} | {one.permission for one in ENDPOINTS if one.permission}
    assert {one for one in operations if one not in STEP_UP} == WITHOUT_PROOF


def test_no_address_of_a_patients_page_does_what_asks_for_a_proof() -> None:
    """Export, erasure, address and password stay in the chat; notices of both areas ask for none."""
    operations = {permission for _, _, permission in _pages(PATIENTS)}
    assert len(operations) > 5
    assert not {*operations, Permission.OPEN_BROWSER} & {*STEP_UP}


@pytest.mark.slow
async def test_no_address_that_asks_for_a_proof_answers_without_one(engines: Engines) -> None:
    async with open_clinic(engines, public_url=ORIGIN) as clinic:
        async with browsing(clinic) as browser:
            await browser.signs_in(clinic, "joseph@example.org")
            await browser.get("/desk/account")
            guarded = [one for one in _pages() if STEP_UP.get(one[2]) is Proof.RECENT_CODE]
            for method, path, _ in guarded:
                page = await (browser.get if method == "GET" else browser.post)(_filled(path))
                assert (page.status, page.location) == (303, "/desk/proof"), path
            assert len(guarded) >= 4
        async with programming(clinic) as program:
            await program.signs_in(clinic, "joseph@example.org")
            asking = [one for one in ENDPOINTS if STEP_UP.get(one.permission or Permission.SIGN_IN)]
            for endpoint in asking:
                path = endpoint.path.replace("{name}", LISTS.get(endpoint.path.split("/")[1], ""))
                body = {} if endpoint.method in {"GET", "DELETE"} else {"json": {}}
                reply = await program.asks(endpoint.method, path.replace("{number}", "1"), **body)
                assert (reply.status, reply.key) == (403, "error.proof_missing"), path
            assert len(asking) >= 4
