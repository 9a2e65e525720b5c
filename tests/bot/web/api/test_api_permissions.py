"""Each address of the API by each role: what a role may not do answers like what does not exist, and leaves no row."""

from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
from sqlalchemy import func, select

from bot.engines import Engines
from bot.web.api.routes import ENDPOINTS
from models.tables.audit import AuditRow
from models.vocabulary import ScanStatus
from tests.support.api import programming
from tests.support.browser import ORIGIN
from tests.support.jobs import settles
from tests.support.people import Clinic, open_clinic
from tests.support.steps import a_scan
from workflow.audit.chain import Source

D, P, A = "rao@example.org", "meena@example.org", "joseph@example.org"
EVERYBODY: Final = frozenset((D, P, A))
# for each address: a body that does no harm, and the answer to doctor, pharmacist and administrator.
# The scan and the patient are those of a scan that waits for a doctor: hidden from the other two.
WALK: Final[dict[str, tuple[Any, int, int, int]]] = {
    "GET /session": (None, 200, 200, 200),
    "GET /session/places": (None, 200, 200, 200),
    "POST /session/token": (None, 201, 201, 201),
    "POST /session/unlock": ({"password": "wrong"}, 403, 403, 403),
    "POST /session/role": ({"role": "patient"}, 404, 404, 404),
    "POST /session/proof/code": ({"code": "000000"}, 403, 403, 403),
    "GET /worklist": (None, 200, 200, 200),
    "GET /worklist/changes": (None, 200, 200, 200),
    "GET /scans/{scan_id}": (None, 200, 404, 404),
    "POST /scans/{scan_id}/claim": ({"act": "give_back"}, 409, 404, 404),
    "POST /deliveries": ({"key": "report:1:email"}, 404, 404, 403),
    "POST /patients/search": ({"typed": "nobody at all"}, 200, 200, 200),
    "GET /patients/{account_id}": (None, 200, 404, 404),
    "GET /house": (None, 404, 404, 200),
    "PUT /house/hours": ({"week": ["8-20"] * 7}, 404, 404, 403),
    "POST /house/holidays": ({"day": "2026-01-14", "name": "Pongal"}, 404, 404, 403),
    "DELETE /house/holidays/{number}": (None, 404, 404, 403),
    "GET /house/settings": (None, 404, 404, 200),
    "GET /house/{name}.csv": (None, 404, 404, 403),
    "GET /record": (None, 404, 404, 200),
    "GET /record.csv": (None, 404, 404, 403),
    "GET /week": (None, 404, 404, 200),
    "GET /week/{name}.csv": (None, 404, 404, 403),
    "GET /model": (None, 200, 200, 200),
    "GET /model/{name}.csv": (None, 404, 404, 403),
    "POST /session/proof": (None, 204, 204, 204),
    "DELETE /session": (None, 204, 204, 204),
}
LISTS: Final = {"house": "staff", "week": "stages", "model": "drift"}
WEEK: Final = tuple(f"/week/{name}.csv" for name in ("hours", "stages", "retakes", "deliveries"))
MODEL: Final = tuple(f"/model/{name}.csv" for name in ("agreement", "coverage", "drift"))
OPEN: Final = {"POST /session", "POST /session/code"}


@pytest.fixture
async def public(engines: Engines) -> AsyncIterator[Clinic]:
    async with open_clinic(engines, public_url=ORIGIN) as clinic:
        yield clinic


def test_every_address_is_walked() -> None:
    names = [f"{one.method} {one.path}" for one in ENDPOINTS]
    assert sorted(names) == sorted([*WALK, *OPEN])
    assert {f"{one.method} {one.path}" for one in ENDPOINTS if one.permission is None} == OPEN


@pytest.mark.parametrize(("email", "column"), [(D, 1), (P, 2), (A, 3)])
async def test_each_address_answers_each_role_as_the_table_says(email: str, column: int, public: Clinic) -> None:
    scan = await a_scan(public, ScanStatus.AI_ANALYZED)
    patient = await patient_of(public, scan)
    async with programming(public) as program:
        await program.signs_in(public, email)
        unknown = await program.get("/nothing/at/all")
        for name, case in WALK.items():
            method, path = name.split(" ")
            path = path.format(scan_id=scan, account_id=patient, number=1, name=LISTS.get(path.split("/")[1]))
            await settles(public)  # notices of sign-in and cards leave rows of their own
            rows = await count_rows(public)
            answer = await program.asks(method, path, json=case[0]) if case[0] else await program.asks(method, path)
            assert answer.status == case[column], (name, answer.text)
            if answer.status == 404:
                assert answer.body == unknown.body, name
                assert await count_rows(public) == rows, name
            assert "Amina" not in answer.text or answer.status == 200


async def test_without_a_token_no_address_says_anything(public: Clinic) -> None:
    async with programming(public) as program:
        for name, case in WALK.items():
            method, path = name.split(" ")
            path = path.format(scan_id=1, account_id=1, number=1, name=LISTS.get(path.split("/")[1]))
            answer = await program.asks(method, path, json=case[0])
            assert (answer.status, answer.key) == (401, "error.browser_ended"), name


async def test_without_a_public_address_there_is_no_api(clinic: Clinic) -> None:
    async with programming(clinic) as program:
        for path in ("/api/v1/openapi.json", "/api/v1/session"):
            assert (await program.web.get(path)).status == 404


async def test_after_an_own_code_the_lists_leave_as_the_pages_files_do(public: Clinic) -> None:
    async with programming(public) as program:
        await program.signs_in(public, A)
        await program.proves(public, A)
        house = tuple(f"/house/{name}.csv" for name in ("staff", "undelivered", "misses"))
        for path in (*house, "/record.csv?act=sign", *WEEK, *MODEL):
            file = await program.get(path)
            assert (file.status, file.headers["Content-Type"]) == (200, "text/csv; charset=utf-8"), path
            assert file.headers["Content-Disposition"].startswith("attachment")
        assert "rao@example.org" in (await program.get("/house/staff.csv")).text
        assert (await program.get("/session")).body["proved_until"]
        assert (await program.post("/deliveries", {"key": "report:1:email"})).status == 404
    async with public.app.services.sessions() as session:
        taken = select(AuditRow.object_id).where(AuditRow.act == "look:audit", AuditRow.reason == "export")
        assert (await session.scalars(taken)).all() == ["act"]


async def patient_of(clinic: Clinic, scan: int) -> int:
    async with programming(clinic) as program:
        await program.signs_in(clinic, D)
        number: int = (await program.get(f"/scans/{scan}")).body["patient"]["id"]
        return number


async def count_rows(clinic: Clinic) -> int:
    """Rows of the record that a request left; the worker goes on writing its own."""
    async with clinic.app.services.sessions() as session:
        left = select(func.count()).select_from(AuditRow).where(AuditRow.source == Source.BROWSER)
        return await session.scalar(left) or 0
