"""The people concerned by a breach are listed from the record of looks and acts."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from bot.__main__ import app
from models.base import Sessions
from models.tables.accounts import Account
from models.tables.audit import AuditRow
from models.vocabulary import Role
from tests.support.rows import NOW, a_person
from workflow.actors import Actor
from workflow.audit.chain import AuditEvent, Outcome, record
from workflow.errors import NotFound
from workflow.privacy.breach import Breach, find_concerned

DAY = timedelta(days=1)
START = NOW + 4000 * DAY  # after the rows of other tests, as the audit record cannot be emptied


async def test_whose_data_an_account_read_in_a_time_is_listed_and_nobody_else(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        rao = await a_person(session, Role.DOCTOR, email="rao@example.org")
        other = await a_person(session, Role.DOCTOR, email="other@example.org")
        people = [await a_person(session, Role.PATIENT, email=f"p{at}@example.org") for at in range(5)]
        ids = [one.account_id or 0 for one in people]

        async def reads(who: Actor, patient: int, days: int, act: str = "look:card", **more: Outcome) -> None:
            await record(session, who, AuditEvent(act, "scan", 1, ids[patient], **more), START + days * DAY)

        await reads(rao, 0, 1)
        await reads(rao, 0, 2, "verify")
        await reads(rao, 1, 9)
        await reads(other, 2, 1)
        await reads(rao, 3, 1, outcome=Outcome.REFUSED)
        erased = await session.get_one(Account, ids[4])
        erased.erased_at = NOW

    async def listed(breach: Breach) -> list[tuple[str | None, int, int]]:
        async with sessions.begin() as session:
            found = await find_concerned(session, breach, NOW)
            return [(one.email, one.looks, one.acts) for one in found]

    assert await listed(Breach(START, START + 5 * DAY, "RAO@example.org")) == [("p0@example.org", 1, 1)]
    by_rao = await listed(Breach(START, actor="rao@example.org"))
    assert [email for email, *_ in by_rao] == ["p0@example.org", "p1@example.org"]
    in_a_day = await listed(Breach(START + DAY, START + 2 * DAY))
    assert [email for email, *_ in in_a_day] == ["p0@example.org", "p2@example.org"]
    everybody = [email for email, *_ in await listed(Breach())]
    assert everybody == ["rao@example.org", "other@example.org", *(f"p{at}@example.org" for at in range(4))]
    with pytest.raises(NotFound):
        await listed(Breach(actor="nobody@example.org"))
    async with sessions() as session:
        assert len((await session.scalars(select(AuditRow).where(AuditRow.act == "list_concerned"))).all()) == 4


def test_the_command_writes_lines_and_a_file_that_only_its_owner_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given = {"CSSS_BOT_TOKEN": "42:SANDBOX-x", "CSSS_DATA": str(tmp_path / "data")}
    run = CliRunner().invoke
    assert run(app, ["db", "upgrade"], env=given).exit_code == 0
    person = ["user", "add", "--name", "Asha", "--email", "asha@example.org", "--role", "patient", "--password-stdin"]
    assert run(app, person, env=given, input="grüne Mango 7\n").exit_code == 0
    lines = run(app, ["privacy", "concerned", "--json"], env=given).stdout.splitlines()
    assert [(one["name"], one["email"], one["has_chat"]) for one in map(json.loads, lines)] == [
        ("Asha", "asha@example.org", False)
    ]
    written = run(app, ["privacy", "concerned", "-o", "list.csv"], env=given)
    assert "1 people are concerned" in written.output
    assert "asha@example.org" in (tmp_path / "list.csv").read_text()
    assert (tmp_path / "list.csv").stat().st_mode & 0o077 == 0
    refused = run(app, ["privacy", "concerned", "--actor", "nobody@example.org"], env=given)
    assert (refused.exit_code, "there is no account with nobody@example.org" in refused.output) == (1, True)
