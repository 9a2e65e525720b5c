"""/audit searches the audit trail without keeping writers waiting."""

from typing import Any

from sqlalchemy import Connection, event, select

from models.base import READ_ONLY
from models.tables.audit import AuditRow
from tests.support.people import Clinic


async def test_a_search_takes_no_write_lock_and_is_recorded(clinic: Clinic) -> None:
    read_only: list[bool] = []

    def note(connection: Connection, _: object, statement: str, *_more: Any) -> None:
        if statement.startswith("SELECT audit.") and "audit.outcome =" in statement:
            read_only.append(bool(connection.get_execution_options().get(READ_ONLY)))

    async with clinic.app.services.sessions() as session:
        engine = session.get_bind().engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        await clinic.joseph.sends("/audit refused")
        await clinic.joseph.sees("The record, newest first")
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert read_only == [True]
    async with clinic.app.services.sessions() as session:
        recorded = await session.scalars(select(AuditRow.object_id).where(AuditRow.act == "look:audit"))
        assert recorded.all() == ["outcome"]
