"""Two messages at once fill one form, as when two processes handle a chat's updates: neither overwrites the other."""

import ast
import asyncio
from collections.abc import Iterator

import pytest
from aiogram.fsm.storage.memory import DisabledEventIsolation
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.scans import Prescription
from models.vocabulary import ScanStatus
from tests.support.people import Clinic, eventually
from tests.support.source import modules
from tests.support.steps import a_scan

READS = {"get_data", "get_state", "waiting"}
WRITES = {"set_data", "set_state", "update_data", "clear"}
# a password is hashed outside any transaction
HASHES = {"take_password", "take_new", "take_new_password", "link_password"}


@pytest.mark.slow
async def test_lines_that_come_at_once_are_all_prescribed(clinic: Clinic) -> None:
    await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    clinic.app.dispatcher.fsm.events_isolation = DisabledEventIsolation()
    await clinic.meena.presses("Prescribe")
    await clinic.meena.sees("line")
    lines = [f"Medicine {letter} | 1 tablet" for letter in "ABCD"]
    await asyncio.gather(*map(clinic.meena.sends, lines))
    await eventually(clinic.app.services.sessions, lambda session: _prescribed(session, lines))


async def test_what_no_medicine_withdraws_does_not_come_back(clinic: Clinic) -> None:
    await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    await clinic.meena.presses("Prescribe")
    await clinic.meena.sends("Medicine A | 1 tablet")
    await clinic.meena.sees("Written down")
    await clinic.meena.presses("No medicine needed")
    await eventually(clinic.app.services.sessions, lambda session: _prescribed(session, []))
    await clinic.meena.sends("which file formats are allowed")
    await clinic.meena.sees("JPG")
    async with clinic.app.services.sessions() as session:
        assert await _prescribed(session, [])


async def _prescribed(session: AsyncSession, lines: list[str]) -> bool:
    written = await session.scalar(select(Prescription))
    return written is not None and sorted(written.lines) == lines


@pytest.mark.slow
def test_what_a_handler_writes_it_has_read_in_the_same_transaction() -> None:
    """Every read of a form in a function that fills one, or begins a transaction, is inside that transaction."""
    outside = [
        f"{module.name}:{function.name}"
        for module in modules()
        if module.name.startswith("handlers/")
        for function in ast.walk(module.tree)
        if isinstance(function, ast.AsyncFunctionDef) and function.name not in HASHES
        if _writes(function) and set(_reads(function.body))
    ]
    assert outside == []


def _called(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute | ast.Name):
            yield part.func.attr if isinstance(part.func, ast.Attribute) else part.func.id


def _writes(function: ast.AsyncFunctionDef) -> bool:
    return bool(set(_called(function)) & {*WRITES, "begin"})


def _reads(body: list[ast.stmt]) -> Iterator[str]:
    """The reads that no `async with uow.begin()` encloses."""
    for statement in body:
        begins = isinstance(statement, ast.AsyncWith) and "begin" in _called(statement.items[0].context_expr)
        if not begins:
            yield from (
                (set(_called(statement)) & READS)
                if not isinstance(statement, ast.If)
                else _reads([*statement.body, *statement.orelse])
            )
