"""The administrator's authenticator app: set up by QR code, used, and removed."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import Result
from sqlalchemy import select
from typer.testing import CliRunner

from bot.__main__ import app as csss
from bot.dev.demo import PASSWORD
from models.base import read_only
from models.tables.audit import AuditRow
from tests.support.account_steps import enrols
from tests.support.jobs import settles
from tests.support.people import Clinic
from tests.support.template import environment


async def test_an_app_is_set_up_with_password_picture_and_first_code_and_taken_away(clinic: Clinic) -> None:
    await clinic.joseph.sends("/authenticator")
    await clinic.joseph.sends("not my password")
    await clinic.joseph.sees("That is not the password")
    await clinic.joseph.sends(PASSWORD)
    await clinic.joseph.receives_photo()
    await clinic.joseph.sends("000000")
    await clinic.joseph.sees("not the code that the app shows")
    app = await enrols(clinic)

    shown = await clinic.joseph.messages()
    assert [one for one in shown if one.photo and "authenticator app" in one.text] == []
    codes = next(one for one in shown if "Recovery codes" in one.text)
    spare = codes.text.splitlines()[-10:]
    assert all(len(code) == 11 for code in spare)
    await clinic.joseph.presses("I have noted them")
    assert codes.id not in [one.id for one in await clinic.joseph.messages()]
    assert not {PASSWORD, "not my password", "000000"} & {one.text for one in await clinic.joseph.messages()}

    await clinic.joseph.sends("/authenticator")
    await clinic.joseph.sees("To take it away")
    await clinic.joseph.sends(app.at(datetime.now(UTC) + timedelta(minutes=5)))
    await clinic.joseph.sees("not the code that the app shows")
    await clinic.joseph.sends(spare[3])
    await clinic.joseph.sees("codes come by mail again")


async def test_only_administrators_release_so_only_they_have_use_for_an_app(clinic: Clinic) -> None:
    for person in (clinic.amina, clinic.rao, clinic.meena):
        await person.sends("/authenticator")
        await person.sees("Somebody else does this step")


async def resets(clinic: Clinic, email: str) -> Result:
    """Run the operator's command beside the running bot."""
    command = ["user", "reset-authenticator", email]
    return await asyncio.to_thread(CliRunner().invoke, csss, command, env=environment(clinic.app.settings))


async def test_a_lost_phone_without_recovery_codes_is_helped_by_who_runs_the_server(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Recorded as the operator's act; the person is notified in chat and by mail, and sets up another app."""
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    await enrols(clinic)
    done = await resets(clinic, "Joseph@example.org")
    assert done.exit_code == 0, done.output
    await clinic.joseph.sees("has taken your authenticator app away", timeout=30)
    await clinic.telegram.mail_to("joseph@example.org", "tell the hospital at once")
    await settles(clinic)
    async with read_only(clinic.app.services.sessions) as session:
        [row] = await session.scalars(select(AuditRow).where(AuditRow.act == "reset_authenticator"))
    assert (row.role, row.source, row.outcome, row.object_kind) == ("operator", "command line", "ok", "account")

    for email, reply in {"joseph@example.org": "has no authenticator app", "nobody@example.org": "no account"}.items():
        refused = await resets(clinic, email)
        assert refused.exit_code != 0
        assert reply in refused.output
    await enrols(clinic)
