"""The OpenAPI document: valid, complete, and what the running app does, asked by schemathesis as each role."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import select

from bot.engines import Engines
from bot.observability.logs import is_own_fault
from bot.web.api.routes import ENDPOINTS
from models.tables.audit import AuditRow
from models.vocabulary import ScanStatus
from tests.support.api import BASE, Program, programming
from tests.support.browser import ORIGIN
from tests.support.jobs import settles
from tests.support.people import Clinic, open_clinic
from tests.support.steps import a_scan, until

ASKED: Final = ("--phases", "coverage,fuzzing", "--max-examples", "12", "--generation-deterministic")
OPEN: Final = {"session_sign_in_with_password", "session_sign_in_with_code"}
SIGN_OUT: Final = ("--exclude-operation-id", "session_sign_out")  # it would end what the others need


@pytest.fixture
async def public(engines: Engines) -> AsyncIterator[Clinic]:
    async with open_clinic(engines, public_url=ORIGIN) as clinic:
        yield clinic


async def test_the_document_names_every_address_and_its_schemas_are_valid(public: Clinic) -> None:
    async with programming(public) as program:
        document = (await program.get("/openapi.json")).body
    listed = {f"{method.upper()} {path}" for path, operations in document["paths"].items() for method in operations}
    assert listed == {f"{one.method} {one.path}" for one in ENDPOINTS}
    assert document["openapi"] == "3.1.0"
    for name, schema in document["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        assert schema["type"] in {"object", "string"}, name
    for operations in document["paths"].values():
        for one in operations.values():
            assert one["summary"].endswith("."), one["operationId"]
            assert ("security" in one) is (one["operationId"] not in OPEN), one["operationId"]
    assert not list(dangling(document, document))
    assert "Demo" not in json.dumps(document), "nothing of the hospital"


def dangling(part: Any, document: dict[str, Any]) -> Any:
    """References to schemas that are not there."""
    if isinstance(part, dict):
        reference = part.get("$ref", "")
        if reference and reference.rpartition("/")[2] not in document["components"]["schemas"]:
            yield reference
        part = list(part.values())
    if isinstance(part, list):
        for one in part:
            yield from dangling(one, document)


@pytest.mark.slow
async def test_the_running_app_keeps_to_its_document_for_each_role_and_never_faults(
    public: Clinic, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """Scan 1 is signed, scan 2 waits for a doctor; their numbers are the least, with which schemathesis begins."""
    await until(public, "released")
    await settles(public)
    await a_scan(public, ScanStatus.AI_ANALYZED)
    async with programming(public) as program:
        tokens = []
        for email in ("rao@example.org", "meena@example.org", "joseph@example.org"):
            program.token = ""
            await program.signs_in(public, email)
            await program.proves(public, email)
            tokens.append(program.token)
        for program.token in tokens:  # after the sign-ins, whose limit schemathesis uses up
            await keeps_to_its_document(program, tmp_path)
            assert (await program.get("/session")).status == 200
    assert [one for one in caplog.records if one.levelname == "ERROR" and is_own_fault(one)] == []
    async with public.app.services.sessions() as session:
        looks = set(await session.scalars(select(AuditRow.act).where(AuditRow.source == "browser")))
    assert {"look:story", "look:queue", "look:patient", "look:audit", "find_patient"} <= looks, "it got beyond refusals"


async def keeps_to_its_document(program: Program, folder: Path) -> None:
    """Run schemathesis in a process of its own, with the program's token and a folder for its notes."""
    address = str(program.web.make_url(f"{BASE}/openapi.json"))
    command = (str(Path(sys.executable).with_name("st")), "run", address, "--no-color", *ASKED, *SIGN_OUT)
    bearer = ("-H", f"Authorization: Bearer {program.token}")
    running = await asyncio.create_subprocess_exec(
        *command, *bearer, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await running.communicate()
    assert running.returncode == 0, said.decode()[-6000:]
