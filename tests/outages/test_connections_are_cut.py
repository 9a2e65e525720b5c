"""The database server ends every connection again and again while people work: no input is lost."""

import asyncio
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import event, make_url, select

from bot.app import Engines
from bot.dev.postgres import end_connections
from models.tables.scans import Report, Scan
from models.vocabulary import ScanStatus
from tests.support.databases import POSTGRES
from tests.support.jobs import count, settles
from tests.support.people import Clinic, open_clinic

CUTS = 15
STATEMENTS = 50  # between two cuts: several in each step of the story, however slow the machine is


@pytest.mark.slow
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_a_story_under_cut_connections_loses_nothing_and_does_nothing_twice(
    engines: Engines, database: str
) -> None:
    async with open_clinic(engines, database=SecretStr(database)) as clinic:
        async with asyncio.TaskGroup() as group:
            group.create_task(_cut(clinic, str(make_url(database).database)))
            await clinic.plays("released")
            await clinic.amina.receives_document(timeout=60)
        await settles(clinic)
        async with clinic.app.services.sessions() as session:
            assert (await session.scalars(select(Scan.status))).all() == [ScanStatus.REPORT_READY]
        assert await count(clinic, Report) == 1
        assert len([message for message in await clinic.amina.messages() if message.document]) == 1
        assert not [one for one in await clinic.amina.messages() if "went wrong on our side" in one.text]


async def _cut(clinic: Clinic, database: str) -> None:
    """End all connections after every so many statements."""
    executed, due = 0, asyncio.Event()

    def count_statement(*_: Any) -> None:
        nonlocal executed
        executed += 1
        if executed % STATEMENTS == 0:
            due.set()

    event.listen(clinic.app.engine.sync_engine, "before_cursor_execute", count_statement)
    for _ in range(CUTS):
        await due.wait()
        due.clear()
        await end_connections(POSTGRES, database)
